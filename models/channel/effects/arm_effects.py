"""Estimates the effect of each channel on the logit of a purchase, compared with no message.

What was drawn at random among what was possible determines the effects (`effect_likelihood`).
Targeted messages, often ten times as many, inform the slopes over traits as far as the drawn ones
do not contradict them, and never the levels (`effect_prior`).
"""

from collections.abc import Sequence

import msgspec
import numpy as np

from features.arrays import Floats
from models.channel.effects.effect_likelihood import (
    Sends,
    calibrate_score,
    draw_likelihood,
    target_likelihood,
)
from models.channel.effects.effect_prior import NormalPosterior, shrink_effects
from models.channel.effects.traits import Trait
from models.channel.occasion import is_possible

# No straight lines over traits say all that the effects of customers differ by. What they leave is
# taken to have half the variance of what they say; `make bench-channel` measures what that covers.
_UNEXPLAINED = 0.5
_CORRECTION = 1  # position of the base's correction among the traits of an effect


class ArmEffects(msgspec.Struct, frozen=True):
    """The normal posterior of the channels' effects, on the logit scale.

    Attributes
    ----------
    calibration : list of float
        What is added to the score of a purchase without a message: a constant, and so much times
        the base's correction.
    means : list of list of float
        Mean coefficients of the effect by channel, over what `effect_traits` computes; P numbers
        each.
    covariance : list of list of float
        Covariance matrix of all coefficients of effects, channel after channel.
    unexplained : list of float
        By channel, the variance of what the effects of customers differ by beyond their traits.
    """

    calibration: list[float]
    means: list[list[float]]
    covariance: list[list[float]]
    unexplained: list[float]


def effect_traits(correction: Floats, shared: Floats, by_arm: Floats) -> Floats:
    """Put together what the effect of each channel depends on.

    Parameters
    ----------
    correction : array (n,)
        What the base booster adds to the logit of the base rate.
    shared : array (n, J)
        J traits that matter to every channel, centred and scaled.
    by_arm : array (n, A, Q)
        Q traits of each of A channels, centred and scaled.

    Returns
    -------
    array (n, A, 2 + J + Q)
        A column of ones, the correction, the shared traits and the channel's own traits.
    """
    rows, arms, _ = by_arm.shape
    everywhere = np.column_stack([np.ones(rows), correction, shared])
    return np.concatenate([np.repeat(everywhere[:, None], arms, axis=1), by_arm], axis=2)


def common_traits(correction: Floats, shared: Floats, by_arm: Floats) -> Floats:
    """Put together the regressors of a purchase that do not depend on which arm was sent.

    Parameters
    ----------
    correction, shared, by_arm : array (n,), (n, J), (n, A, Q)
        As in `effect_traits`.

    Returns
    -------
    array (n, 2 + J + A Q)
        A column of ones, the correction, the shared traits, and the traits of each channel in turn.
    """
    rows = len(correction)
    flat = by_arm.reshape(rows, by_arm.shape[1] * by_arm.shape[2])
    return np.column_stack([np.ones(rows), correction, shared, flat])


def slopes_per_possible_arm(shared: Sequence[Trait], own: int) -> Floats:
    """Return the coefficients of an effect that is 1 higher with each further possible arm.

    Parameters
    ----------
    shared : sequence of Trait
        The J fitted traits that matter to every channel.
    own : int
        The number Q of traits of each channel.

    Returns
    -------
    array (2 + J + Q,)
        In the order of `effect_traits`.
    """
    spreads = [trait.spread if is_possible(trait.column) else 0.0 for trait in shared]
    return np.array([0.0, 0.0, *spreads, *[0.0] * own])


def fit_arm_effects(sends: Sends, per_possible_arm: Floats) -> ArmEffects:
    """Estimate causal effects from messages, some of which were drawn at random.

    Parameters
    ----------
    sends : Sends
        n messages; those with NaN in `chance` were targeted.
    per_possible_arm : array (P,)
        As in `shrink_effects`.
    """
    drawn = np.asarray(np.isfinite(sends.chance).all(axis=1))
    targeted = None if drawn.all() else target_likelihood(sends.rows(~drawn))
    posterior = shrink_effects(draw_likelihood(sends.rows(drawn)), targeted, per_possible_arm)
    return _with_calibration(posterior, sends.rows(drawn))


def fit_associations(sends: Sends, per_possible_arm: Floats) -> ArmEffects:
    """Estimate what each channel goes with, from messages of which too few were drawn at random.

    Parameters
    ----------
    sends : Sends
        n messages; `chance` is not read.
    per_possible_arm : array (P,)
        As in `shrink_effects`.
    """
    posterior = shrink_effects(target_likelihood(sends), None, per_possible_arm)
    return _with_calibration(posterior, sends)


def _with_calibration(posterior: NormalPosterior, sends: Sends) -> ArmEffects:
    """Add what turns the score into that of a purchase without a message, by the same messages."""
    correction = sends.traits[:, 0, _CORRECTION]
    calibration = calibrate_score(sends, correction, posterior.mean)
    effects = np.einsum("nap,ap->na", sends.traits, posterior.mean)
    spread = effects.var(axis=0) if len(effects) else np.zeros(effects.shape[1])
    unexplained = _UNEXPLAINED * spread
    return ArmEffects(
        calibration.tolist(),
        posterior.mean.tolist(),
        posterior.covariance.tolist(),
        unexplained.tolist(),
    )
