"""Tests of logged chances that are right and wrong, in simulated logs of 5,000 draws."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.channel.simulated_chances import (
    ARMS,
    RIGHT,
    draw_by_epsilon,
    draw_uniformly,
    email_doubled,
    half_for_all,
    of_other_arms,
    shuffled_over_rows,
    sums_of_four,
    without_lists,
)
from features.arrays import Floats
from training.channel.draws.logged_chances import LoggedChances
from training.channel.draws.propensity_checks import (
    _log_fortune,
    check_propensities,
    untrusted_arms,
    untrusted_rows,
)

DRAWS = 5000
LOGS = 4  # of each kind; 400 and 50 were measured when the checks were written


@pytest.mark.parametrize("kind", RIGHT)
def test_right_chances_raise_no_alarm(kind: str) -> None:
    for seed in range(2 * LOGS):
        assert check_propensities(RIGHT[kind](seed, DRAWS)) == []


@pytest.mark.parametrize("kind", RIGHT)
@pytest.mark.parametrize("wrong", [half_for_all, sums_of_four])
def test_chances_that_are_wrong_for_all_arms_are_found_for_all(
    kind: str, wrong: Callable[[LoggedChances], LoggedChances]
) -> None:
    for seed in range(LOGS):
        assert untrusted_arms(check_propensities(wrong(RIGHT[kind](seed, DRAWS)))) == set(ARMS)


@pytest.mark.parametrize("kind", RIGHT)
def test_an_arm_whose_chance_is_doubled_is_the_only_one_named(kind: str) -> None:
    for seed in range(LOGS):
        logged = email_doubled(RIGHT[kind](seed, DRAWS))
        assert untrusted_arms(check_propensities(logged)) == {"email"}


def test_chances_of_other_arms_are_found_with_and_without_lists() -> None:
    for seed in range(LOGS):
        logged = of_other_arms(draw_by_epsilon(seed, DRAWS, lists_all=True))
        for seen in (logged, without_lists(logged)):
            assert untrusted_arms(check_propensities(seen)) == set(ARMS)


def test_chances_mixed_up_over_all_rows_are_found() -> None:
    for seed in range(LOGS):
        logged = draw_by_epsilon(seed, DRAWS)
        findings = check_propensities(shuffled_over_rows(logged, seed))
        assert untrusted_rows(findings, DRAWS).any()


def test_a_finding_says_how_large_the_error_is() -> None:
    logged = draw_uniformly(0, DRAWS)
    email = logged.arm == ARMS.index("email")
    doubled = np.where(email, logged.propensity * 2, logged.propensity)
    (finding,) = check_propensities(replace(logged, propensity=np.minimum(doubled, 0.99)))
    assert finding.arm == "email" and finding.drawn == email.sum() == finding.rows
    assert finding.expected == pytest.approx(2 * email.sum(), rel=0.05)
    assert finding.what == (
        f"email: the logged chances say {finding.expected:,.0f} draws where {email.sum():,} came"
    )
    assert finding.p_value is not None and finding.p_value < 0.001
    assert finding.standard_error == pytest.approx(0.015, abs=0.01)
    assert (finding.faulty == email).all()


def test_an_error_within_one_possible_set_names_the_set() -> None:
    logged = draw_uniformly(0, DRAWS)
    pair = logged.possible.sum(axis=1) == 2
    with_email = pair & logged.possible[:, 0]
    listed = np.where(logged.possible, 1 / logged.possible.sum(axis=1, keepdims=True), np.nan)
    rng = np.random.default_rng(1)
    arm = np.where(with_email, (rng.random(DRAWS) > 0.65).astype(int), logged.arm)
    right = replace(logged, listed=listed)
    assert check_propensities(right) == []
    found = check_propensities(replace(right, arm=arm))
    assert [f.arm for f in found] == ["email", "none"]
    assert found[0].what.endswith("came in decisions between email and none")


def test_an_error_that_cancels_out_is_found_by_fifth_of_the_listed_chance() -> None:
    rng = np.random.default_rng(0)
    said = rng.uniform(0.2, 0.8, 2 * DRAWS)
    arm = (rng.random(2 * DRAWS) > 0.5).astype(int)
    listed = np.column_stack([said, 1 - said])
    logged = LoggedChances(
        ["email", "none"],
        arm,
        listed[np.arange(len(arm)), arm],
        np.ones_like(listed, dtype=bool),
        listed,
        np.arange(len(arm)),
    )
    findings = check_propensities(logged)
    assert untrusted_arms(findings) == {"email", "none"}
    assert "where its listed chance is" in findings[0].what


def test_what_was_not_drawn_is_not_tested() -> None:
    logged = draw_uniformly(0, DRAWS)
    assert check_propensities(replace(logged, propensity=np.full(DRAWS, np.nan))) == []
    assert check_propensities(replace(logged, propensity=np.ones(DRAWS))) == []
    nobody = LoggedChances(
        ARMS,
        logged.arm[:0],
        logged.propensity[:0],
        logged.possible[:0],
        logged.listed[:0],
        logged.cluster[:0],
    )
    assert check_propensities(nobody) == []
    assert untrusted_rows([], 0).shape == (0,)


def test_held_out_customers_among_the_draws_raise_no_alarm() -> None:
    logged = draw_uniformly(0, DRAWS)
    held_out = np.arange(DRAWS) % 5 == 0
    propensity = np.where(held_out, 1.0, logged.propensity)
    arm = np.where(held_out, ARMS.index("none"), logged.arm)
    assert check_propensities(replace(logged, arm=arm, propensity=propensity)) == []


def test_draws_that_were_lost_for_one_arm_are_found() -> None:
    logged = draw_uniformly(0, DRAWS)
    kept = (logged.arm != ARMS.index("none")) | (np.arange(DRAWS) % 3 > 0)
    lost = LoggedChances(
        ARMS,
        logged.arm[kept],
        logged.propensity[kept],
        logged.possible[kept],
        logged.listed[kept],
        logged.cluster[kept],
    )
    assert "none" in untrusted_arms(check_propensities(lost))


@pytest.mark.parametrize("alike", [1, 4])
def test_a_stake_on_right_chances_seldom_grows_large(alike: int) -> None:
    rng = np.random.default_rng(0)
    cluster = np.repeat(np.arange(500), alike)

    def fortune() -> float:
        gain: Floats = np.where(rng.random(500) < 0.02, 50.0, 0.0)[cluster] - 1
        return _log_fortune(gain, np.ones(len(gain)), cluster)

    fortunes = np.array([fortune() for _ in range(2000)])
    assert (fortunes > np.log(20)).mean() <= 0.05
    assert (fortunes > np.log(100)).mean() <= 0.01
