"""Simulated logs of draws state chances that are right, and errors change what they say."""

import numpy as np
import pytest

from benchmarks.channel.simulated_chances import (
    ARMS,
    RIGHT,
    draw_by_epsilon,
    half_for_all,
    of_other_arms,
    shuffled_over_rows,
    sums_of_four,
)


@pytest.mark.parametrize("kind", RIGHT)
def test_an_arm_is_drawn_as_often_as_the_chances_say(kind: str) -> None:
    logged = RIGHT[kind](0, 20_000)
    assert logged.possible[np.arange(len(logged.arm)), logged.arm].all()
    for arm in range(len(ARMS)):
        counted = ((logged.arm == arm) / logged.propensity).sum()
        assert counted == pytest.approx(logged.possible[:, arm].sum(), rel=0.1)


def test_errors_change_the_chances_and_not_the_arms() -> None:
    logged = draw_by_epsilon(0, 1_000, lists_all=True)
    assert (half_for_all(logged).propensity == 0.5).all()
    assert (sums_of_four(logged).listed.sum(axis=1) > 1).any()
    rows = np.arange(len(logged.arm))
    several = logged.possible.sum(axis=1) > 1
    other = of_other_arms(logged)
    assert (other.arm == logged.arm).all()
    assert (other.propensity != logged.listed[rows, logged.arm])[several].any()
    shuffled = shuffled_over_rows(logged, 0).propensity
    assert sorted(shuffled) == sorted(logged.propensity) and (shuffled != logged.propensity).any()
