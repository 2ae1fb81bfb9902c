"""Draws the effects of arms towards each other and towards no dependence on traits.

The effect of channel a at the traits z is theta_a . z = (beta + delta_a) . z: what channels share,
and what each has of its own. Of some forty traits few matter, and it is not known which. Each slope
therefore has a regularised horseshoe prior (Carvalho, Polson & Scott 2010; Piironen & Vehtari
2017): normal with the precision 1 / (tau^2 lambda^2) + 1 / slab^2, where lambda and tau have
half-Cauchy distributions. tau is common to all slopes of beta, another one to those of delta.

One direction of beta has a normal prior instead, by which little is drawn to zero: how the effect
of every channel changes with each further arm that was possible. Rows of customers with few
possible arms tell more of an effect, since each of these was drawn more often. Were their effects
taken for those of everybody, the mean uplift would be theirs.

Targeted messages have the coefficients phi_a = theta_a + b_a. The bias b_a of a level is bounded by
nothing, since a rule that chooses its customers may change an arm's rate without bound. That of a
slope has a heavy-tailed (Cauchy) prior, so that a small disagreement is taken for noise, and a
large one frees only its own coefficient (commensurate priors: Hobbs, Carlin, Mandrekar & Sargent
2011).

The posterior is found by mean-field variational Bayes (Neville, Ormerod & Wand 2014): normal given
the expected precisions, which are set from it in turn.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import inv

from features.arrays import Flags, Floats
from models.channel.effects.effect_likelihood import NormalLikelihood

# Scales on the logit scale, of traits with a spread of 1.
_SHARED_LEVEL = 1.0  # standard deviation of the level that channels share
_LEVELS = 0.15  # scale of how far the levels of channels lie apart
_SLOPES = 0.1  # scale of tau
_SLAB = 0.5
_BIAS_LEVEL = 2.0  # so wide that a bias that channels share hardly passes for their effect
_DISAGREEMENT = 0.025
_PER_POSSIBLE_ARM = 0.15  # standard deviation of the change with each further possible arm
# Targeted messages bring the mean closer to the truth, and how much closer is not known: so much of
# what they would take off the covariance is believed.
_BELIEVED = 0.75
_STEPS, _TOLERANCE = 200, 1e-3


@dataclass(frozen=True)
class NormalPosterior:
    """A normal posterior of the coefficients theta.

    Attributes
    ----------
    mean : array (A, P)
        By channel: the level, and the slopes over its traits.
    covariance : array (A * P, A * P)
        Channel after channel.
    """

    mean: Floats
    covariance: Floats


def shrink_effects(
    drawn: NormalLikelihood, targeted: NormalLikelihood | None, per_possible_arm: Floats
) -> NormalPosterior:
    """Combine what messages say with the prior.

    Parameters
    ----------
    drawn : NormalLikelihood
        Of the A * P coefficients theta, by messages that were drawn.
    targeted : NormalLikelihood or None
        Of the A * P coefficients phi, by messages that a rule targeted; None without any.
    per_possible_arm : array (P,)
        The coefficients of an effect that is 1 higher with each further arm that was possible; 0
        where the traits do not tell what was possible.
    """
    mean, covariance = _combine(drawn, None, per_possible_arm)
    if targeted is not None:
        mean, closer = _combine(drawn, targeted, per_possible_arm)
        covariance = (1 - _BELIEVED) * covariance + _BELIEVED * closer
    return NormalPosterior(mean, covariance)


def _combine(
    drawn: NormalLikelihood, targeted: NormalLikelihood | None, per_possible_arm: Floats
) -> tuple[Floats, Floats]:
    """Find the posterior mean (A, P) and covariance of theta."""
    traits = len(per_possible_arm)
    arms = len(drawn.pull) // traits
    own = np.eye(arms * traits)
    to_theta = np.hstack(
        [
            np.tile(per_possible_arm[:, None], (arms, 1)),
            np.tile(np.eye(traits), (arms, 1)),
            own,
            np.zeros((arms * traits, 0 if targeted is None else arms * traits)),
        ]
    )
    precision = to_theta.T @ drawn.precision @ to_theta
    pull = to_theta.T @ drawn.pull
    if targeted is not None:
        to_phi = to_theta.copy()
        to_phi[:, -arms * traits :] = own
        precision += to_phi.T @ targeted.precision @ to_phi
        pull += to_phi.T @ targeted.pull
    mean, covariance = _posterior(pull, precision, _Prior(arms, traits, targeted is not None))
    theta = (to_theta @ mean).reshape(arms, traits)
    return theta, np.asarray(to_theta @ covariance @ to_theta.T)


def _posterior(pull: Floats, precision: Floats, prior: "_Prior") -> tuple[Floats, Floats]:
    """Find mean and covariance of the coefficients, in the order of `_Prior`."""
    for _ in range(_STEPS):
        expected = prior.precision()
        covariance = inv(precision + np.diag(expected), assume_a="pos")
        mean = covariance @ pull
        prior.update(mean**2 + np.diag(covariance))
        if np.abs(np.log(prior.precision() / expected)).max() < _TOLERANCE:
            break
    return mean, np.asarray(covariance)


class _Prior:
    """The expected precisions of the coefficients.

    They are the change with each further possible arm, beta, delta by channel and b by channel.
    """

    def __init__(self, arms: int, traits: int, biased: bool) -> None:
        self._precision = np.empty(1 + (1 + arms * (1 + biased)) * traits)
        place = np.arange(-1, len(self._precision) - 1)  # -1: with each further possible arm
        level = (place >= 0) & (place % traits == 0)
        slope = (place >= 0) & ~level
        of_arm = (place >= traits) & (place < (1 + arms) * traits)
        bias = place >= (1 + arms) * traits
        self._precision[place < 0] = 1 / _PER_POSSIBLE_ARM**2
        self._precision[level] = 1 / _SHARED_LEVEL**2
        self._precision[level & bias] = 1 / _BIAS_LEVEL**2
        self._parts: list[_CommonScale | _Horseshoe | _CauchyScales] = [
            _Horseshoe(slope & ~of_arm & ~bias, _SLOPES),
            _Horseshoe(slope & of_arm, _SLOPES),
            _CommonScale(level & of_arm, _LEVELS),
            _CauchyScales(slope & bias, _DISAGREEMENT),
        ]

    def precision(self) -> Floats:
        """Return the expected precision of each coefficient."""
        precision = self._precision.copy()
        for part in self._parts:
            precision[part.places] = part.precision
        return precision

    def update(self, squares: Floats) -> None:
        """Set the precisions given the expected squares of the coefficients."""
        for part in self._parts:
            part.update(squares[part.places])


class _CommonScale:
    """Coefficients with one standard deviation, which has a half-Cauchy distribution."""

    def __init__(self, places: Flags, scale: float) -> None:
        self.places, self._scale, self._count = places, scale, int(places.sum())
        self._auxiliary = 1.0
        self._inverse = 1 / scale**2

    @property
    def precision(self) -> float:
        """The expected precision."""
        return self._inverse

    def update(self, squares: Floats) -> None:
        """Set the precision given the expected squares of the coefficients."""
        self._inverse = (self._count + 1) / (2 * self._auxiliary + float(squares.sum()))
        self._auxiliary = 1 / (1 / self._scale**2 + self._inverse)


class _Horseshoe:
    """Coefficients with a regularised horseshoe prior."""

    def __init__(self, places: Flags, scale: float) -> None:
        self.places = places
        self._common = _CommonScale(places, scale)
        self._local = np.ones(int(places.sum()))
        self._auxiliary = np.full(len(self._local), 0.5)

    @property
    def precision(self) -> Floats:
        """The expected precision of each coefficient."""
        return self._common.precision * self._local + 1 / _SLAB**2

    def update(self, squares: Floats) -> None:
        """Set the precisions given the expected squares of the coefficients."""
        self._local = 1 / (self._auxiliary + squares * self._common.precision / 2)
        self._auxiliary = 1 / (1 + self._local)
        self._common.update(squares * self._local)


class _CauchyScales:
    """Coefficients with Cauchy priors of one known scale."""

    def __init__(self, places: Flags, scale: float) -> None:
        self.places, self._scale = places, scale
        self.precision = np.full(int(places.sum()), 1 / scale**2)

    def update(self, squares: Floats) -> None:
        """Set the precisions given the expected squares of the coefficients."""
        self.precision = 2 / (self._scale**2 + squares)
