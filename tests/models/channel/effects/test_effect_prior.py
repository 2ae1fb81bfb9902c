"""The prior of effects: what is not known is shrunk, what is large stays."""

import numpy as np
import pytest

from features.arrays import Floats
from models.channel.effects.effect_likelihood import NormalLikelihood
from models.channel.effects.effect_prior import shrink_effects

ARMS, TRAITS = 3, 30
NO_DIRECTION = np.zeros(TRAITS)  # no trait tells what was possible


def _likelihood(mean: Floats, error: float) -> NormalLikelihood:
    """Make the likelihood of independent estimates with one standard error."""
    return NormalLikelihood(mean.ravel() / error**2, np.eye(mean.size) / error**2)


def _estimates(truth: Floats, error: float, seed: int) -> NormalLikelihood:
    rng = np.random.default_rng(seed)
    return _likelihood(truth + rng.normal(0, error, truth.shape), error)


def test_without_messages_the_posterior_is_the_prior() -> None:
    nothing = NormalLikelihood(np.zeros(ARMS * 4), np.zeros((ARMS * 4, ARMS * 4)))
    posterior = shrink_effects(nothing, None, np.zeros(4))
    assert not posterior.mean.any()
    errors = np.sqrt(np.diag(posterior.covariance)).reshape(ARMS, 4)
    assert errors[:, 0] == pytest.approx(np.full(ARMS, np.hypot(1.0, 0.15)), abs=1e-3)
    assert (errors[:, 1:] < 0.5).all()
    # channels are alike before anything is known
    correlation = posterior.covariance[0, 4] / (errors[0, 0] * errors[1, 0])
    assert correlation > 0.9


def test_slopes_without_effect_are_shrunk_and_a_large_one_stays() -> None:
    truth = np.zeros((ARMS, TRAITS))
    truth[1, 7] = 0.5
    for seed in range(5):
        drawn = _estimates(truth, 0.06, seed)
        mean = shrink_effects(drawn, None, NO_DIRECTION).mean
        estimate = (drawn.pull * 0.06**2).reshape(truth.shape)
        assert mean[1, 7] > 0.9 * estimate[1, 7]
        others = np.ones_like(truth, dtype=bool)
        others[1, 7] = others[:, 0] = False
        assert np.sqrt(np.mean(mean[others] ** 2)) < 0.6 * 0.06


def test_a_slope_that_channels_share_is_found_for_all_of_them() -> None:
    truth = np.zeros((ARMS, TRAITS))
    truth[:, 4] = 0.25
    mean = shrink_effects(_estimates(truth, 0.08, 0), None, NO_DIRECTION).mean
    assert mean[:, 4] == pytest.approx(np.full(ARMS, 0.25), abs=0.08)


def test_levels_of_channels_lie_about_what_they_share() -> None:
    levels = np.array([[0.5, 0.0], [0.5, 0.0], [1.1, 0.0]])
    mean = shrink_effects(_likelihood(levels, 0.2), None, np.zeros(2)).mean[:, 0]
    assert 0.5 < mean[0] == pytest.approx(mean[1])
    assert mean[1] < mean[2] < 1.1


def test_targeted_slopes_that_agree_are_believed() -> None:
    truth = np.zeros((ARMS, TRAITS))
    truth[0, 3] = 0.3
    drawn, targeted = _estimates(truth, 0.15, 0), _estimates(truth, 0.02, 1)
    alone = shrink_effects(drawn, None, NO_DIRECTION).mean
    together = shrink_effects(drawn, targeted, NO_DIRECTION).mean
    assert abs(together[0, 3] - 0.3) < 0.1
    assert abs(together[0, 3] - 0.3) < abs(alone[0, 3] - 0.3)


def test_targeted_slopes_that_contradict_are_ignored() -> None:
    truth = np.zeros((ARMS, TRAITS))
    truth[0, 3] = 0.4
    lies = truth.copy()
    lies[0, 3] = -0.8
    drawn = _estimates(truth, 0.05, 0)
    alone = shrink_effects(drawn, None, NO_DIRECTION).mean
    together = shrink_effects(drawn, _estimates(lies, 0.02, 1), NO_DIRECTION).mean
    assert together[0, 3] == pytest.approx(alone[0, 3], abs=0.06)


def test_targeted_messages_say_nothing_of_levels() -> None:
    truth = np.zeros((ARMS, TRAITS))
    biased = truth.copy()
    biased[:, 0] = 1.5
    drawn = _estimates(truth, 0.05, 0)
    alone = shrink_effects(drawn, None, NO_DIRECTION).mean
    together = shrink_effects(drawn, _estimates(biased, 0.02, 1), NO_DIRECTION).mean
    assert together[:, 0] == pytest.approx(alone[:, 0], abs=0.02)


def test_intervals_of_slopes_hold_the_truth() -> None:
    """Over all slopes: those of a few that matter are somewhat narrow, since they are shrunk."""
    inside = []
    for seed in range(20):
        truth = np.zeros((ARMS, TRAITS))
        truth[:, 1:4] = np.random.default_rng(100 + seed).normal(0, 0.2, (ARMS, 3))
        posterior = shrink_effects(_estimates(truth, 0.08, seed), None, NO_DIRECTION)
        errors = np.sqrt(np.diag(posterior.covariance)).reshape(truth.shape)
        inside.append((np.abs(posterior.mean - truth) < 1.645 * errors)[:, 1:])
    assert np.mean(inside) > 0.9
    assert np.mean([of_seed[:, :3] for of_seed in inside]) > 0.65


def test_a_change_with_each_further_possible_arm_is_hardly_shrunk() -> None:
    """Each channel's slopes over two traits that tell what was possible are small, and alike."""
    direction = NO_DIRECTION.copy()
    direction[5:7] = 0.5, 0.4
    truth = np.zeros((ARMS, TRAITS)) + 0.1 * direction
    drawn = _estimates(truth, 0.05, 0)
    slopes = [shrink_effects(drawn, None, per_arm).mean for per_arm in (direction, NO_DIRECTION)]
    ours, without = (of.mean(axis=0) @ direction / (direction @ direction) for of in slopes)
    estimate = (drawn.pull * 0.05**2).reshape(truth.shape).mean(axis=0) @ direction
    assert ours == pytest.approx(estimate / (direction @ direction), abs=0.02)
    assert abs(without) < 0.7 * abs(ours)


def test_a_part_of_what_targeted_messages_take_off_the_errors_is_believed() -> None:
    truth = np.zeros((ARMS, TRAITS))
    truth[0, 3] = 0.3
    drawn, targeted = _estimates(truth, 0.15, 0), _estimates(truth, 0.02, 1)
    alone, together = (
        np.diag(shrink_effects(drawn, also, NO_DIRECTION).covariance) for also in (None, targeted)
    )
    assert 0.25 * alone[3] < together[3] < alone[3]
