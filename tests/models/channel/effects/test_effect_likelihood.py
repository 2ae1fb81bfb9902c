"""What messages say of effects: by contrasts within what was possible, over clusters."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy.special import expit

import models.channel.effects.effect_likelihood as module
from features.arrays import Floats
from models.channel.effects.effect_likelihood import (
    NormalLikelihood,
    Sends,
    calibrate_score,
    draw_likelihood,
    target_likelihood,
)

LEVELS, SLOPES = np.array([0.3, 0.6]), np.array([0.4, -0.2])


def _sends(n: int, seed: int = 0) -> Sends:
    """Draw `none` and two channels alike, with known levels and slopes over one trait."""
    rng = np.random.default_rng(seed)
    trait = rng.normal(size=n)
    arm = rng.integers(-1, 2, n)
    effect = np.where(arm >= 0, LEVELS[arm] + SLOPES[arm] * trait, 0.0)
    score = -1 + rng.normal(0, 0.5, n)
    ones = np.ones(n)
    return Sends(
        score=score,
        common=np.column_stack([ones, trait]),
        traits=np.repeat(np.column_stack([ones, trait])[:, None], 2, axis=1),
        arm=arm,
        chance=np.full((n, 2), 1 / 3),
        weight=ones,
        bought=(rng.random(n) < expit(score + 0.3 * trait + effect)).astype(float),
        cluster=np.arange(n),
    )


def _mean(likelihood: NormalLikelihood) -> Floats:
    return np.linalg.solve(likelihood.precision, likelihood.pull)


def test_drawn_messages_give_the_true_effects_whatever_the_score_says() -> None:
    sends = _sends(60_000)
    wrong = replace(sends, score=np.full(60_000, -2.0))
    for given in (sends, wrong):
        assert _mean(draw_likelihood(given)).reshape(2, 2) == pytest.approx(
            np.column_stack([LEVELS, SLOPES]), abs=0.1
        )


def test_targeted_messages_are_read_without_their_chances() -> None:
    sends = _sends(60_000)
    unknown = replace(sends, chance=np.full((60_000, 2), np.nan))
    assert _mean(target_likelihood(unknown)).reshape(2, 2) == pytest.approx(
        np.column_stack([LEVELS, SLOPES]), abs=0.1
    )


def test_chunks_never_divide_a_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    sends = _sends(500)
    rng = np.random.default_rng(1)
    sends = replace(sends, cluster=np.sort(rng.integers(0, 40, 500)))
    whole = draw_likelihood(sends)
    monkeypatch.setattr(module, "_CHUNK", 60)
    chunks = list(sends.chunks())
    assert len(chunks) > 5
    assert sum(len(chunk.score) for chunk in chunks) == 500
    for before, after in pairwise(chunks):
        assert before.cluster[-1] < after.cluster[0]
    in_chunks = draw_likelihood(sends)
    np.testing.assert_allclose(in_chunks.precision, whole.precision, rtol=1e-8)
    np.testing.assert_allclose(in_chunks.pull, whole.pull, rtol=1e-6, atol=1e-6)


def test_a_message_with_one_possible_arm_says_nothing_of_effects() -> None:
    drawn, certain = _sends(4_000), _sends(4_000, seed=5)
    certain = replace(certain, chance=certain.sent, bought=certain.sent[:, 0])
    assert np.abs(draw_likelihood(certain).precision).max() < 1e-9
    # a cluster each, beside drawn ones of which nothing common is left to learn
    both = Sends(
        *(
            np.concatenate([getattr(drawn, name), getattr(certain, name)])
            for name in Sends.__dataclass_fields__
        )
    )
    both = replace(both, cluster=np.arange(8_000), common=np.zeros((8_000, 1)))
    alone = draw_likelihood(replace(drawn, common=np.zeros((4_000, 1))))
    np.testing.assert_allclose(draw_likelihood(both).precision, alone.precision, rtol=1e-6)


def test_the_common_coefficients_are_integrated_out_of_the_joint_likelihood() -> None:
    sends = _sends(3_000)
    design = np.hstack(
        [
            sends.common,
            ((sends.sent - sends.chance)[:, :, None] * sends.traits).reshape(3_000, 4),
        ]
    )
    mean = np.zeros(6)
    for _ in range(30):  # the joint maximum, without a penalty
        p = expit(sends.score + design @ mean)
        curvature = (design * (p * (1 - p))[:, None]).T @ design
        mean = mean + np.linalg.solve(curvature, design.T @ (sends.bought - p))
    likelihood = draw_likelihood(sends)
    assert _mean(likelihood) == pytest.approx(mean[2:], abs=0.01)
    errors = np.sqrt(np.diag(np.linalg.inv(curvature))[2:])
    assert np.sqrt(np.diag(np.linalg.inv(likelihood.precision))) == pytest.approx(errors, rel=0.1)


def test_independent_messages_count_in_full_and_duplicated_ones_half() -> None:
    sends = _sends(20_000)
    pairs = sends.rows(np.repeat(np.arange(20_000), 2))
    independent = draw_likelihood(replace(pairs, cluster=np.arange(40_000)))
    once, twice = draw_likelihood(sends), draw_likelihood(pairs)
    for ratio in np.diag(independent.precision) / np.diag(once.precision):
        assert ratio == pytest.approx(2, rel=0.1)
    for ratio in np.diag(twice.precision) / np.diag(once.precision):
        assert ratio == pytest.approx(1, rel=0.1)


def test_the_score_is_calibrated_given_the_effects() -> None:
    sends = _sends(60_000)
    effects = np.column_stack([LEVELS, SLOPES])
    found = calibrate_score(sends, sends.common[:, 1], effects)
    assert found == pytest.approx([0.0, 0.3], abs=0.05)


def test_no_message_says_nothing() -> None:
    likelihood = draw_likelihood(_sends(0))
    assert not likelihood.precision.any()
    assert not likelihood.pull.any()
