"""Approximates what messages say of the effects of arms by a normal likelihood.

Two kinds of messages say something, each in a way of its own.

*Drawn at random.* A message i, for which arm a could have been drawn with the known chance e_ia,
was sent by arm A_i. Its logit is

    score_i + c . t_i + sum over a of ([A_i = a] - e_ia) theta_a . z_ia

with the regressors t of a purchase whatever is sent, and the traits z_ia that the effect of arm a
depends on. Since E([A_i = a] - e_ia) = 0 for every customer, the estimate of theta rests on
contrasts within what was possible for the same customer: whoever could be drawn for more arms may
buy more, and the score may be wrong, without any effect on theta (Robinson 1988; the R-learner of
Nie & Wager 2021). Where one arm alone was possible, a message says nothing. Where the chance of
the drawn arm alone is known, rows are weighted so that they count as drawn alike from the possible
arms.

*Targeted by a rule.* Nothing is known of the chances, so that the coefficients phi_a of

    score_i + c . t_i + phi_{A_i} . z_i

are associations; `models.channel.effects.effect_prior` says how far they are believed.

The likelihood is the quadratic one at a weakly penalised maximum. Errors hold over clusters: the
information of each arm is divided by the ratio of the variance between clusters to that of
independent rows of weight 1 (the design effect of Kish 1965, by the sandwich of Liang & Zeger
1986).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.special import expit

from features.arrays import Flags, Floats, Indices

_CALIBRATION = 1.0, 0.3  # prior standard deviations of a shift and a stretch of the score
_WEAK = 1.0  # standard deviation of the penalty while the likelihood is approximated
_NUISANCE = 1e-3  # precision of the coefficients c, which are integrated out
_NEWTON_STEPS, _NEWTON_TOLERANCE = 40, 1e-6
_CHUNK = 20_000  # rows whose regressors are built at a time


@dataclass(frozen=True)
class Sends:
    """Messages from which effects are estimated, one row each, as arrays.

    Attributes
    ----------
    score : array (n,)
        Logit of a purchase whatever is sent, from a model that was not fitted on the customer.
    common : array (n, T)
        Regressors t of a purchase that do not depend on the arm; the first one is 1.
    traits : array (n, A, P)
        What the effect of each of the A channels depends on; the first one is 1.
    arm : int array (n,)
        Index of the channel that was sent, 0 to A - 1; -1 for `none`.
    chance : array (n, A)
        The chance with which each channel could have been drawn; NaN where that is not known,
        because the message was targeted. What is left to 1 is the chance of `none`.
    weight : array (n,)
        How much a row counts: 1, or what turns its logged chance into `chance`.
    bought : array (n,)
        1 where a purchase within the window followed, else 0.
    cluster : int array (n,)
        The customer, or the group of customers who are drawn together; rising.
    """

    score: Floats
    common: Floats
    traits: Floats
    arm: Indices
    chance: Floats
    weight: Floats
    bought: Floats
    cluster: Indices

    @property
    def sent(self) -> Floats:
        """Whether each channel was sent: array (n, A) of 0 and 1."""
        return np.asarray(self.arm[:, None] == np.arange(self.traits.shape[1]), dtype=float)

    def rows(self, selected: Flags | Indices | slice) -> "Sends":
        """Return some of the rows."""
        return Sends(*(getattr(self, name)[selected] for name in self.__dataclass_fields__))

    def chunks(self) -> Iterator["Sends"]:
        """Yield the rows in chunks; no cluster is divided."""
        firsts = _first_rows(self.cluster)
        chunk_of = firsts // _CHUNK
        starts = firsts[_first_rows(chunk_of)]
        for start, end in pairwise([*starts, len(self.score)]):
            yield self.rows(slice(start, end))


@dataclass(frozen=True)
class NormalLikelihood:
    """A normal likelihood of coefficients.

    Attributes
    ----------
    pull : array (K,)
        Its precision times its mean.
    precision : array (K, K)
        The inverse of its covariance, 0 in directions of which nothing is known.
    """

    pull: Floats
    precision: Floats


def draw_likelihood(sends: Sends) -> NormalLikelihood:
    """Approximate the likelihood of theta by messages that were drawn with known chances.

    Parameters
    ----------
    sends : Sends
        n messages without NaN in `chance`.

    Returns
    -------
    NormalLikelihood
        Of the A * P coefficients, channel after channel.
    """
    return _arm_likelihood(sends, centred=True)


def target_likelihood(sends: Sends) -> NormalLikelihood:
    """Approximate the likelihood of phi by messages whose chances are not known.

    Parameters
    ----------
    sends : Sends
        n messages; `chance` is not read.

    Returns
    -------
    NormalLikelihood
        Of the A * P coefficients, channel after channel.
    """
    return _arm_likelihood(sends, centred=False)


def calibrate_score(sends: Sends, correction: Floats, effects: Floats) -> Floats:
    """Calibrate the logit of a purchase without a message, given the effects of messages.

    Parameters
    ----------
    sends : Sends
        n messages.
    correction : array (n,)
        The part of their score that differs between customers.
    effects : array (A, P)
        The coefficients of the effect of each channel.

    Returns
    -------
    array (2,)
        What is added to the score: a constant, and so much times the correction.
    """
    sent = np.einsum("na,nap,ap->n", sends.sent, sends.traits, effects)
    design = np.column_stack([np.ones(len(correction)), correction])
    precision = np.diag(1 / np.array(_CALIBRATION) ** 2)
    mean = np.zeros(2)
    for _ in range(_NEWTON_STEPS):
        p = expit(sends.score + sent + design @ mean)
        curvature = (design * (sends.weight * p * (1 - p))[:, None]).T @ design
        gradient = design.T @ (sends.weight * (sends.bought - p))
        step = np.linalg.solve(curvature + precision, gradient - precision @ mean)
        mean = mean + step
        if np.abs(step).max() < _NEWTON_TOLERANCE:
            break
    return mean


def _arm_likelihood(sends: Sends, *, centred: bool) -> NormalLikelihood:
    """Approximate the likelihood of the coefficients of the channels, c integrated out."""
    common = sends.common.shape[1]
    arms, traits = sends.traits.shape[1:]
    size = common + arms * traits
    penalty = np.eye(size) / _WEAK**2
    mean = np.zeros(size)
    for _ in range(_NEWTON_STEPS):
        gradient, curvature, _ = _derivatives(sends, mean, centred=centred)
        step = np.linalg.solve(curvature + penalty, gradient - penalty @ mean)
        mean = mean + step
        if np.abs(step).max() < _NEWTON_TOLERANCE:
            break
    gradient, curvature, between = _derivatives(sends, mean, centred=centred)
    pull = gradient + curvature @ mean
    # what c takes with it: the coefficients of the channels regressed on those of c
    taken = np.linalg.solve(
        curvature[:common, :common] + _NUISANCE * np.eye(common), curvature[:common, common:]
    )
    precision = curvature[common:, common:] - curvature[common:, :common] @ taken
    left = np.vstack([-taken, np.eye(arms * traits)])
    inflation = np.sqrt(_design_effects(precision, left.T @ between @ left, arms))
    scaled = precision / np.outer(inflation, inflation)
    estimate = np.linalg.lstsq(precision, pull[common:] - taken.T @ pull[:common], rcond=None)[0]
    return NormalLikelihood(scaled @ estimate, scaled)


def _derivatives(sends: Sends, mean: Floats, *, centred: bool) -> tuple[Floats, Floats, Floats]:
    """Compute gradient, negative Hessian and the sum over clusters of squared gradients."""
    size = len(mean)
    gradient, curvature, between = np.zeros(size), np.zeros((size, size)), np.zeros((size, size))
    for chunk in sends.chunks():
        contrast = chunk.sent - chunk.chance if centred else chunk.sent
        by_arm = contrast[:, :, None] * chunk.traits
        design = np.hstack([chunk.common, by_arm.reshape(len(by_arm), -1)])
        p = expit(chunk.score + design @ mean)
        curvature += (design * (chunk.weight * p * (1 - p))[:, None]).T @ design
        slopes = design * (chunk.weight * (chunk.bought - p))[:, None]
        by_cluster = np.add.reduceat(slopes, _first_rows(chunk.cluster), axis=0)
        gradient += by_cluster.sum(axis=0)
        between += by_cluster.T @ by_cluster
    return gradient, curvature, between


def _first_rows(rising: Indices) -> Indices:
    """Return the index of the first row of each value of a rising array."""
    return np.flatnonzero(np.diff(rising, prepend=rising[:1] - 1))


def _design_effects(precision: Floats, between: Floats, arms: int) -> Floats:
    """Compute by how much each coefficient's variance is above that of independent rows.

    It is one number for each arm, the mean over its coefficients: array (A * P,).
    """
    traits = len(precision) // arms
    ratios = []
    for arm in range(arms):
        block = slice(arm * traits, (arm + 1) * traits)
        inside = precision[block, block]
        known = np.linalg.pinv(inside, hermitian=True)
        rank = np.linalg.matrix_rank(inside, hermitian=True)
        ratios.append(np.trace(known @ between[block, block]) / rank if rank else 1.0)
    return np.repeat(ratios, traits)
