"""What each arm does to the logit of a purchase: sends drawn at random, helped by the others.

A row i, sent arm a, has the logit

    score_i + c . t_i                        what is so whatever is sent
    + theta_a . z_ia                         the arm's effect: a level and slopes over traits
    + [not drawn] b_a . z_ia                 how far the targeting misleads about it
    + [drawn] r . t_i                        how far those drawn differ from the rest

with no effect for `none`. Effects are drawn together: arms share a level and slopes, from which
each departs a little. Only sends drawn at random fix theta. The confounded rest, often ten times
as many, is believed about *slopes* as far as the drawn sends do not contradict it: b and r have
heavy-tailed (Cauchy) priors, so that small disagreements are taken for noise and a large one
frees its coefficient alone. About *levels* it is never believed: what a rule that picks its
customers does to an arm's rate has no bound. (Commensurate priors: Hobbs, Carlin, Mandrekar &
Sargent 2011, "Hierarchical commensurate and power prior models".)

The likelihood is replaced by its Gaussian approximation at a loosely held maximum; everything
after that is linear algebra of a few dozen coefficients.
"""

from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from features.arrays import Floats, Indices

# Prior spreads on the logit scale, a trait's per its own spread. An odds ratio of 1.16 between
# channels is usual; the targeting of a shop is not bounded by anything.
_MESSAGE, _ARM = 1.0, 0.15  # the level that messages share, and an arm's departure from it
_SHARED_SLOPE, _ARM_SLOPE = 0.15, 0.1
_COMMON_LEVEL, _COMMON_SLOPE = 1.0, 0.3
_LOG_LEVEL = 1.0
_DISAGREEMENT = 0.05  # scale of the Cauchy priors
_LOOSE = 1.0  # held while the likelihood is approximated
_EM_STEPS, _EM_CLOSE = 50, 1e-3
_NEWTON_STEPS, _NEWTON_CLOSE = 40, 1e-7
_CHUNK = 20_000


@dataclass(frozen=True)
class Sends:
    """What was sent, a row each; arm -1 is `none`, others count from 0.

    Attributes
    ----------
    score, correction : array (n,)
        Logit of a purchase whatever is sent, from a model that has not seen the row, and its
        distance from the mean customer's.
    shared : array (n, J)
        Traits that matter to every arm.
    own : array (n, A, Q)
        Traits of the customer with each arm.
    drawn : array (n,)
        Whether the arm was drawn at random.
    weight : array (n,)
        1, or less or more where arms were drawn with unequal chances.
    """

    score: Floats
    correction: Floats
    shared: Floats
    own: Floats
    arm: Indices
    drawn: NDArray[np.bool_]
    bought: Floats
    weight: Floats

    def common(self) -> Floats:
        """Lay out t: array (n, 2 + J + A Q)."""
        return common_traits(self.correction, self.shared, self.own)

    def of_arm(self) -> Floats:
        """Lay out z of the arm that was sent: array (n, 1 + J + Q); of `none` zeros."""
        n = len(self.score)
        sent = self.own[np.arange(n), np.maximum(self.arm, 0)]
        return np.column_stack([np.ones(n), self.shared, sent]) * (self.arm >= 0)[:, None]

    def rows(self, places: slice) -> "Sends":
        """Take some of the rows."""
        return Sends(*(getattr(self, name)[places] for name in self.__dataclass_fields__))


def common_traits(correction: Floats, shared: Floats, own: Floats) -> Floats:
    """Lay out what counts whatever is sent: array (n, 2 + J + A Q)."""
    rows = len(correction)
    return np.column_stack([np.ones(rows), correction, shared, own.reshape(rows, -1)])


class ArmEffects(msgspec.Struct, frozen=True):
    """The posterior of the coefficients, normal.

    Attributes
    ----------
    common : list of float
        c + r: what holds for everybody, whatever is sent, where arms are drawn.
    means : list of list of float
        theta by arm: a level, slopes over the shared traits, slopes over the arm's own.
    covariance : list of list of float
        Of all theta, laid end to end.
    """

    common: list[float]
    means: list[list[float]]
    covariance: list[list[float]]


@dataclass(frozen=True)
class _Layout:
    """Where the coefficients are: common, effects, misleading targeting, `none`'s, drawn."""

    arms: int
    shared: int
    own: int

    @property
    def of_arm(self) -> int:
        return 1 + self.shared + self.own

    @property
    def common(self) -> int:
        return 2 + self.shared + self.arms * self.own

    @property
    def effects(self) -> slice:
        return slice(self.common, self.common + self.arms * self.of_arm)

    @property
    def misled(self) -> slice:
        return slice(self.effects.stop, self.effects.stop + self.arms * self.of_arm + 1)

    @property
    def shift(self) -> slice:
        return slice(self.misled.stop, self.misled.stop + self.common - 1)

    @property
    def size(self) -> int:
        return int(self.shift.stop)


