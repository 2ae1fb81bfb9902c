"""Estimates the effect of each arm on the logit of a purchase, from messages that were sent.

A message i that was sent by arm a has the logit

    score_i + c . t_i                        common: holds whatever is sent
    + theta_a . z_ia                         the arm's effect: a level, and slopes over traits
    + [not drawn] b_a . z_ia                 bias of the messages that were targeted by a rule
    + [drawn] r . t_i                        how customers drawn at random differ from the others

and `none` has no effect. The priors tie the arms together: all arms share a level and slopes, from
which each departs a little. Only messages drawn at random determine theta. The targeted messages,
often ten times as many, inform the *slopes* as far as the drawn messages do not contradict them: b
and r have heavy-tailed (Cauchy) priors, so that a small disagreement is taken for noise and a large
one frees only its own coefficient. They never inform the *levels*, since a rule that chooses its
customers may change an arm's rate without bound.

Source of such commensurate priors: Hobbs, Carlin, Mandrekar & Sargent (2011), "Hierarchical
commensurate and power prior models".

The likelihood is replaced by its Gaussian approximation at a weakly penalised maximum; the rest is
linear algebra of a few dozen coefficients.
"""

from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from features.arrays import Floats, Indices

# Standard deviations of the priors on the logit scale; traits have a spread of 1. An odds ratio of
# 1.16 between channels is usual, while nothing bounds the bias of a shop's targeting.
_SHARED_LEVEL, _ARM_LEVEL = 1.0, 0.15  # of the level that arms share, and of departures from it
_SHARED_SLOPE, _ARM_SLOPE = 0.15, 0.1
_COMMON_LEVEL, _COMMON_SLOPE = 1.0, 0.3
_BIAS_LEVEL = 1.0
_DISAGREEMENT = 0.05  # scale of the Cauchy priors
_WEAK = 1.0  # standard deviation of the penalty while the likelihood is approximated
_EM_STEPS, _EM_TOLERANCE = 50, 1e-3
_NEWTON_STEPS, _NEWTON_TOLERANCE = 40, 1e-7
_CHUNK = 20_000  # rows whose design matrix is built at a time


@dataclass(frozen=True)
class Sends:
    """The messages from which effects are estimated, one row each, as arrays.

    Attributes
    ----------
    score : array (n,)
        Logit of a purchase whatever is sent, from a model that was not fitted on the row.
    correction : array (n,)
        The difference of `score` from the logit of the base rate.
    shared : array (n, J)
        Traits that matter to every arm.
    by_arm : array (n, A, Q)
        Traits of the customer's dealings with each of the A arms.
    arm : int array (n,)
        Index of the arm that was sent, 0 to A - 1; -1 for `none`.
    drawn : bool array (n,)
        Whether the arm was drawn at random.
    bought : array (n,)
        1 where a purchase within the window followed, else 0.
    weight : array (n,)
        How much the row counts: 1, unless arms were drawn with unequal probabilities.
    """

    score: Floats
    correction: Floats
    shared: Floats
    by_arm: Floats
    arm: Indices
    drawn: NDArray[np.bool_]
    bought: Floats
    weight: Floats

    def common(self) -> Floats:
        """Compute t, the regressors of every message: array (n, 2 + J + A Q)."""
        return common_traits(self.correction, self.shared, self.by_arm)

    def of_arm(self) -> Floats:
        """Compute z, the regressors of the arm sent: array (n, 1 + J + Q); 0 for `none`."""
        n = len(self.score)
        sent = self.by_arm[np.arange(n), np.maximum(self.arm, 0)]
        return np.column_stack([np.ones(n), self.shared, sent]) * (self.arm >= 0)[:, None]

    def rows(self, selected: slice) -> "Sends":
        """Return some of the rows."""
        return Sends(*(getattr(self, name)[selected] for name in self.__dataclass_fields__))


def common_traits(correction: Floats, shared: Floats, by_arm: Floats) -> Floats:
    """Put together the regressors of a purchase that do not depend on which arm was sent.

    Parameters
    ----------
    correction : array (n,)
        What the base booster adds to the logit of the base rate.
    shared : array (n, J)
        J traits of the customer, centred and scaled.
    by_arm : array (n, A, Q)
        Q traits of the customer with each of A channels, centred and scaled.

    Returns
    -------
    array (n, 2 + J + A Q)
        A column of ones, the correction, the shared traits, and the traits of each channel in turn.
    """
    rows = len(correction)
    return np.column_stack([np.ones(rows), correction, shared, by_arm.reshape(rows, -1)])


class ArmEffects(msgspec.Struct, frozen=True):
    """The normal posterior of the arms' effects, on the logit scale.

    Attributes
    ----------
    common : list of float
        The coefficients c + r of t, which hold whatever is sent where arms are drawn at random;
        2 + J + A Q numbers.
    means : list of list of float
        Mean of theta by arm: a level, J slopes over the shared traits, Q slopes over the arm's
        own traits.
    covariance : list of list of float
        Covariance matrix of all theta, arm after arm.
    """

    common: list[float]
    means: list[list[float]]
    covariance: list[list[float]]


