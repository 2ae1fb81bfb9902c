"""Means over seeds are held to their goals with their standard errors."""

import numpy as np
import pytest

from benchmarks.channel.seed_means import SeedMean, row_between, row_of_worst, row_within


def test_the_standard_error_is_that_of_the_mean() -> None:
    mean = SeedMean.of([1.0, 2.0, 3.0, 6.0])
    assert mean.mean == 3.0 and mean.seeds == 4
    assert mean.error == pytest.approx(np.std([1, 2, 3, 6], ddof=1) / 2)


def test_one_seed_has_no_standard_error() -> None:
    row = row_between("gain", [4.0], least=3)
    assert row.low is None and row.high is None and row.met


def test_a_bias_may_lie_beyond_its_bound_by_two_standard_errors() -> None:
    row = row_within("bias", [0.2, 0.3, 0.1, 0.2], bound=0.15, largest_error=0.1)
    assert row.met and row.goal == "within 0.15 + 2 SE, SE <= 0.1"
    assert row.figure == "bias; mean -/+ SE of 4"
    assert not row_within("bias", [0.4, 0.5, 0.4, 0.5], bound=0.15, largest_error=0.1).met
    assert row_within("bias", [-0.1, -0.2], bound=0.15, largest_error=0.1).met


def test_a_bias_that_is_not_known_well_enough_misses_its_goal() -> None:
    assert not row_within("bias", [1.0, -1.0], bound=0.15, largest_error=0.1).met
    assert not row_within("bias", [0.0], bound=0.15, largest_error=0.1).met


def test_a_mean_is_held_to_the_bounds_that_there_are() -> None:
    assert row_between("share", [0.9, 0.92], least=0.85, most=0.95).met
    assert not row_between("share", [0.96, 0.98], least=0.85, most=0.95).met
    free = row_between("share", [0.2, 0.3])
    assert free.met is None and free.goal == ""


def test_the_worst_seed_has_a_row_of_its_own() -> None:
    row = row_of_worst("gain, %", -4.0, least=-3)
    assert (row.figure, row.goal, row.met) == ("gain, %; worst seed", ">= -3", False)
    assert row_of_worst("gain, %", -4.0).met is None
