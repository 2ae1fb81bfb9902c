"""Tests of logged chances that contradict themselves, in logs of a few rows."""

from dataclasses import replace

import numpy as np
import pytest

from features.errors import InputError
from training.channel.draws.logged_chances import (
    LoggedChances,
    PropensityFinding,
    find_contradictions,
)

ARMS = ["email", "none", "sms"]


def _logged(rows: int = 4) -> LoggedChances:
    """Decisions that list .5 for e-mail, .3 for none and .2 for sms, and sent e-mail or sms."""
    arm = np.arange(rows) % 2 * 2
    chances = np.tile([0.5, 0.3, 0.2], (rows, 1))
    possible = np.ones((rows, 3), dtype=bool)
    return LoggedChances(
        ARMS, arm, chances[np.arange(rows), arm], possible, chances, np.arange(rows)
    )


def _unlisted(rows: int = 4) -> LoggedChances:
    return replace(_logged(rows), listed=np.full((rows, 3), np.nan))


def _only(findings: list[PropensityFinding]) -> PropensityFinding:
    (finding,) = findings
    assert finding.rows == finding.faulty.sum()
    return finding


def test_right_chances_contradict_nothing() -> None:
    assert find_contradictions(_logged()) == []
    assert find_contradictions(_unlisted()) == []


def test_a_list_without_the_arms_that_could_not_be_drawn_is_right() -> None:
    logged = _logged()
    logged.listed[:] = [[0.6, np.nan, 0.4]] * 4
    assert (
        find_contradictions(replace(logged, propensity=logged.listed[range(4), logged.arm])) == []
    )


def test_rounded_chances_are_right() -> None:
    logged = _logged()
    listed = np.tile([0.333, 0.333, 0.333], (4, 1))
    assert find_contradictions(replace(logged, listed=listed, propensity=np.full(4, 0.33))) == []


@pytest.mark.parametrize("chance", [0.0, -0.1, 1.5])
def test_an_impossible_propensity_is_found(chance: float) -> None:
    propensity = np.array([0.5, 0.2, chance, np.nan])
    finding = _only(find_contradictions(replace(_unlisted(), propensity=propensity)))
    assert finding.arm is None and list(finding.faulty) == [False, False, True, False]
    assert (
        finding.what == "1 rows were sent with a logged chance of 0 or less, or above 1 (email 1)"
    )


def test_a_listed_chance_outside_0_to_1_is_found() -> None:
    logged = _logged()
    logged.listed[1] = [1.2, -0.4, 0.2]
    finding = _only(find_contradictions(logged))
    assert finding.what == "1 decisions list a chance below 0 or above 1 (sms 1)"


def test_lists_that_add_up_to_more_than_1_are_found() -> None:
    logged = _logged()
    logged.listed[2:] = [0.5, 2.3, 0.2]
    logged.listed[2:, 1] = 0.9
    finding = _only(find_contradictions(logged))
    assert list(finding.faulty) == [False, False, True, True]
    assert finding.what == (
        "2 decisions list chances that add up to 1.60 on average, not to 1 (email 1, sms 1)"
    )


def test_an_arm_with_another_chance_than_its_list_is_named_with_all_its_draws() -> None:
    logged = _logged()
    finding = _only(find_contradictions(replace(logged, propensity=np.array([0.5, 0.3, 0.5, 0.2]))))
    assert finding.arm == "sms" and list(finding.faulty) == [False, True, False, True]
    assert finding.what == (
        "sms: the logged chance of 1 draws is 0.3 on average, "
        "and 0.2 in the list of their decisions"
    )


def test_single_rows_unlike_their_lists_leave_the_arm_trusted() -> None:
    logged = _logged(400)
    logged.propensity[1] = 0.5
    finding = _only(find_contradictions(logged))
    assert finding.arm is None and finding.rows == 1


def test_an_arm_that_was_sent_though_impossible_is_found() -> None:
    logged = _unlisted()
    logged.possible[1, 2] = False
    finding = _only(find_contradictions(logged))
    assert list(finding.faulty) == [False, True, False, False]
    assert "not possible" in finding.what


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(InputError, match="4 rows in every column"):
        replace(_logged(), propensity=np.full(3, 0.5))
    with pytest.raises(InputError, match="an arm of 0 to 2"):
        replace(_logged(), arm=np.array([0, 1, 2, 3]))
