"""What the effects of arms are learned from: drawn sends for levels, all sends for slopes."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from features.arrays import Floats, Indices
from models.channel.effects.arm_effects import (
    ArmEffects,
    common_traits,
    effect_traits,
    fit_arm_effects,
    slopes_per_possible_arm,
)
from models.channel.effects.effect_likelihood import Sends
from models.channel.effects.traits import Trait
from models.channel.occasion import possible_column

LEVELS, SLOPES = np.array([0.2, 0.4]), np.array([0.25, 0.1])  # of two arms, over their own trait


def _sends(
    n: int,
    drawn: float,
    seed: int = 0,
    misled: float = 0.0,
    level: float = 0.0,
    truth: tuple[Floats, Floats] = (LEVELS, SLOPES),
) -> Sends:
    """Draw messages of `none` and two arms with known levels and slopes of their effects.

    Targeting adds `level` and `misled` to the level and slope of the first arm.
    """
    levels, slopes = truth
    rng = np.random.default_rng(seed)
    own = rng.normal(size=(n, 2, 1))
    correction = rng.normal(0, 0.5, n)
    arm = rng.integers(-1, 2, n)
    at_random = rng.random(n) < drawn
    sent = own[np.arange(n), np.maximum(arm, 0), 0]
    effect = np.where(arm >= 0, levels[arm] + slopes[arm] * sent, 0.0)
    targeted = np.where((arm == 0) & ~at_random, level + misled * sent, 0.0)
    score = -2 + correction
    shared = np.empty((n, 0))
    return Sends(
        score=score,
        common=common_traits(correction, shared, own),
        traits=effect_traits(correction, shared, own),
        arm=arm,
        chance=np.where(at_random[:, None], np.full((n, 2), 1 / 3), np.nan),
        weight=np.ones(n),
        bought=(rng.random(n) < expit(score + effect + targeted)).astype(float),
        cluster=np.arange(n),
    )


def _fit(sends: Sends) -> ArmEffects:
    """Estimate the effects; no trait tells what was possible."""
    return fit_arm_effects(sends, np.zeros(sends.traits.shape[2]))


def _slopes(found: ArmEffects) -> Floats:
    return np.array(found.means)[:, 2]


def _levels(found: ArmEffects) -> Floats:
    return np.array(found.means)[:, 0]


def test_many_messages_drawn_at_random_give_the_true_effects() -> None:
    found = _fit(_sends(200_000, 1.0))
    assert _levels(found) == pytest.approx(LEVELS, abs=0.06)
    assert _slopes(found) == pytest.approx(SLOPES, abs=0.05)
    errors = np.sqrt(np.diag(found.covariance))
    assert 0.005 < errors.min() < errors.max() < 0.06


def test_without_any_message_no_effect_is_estimated() -> None:
    found = _fit(_sends(0, 1.0))
    assert np.abs(found.means).max() == 0
    assert np.sqrt(np.diag(found.covariance))[0] == pytest.approx(np.hypot(1.0, 0.15), abs=1e-3)


def test_what_traits_do_not_explain_is_half_of_what_they_do() -> None:
    sends = _sends(20_000, 1.0)
    found = _fit(sends)
    explained = np.einsum("nap,ap->na", sends.traits, np.array(found.means)).var(axis=0)
    assert found.unexplained == pytest.approx(explained / 2)


def test_targeted_messages_improve_the_slopes() -> None:
    """Their targeting misleads about the level alone, as a rule by another trait does."""
    alone, helped = [], []
    for seed in range(5):
        sends = _sends(60_000, 0.05, seed, level=1.0)
        alone.append(_slopes(_fit(_drawn_only(sends))) - SLOPES)
        helped.append(_slopes(_fit(sends)) - SLOPES)
    assert np.abs(helped).mean() < 0.7 * np.abs(alone).mean()


def test_targeted_messages_never_change_the_levels() -> None:
    honest, misleading = (_levels(_fit(_sends(60_000, 0.1, level=by)))[0] for by in (0.0, 1.0))
    assert misleading == pytest.approx(honest, abs=0.02)


def test_targeting_that_flatters_every_channel_alike_is_no_effect() -> None:
    """A rule that leaves only poor customers without a message makes all channels look good."""
    sends = _sends(60_000, 0.1)
    rng = np.random.default_rng(1)
    flattered = (sends.arm >= 0) & np.isnan(sends.chance).any(axis=1) & (rng.random(60_000) < 0.1)
    bought = np.where(flattered, 1.0, sends.bought)
    honest, seen = (_uplift(each) for each in (sends, replace(sends, bought=bought)))
    assert seen == pytest.approx(honest, abs=0.003)  # of 5 points


def _uplift(sends: Sends) -> Floats:
    """Estimate what a message adds to the probability of a purchase, by channel on average."""
    effects = np.einsum("nap,ap->na", sends.traits, np.array(_fit(sends).means))
    score = sends.score[:, None]
    return np.asarray((expit(score + effects) - expit(score)).mean(axis=0))


def test_slopes_of_targeted_messages_that_random_draws_contradict_are_ignored() -> None:
    errors = []
    for seed in range(5):
        found = _slopes(_fit(_sends(60_000, 0.1, seed, misled=-1.0)))
        errors.append(found - SLOPES)
    assert np.abs(np.mean(errors, axis=0)).max() < 0.1
    assert np.mean(errors, axis=0)[0] > -0.1  # the misled arm's: a tenth of the lie at most


def test_intervals_of_coefficients_cover_them_as_often_as_stated() -> None:
    inside = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        levels = 0.3 + rng.normal(0, 0.15, 2)
        slopes = rng.normal(0, 0.15) + rng.normal(0, 0.1, 2)
        sends = _sends(6_000, 0.5, seed, level=0.5, truth=(levels, slopes))
        found = _fit(sends)
        errors = np.sqrt(np.diag(found.covariance)).reshape(2, 3)
        truth = np.column_stack([levels, np.zeros(2), slopes])
        inside.append(np.abs(np.array(found.means) - truth) < 1.645 * errors)
    assert 0.84 < np.mean(inside) < 0.96


def test_rows_of_one_cluster_with_the_same_draw_count_once() -> None:
    sends = _sends(4_000, 1.0)
    twice = sends.rows(np.repeat(np.arange(4_000), 2))
    ours, theirs = _fit(sends), _fit(twice)
    np.testing.assert_allclose(ours.covariance, theirs.covariance, rtol=0.02, atol=1e-5)


def test_weights_that_are_all_equal_count_as_none() -> None:
    sends = _sends(4_000, 1.0)
    doubled = _fit(replace(sends, weight=2 * sends.weight))
    ours = np.array(_fit(sends).covariance)
    np.testing.assert_allclose(doubled.covariance, ours, rtol=0.02, atol=1e-5)


def test_consents_that_go_with_buying_are_no_effect() -> None:
    """Who may be drawn for more channels buys more, the score does not know it, no arm matters."""
    found = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        n = 20_000
        engaged = rng.normal(size=n)
        possible = rng.random((n, 2)) < expit(1.5 * engaged)[:, None]
        chance = possible / (1 + possible.sum(axis=1, keepdims=True))
        sends = replace(_sends(n, 1.0, seed), chance=chance, arm=_draw(rng, chance))
        bought = rng.random(n) < expit(sends.score + 0.8 * engaged)
        found.append(_levels(_fit(replace(sends, bought=bought.astype(float)))))
    assert np.abs(np.mean(found, axis=0)).max() < 0.05


def _draw(rng: np.random.Generator, chance: Floats) -> Indices:
    """Draw an arm of each row with its chances; -1 stands for `none`."""
    below = rng.random(len(chance))[:, None] < chance.cumsum(axis=1)
    return np.where(below.any(axis=1), below.argmax(axis=1), -1)


def _drawn_only(sends: Sends) -> Sends:
    return sends.rows(np.isfinite(sends.chance).all(axis=1))


def test_an_effect_that_rises_with_each_possible_arm_does_so_over_the_traits_that_tell_it() -> None:
    shared = [
        Trait("frequency", "log1p", spread=2.0),
        Trait(possible_column("email"), "as_is", spread=0.4),
    ]
    assert slopes_per_possible_arm(shared, own=1).tolist() == [0.0, 0.0, 0.0, 0.4, 0.0]