@dataclass(frozen=True)
class _Layout:
    """The positions of the coefficients: c, theta by arm, b by arm, b of `none`, and r."""

    arms: int
    shared: int
    by_arm: int

    @property
    def of_arm(self) -> int:
        """Number of coefficients of one arm."""
        return 1 + self.shared + self.by_arm

    @property
    def common(self) -> int:
        """Number of coefficients in c."""
        return 2 + self.shared + self.arms * self.by_arm

    @property
    def effects(self) -> slice:
        """Positions of theta."""
        return slice(self.common, self.common + self.arms * self.of_arm)

    @property
    def bias(self) -> slice:
        """Positions of b; the last one is the level of `none`."""
        return slice(self.effects.stop, self.effects.stop + self.arms * self.of_arm + 1)

    @property
    def shift(self) -> slice:
        """Positions of r, which has no coefficient for the constant."""
        return slice(self.bias.stop, self.bias.stop + self.common - 1)

    @property
    def size(self) -> int:
        """Number of all coefficients."""
        return int(self.shift.stop)


def fit_arm_effects(sends: Sends) -> ArmEffects:
    """Estimate the effects of the arms from messages, some of which were drawn at random."""
    layout = _Layout(sends.by_arm.shape[1], sends.shared.shape[1], sends.by_arm.shape[2])
    pull, precision = _approximate(sends, layout)
    mean, covariance = _posterior(pull, precision, layout)
    common = mean[: layout.common].copy()
    common[1:] += mean[layout.shift]
    effects = layout.effects
    means = mean[effects].reshape(layout.arms, layout.of_arm)
    return ArmEffects(common.tolist(), means.tolist(), covariance[effects, effects].tolist())


def _approximate(sends: Sends, layout: _Layout) -> tuple[Floats, Floats]:
    """Approximate the likelihood by a normal one.

    Returns
    -------
    array (size,)
        Its precision times its mean.
    array (size, size)
        Its precision.
    """
    penalty = np.eye(layout.size) / _WEAK**2
    mean = np.zeros(layout.size)
    for _ in range(_NEWTON_STEPS):
        gradient, curvature = _derivatives(sends, layout, mean)
        hessian = curvature + penalty
        step = np.linalg.solve(hessian, gradient - penalty @ mean)
        mean = mean + step
        if np.abs(step).max() < _NEWTON_TOLERANCE:
            break
    return hessian @ mean, hessian - penalty


def _derivatives(sends: Sends, layout: _Layout, mean: Floats) -> tuple[Floats, Floats]:
    """Compute gradient and negative Hessian of the log-likelihood at some coefficients."""
    gradient, curvature = np.zeros(layout.size), np.zeros((layout.size, layout.size))
    for start in range(0, len(sends.score), _CHUNK):
        chunk = sends.rows(slice(start, start + _CHUNK))
        design = _design(chunk, layout)
        p = expit(chunk.score + design @ mean)
        gradient += design.T @ (chunk.weight * (chunk.bought - p))
        curvature += (design * (chunk.weight * p * (1 - p))[:, None]).T @ design
    return gradient, curvature


def _design(sends: Sends, layout: _Layout) -> Floats:
    """Build the design matrix: array (n, layout.size)."""
    design = np.zeros((len(sends.score), layout.size))
    common, of_arm = sends.common(), sends.of_arm()
    design[:, : layout.common] = common
    design[:, layout.shift] = common[:, 1:] * sends.drawn[:, None]
    for block, counts in ((layout.effects, True), (layout.bias, ~sends.drawn)):
        for arm in range(layout.arms):
            start = block.start + arm * layout.of_arm
            sent = (sends.arm == arm) & counts
            design[sent, start : start + layout.of_arm] = of_arm[sent]
    design[:, layout.bias.stop - 1] = (sends.arm < 0) & ~sends.drawn
    return design


def _posterior(pull: Floats, precision: Floats, layout: _Layout) -> tuple[Floats, Floats]:
    """Combine the normal likelihood with the prior: mean and covariance of the coefficients.

    The variances of the Cauchy priors are found by EM. A Cauchy prior of scale s is a normal one
    with a variance v where 1 / v has a gamma distribution; each step sets v to
    (s^2 + E[coefficient^2]) / 2.
    """
    prior = _prior(layout)
    heavy = _heavy_tailed(layout)
    scale = np.full(len(heavy), _DISAGREEMENT**2)
    variance = scale.copy()
    for _ in range(_EM_STEPS):
        prior[heavy, heavy] = variance
        covariance = np.linalg.inv(precision + np.linalg.inv(prior))
        mean = covariance @ pull
        updated = (scale + mean[heavy] ** 2 + np.diag(covariance)[heavy]) / 2
        if np.abs(updated / variance - 1).max() < _EM_TOLERANCE:
            break
        variance = updated
    return mean, covariance


def _heavy_tailed(layout: _Layout) -> Indices:
    """List the coefficients with Cauchy priors: the slopes in b, and all of r."""
    bias = np.arange(layout.bias.start, layout.bias.stop - 1)
    slopes = bias[(bias - layout.bias.start) % layout.of_arm > 0]
    return np.concatenate([slopes, np.arange(layout.shift.start, layout.shift.stop)])


def _prior(layout: _Layout) -> Floats:
    """Build the prior covariance, in which the variances of Cauchy priors are filled in later."""
    variances = np.full(layout.size, _COMMON_SLOPE**2)
    variances[0] = _COMMON_LEVEL**2
    variances[layout.bias] = _BIAS_LEVEL**2
    prior = np.diag(variances)
    level = np.arange(layout.of_arm) == 0
    shared = np.diag(np.where(level, _SHARED_LEVEL, _SHARED_SLOPE) ** 2)
    departures = np.diag(np.where(level, _ARM_LEVEL, _ARM_SLOPE) ** 2)
    all_arms = np.ones((layout.arms, layout.arms))
    prior[layout.effects, layout.effects] = np.kron(all_arms, shared) + np.kron(
        np.eye(layout.arms), departures
    )
    return prior