def fit_arm_effects(sends: Sends) -> ArmEffects:
    """Fit the effects of the arms to sends, some of which were drawn at random."""
    layout = _Layout(sends.own.shape[1], sends.shared.shape[1], sends.own.shape[2])
    pull, precision = _approximate(sends, layout)
    mean, covariance = _posterior(pull, precision, layout)
    common = mean[: layout.common].copy()
    common[1:] += mean[layout.shift]
    effects = layout.effects
    means = mean[effects].reshape(layout.arms, layout.of_arm)
    return ArmEffects(common.tolist(), means.tolist(), covariance[effects, effects].tolist())


def _approximate(sends: Sends, layout: _Layout) -> tuple[Floats, Floats]:
    """Approximate the likelihood by a normal one: precision times its mean, and precision."""
    loose = np.eye(layout.size) / _LOOSE**2
    mean = np.zeros(layout.size)
    for _ in range(_NEWTON_STEPS):
        gradient, curvature = _derivatives(sends, layout, mean)
        hessian = curvature + loose
        step = np.linalg.solve(hessian, gradient - loose @ mean)
        mean = mean + step
        if np.abs(step).max() < _NEWTON_CLOSE:
            break
    return hessian @ mean, hessian - loose


def _derivatives(sends: Sends, layout: _Layout, mean: Floats) -> tuple[Floats, Floats]:
    gradient, curvature = np.zeros(layout.size), np.zeros((layout.size, layout.size))
    for start in range(0, len(sends.score), _CHUNK):
        some = sends.rows(slice(start, start + _CHUNK))
        design = _design(some, layout)
        p = expit(some.score + design @ mean)
        gradient += design.T @ (some.weight * (some.bought - p))
        curvature += (design * (some.weight * p * (1 - p))[:, None]).T @ design
    return gradient, curvature


def _design(sends: Sends, layout: _Layout) -> Floats:
    design = np.zeros((len(sends.score), layout.size))
    common, of_arm = sends.common(), sends.of_arm()
    design[:, : layout.common] = common
    design[:, layout.shift] = common[:, 1:] * sends.drawn[:, None]
    for block, counts in ((layout.effects, True), (layout.misled, ~sends.drawn)):
        for arm in range(layout.arms):
            start = block.start + arm * layout.of_arm
            sent = (sends.arm == arm) & counts
            design[sent, start : start + layout.of_arm] = of_arm[sent]
    design[:, layout.misled.stop - 1] = (sends.arm < 0) & ~sends.drawn
    return design


def _posterior(pull: Floats, precision: Floats, layout: _Layout) -> tuple[Floats, Floats]:
    """Combine with the prior; the variances of Cauchy priors by EM.

    A Cauchy prior of scale s is normal given its variance v, with 1 / v drawn from a gamma law:
    each step sets v to (s^2 + E[coefficient^2]) / 2.
    """
    prior = _prior(layout)
    heavy = _heavy(layout)
    scale = np.full(len(heavy), _DISAGREEMENT**2)
    variance = scale.copy()
    for _ in range(_EM_STEPS):
        prior[heavy, heavy] = variance
        covariance = np.linalg.inv(precision + np.linalg.inv(prior))
        mean = covariance @ pull
        updated = (scale + mean[heavy] ** 2 + np.diag(covariance)[heavy]) / 2
        if np.abs(updated / variance - 1).max() < _EM_CLOSE:
            break
        variance = updated
    return mean, covariance


def _heavy(layout: _Layout) -> Indices:
    """List the coefficients with heavy-tailed priors: slopes misled, and shifts of the drawn."""
    misled = np.arange(layout.misled.start, layout.misled.stop - 1)
    slopes = misled[(misled - layout.misled.start) % layout.of_arm > 0]
    return np.concatenate([slopes, np.arange(layout.shift.start, layout.shift.stop)])


def _prior(layout: _Layout) -> Floats:
    """Lay out the prior covariance; what is heavy-tailed is filled in later."""
    variances = np.full(layout.size, _COMMON_SLOPE**2)
    variances[0] = _COMMON_LEVEL**2
    variances[layout.misled] = _LOG_LEVEL**2
    prior = np.diag(variances)
    level = np.arange(layout.of_arm) == 0
    together = np.diag(np.where(level, _MESSAGE, _SHARED_SLOPE) ** 2)
    apart = np.diag(np.where(level, _ARM, _ARM_SLOPE) ** 2)
    same = np.ones((layout.arms, layout.arms))
    prior[layout.effects, layout.effects] = np.kron(same, together) + np.kron(
        np.eye(layout.arms), apart
    )
    return prior
