"""Tests of the rhythm features on histories that can be counted by hand."""

import numpy as np
import pytest

from tests.features.catalog.small_history import compute, make_history


def _buys(*days: int):
    return make_history(orders=[{"ago": day, "amount": 100} for day in days])


def test_gaps_are_counted_between_days_with_purchases() -> None:
    values = compute(_buys(70, 60, 60, 20), "gap_count", "gap_mean", "gap_median", "gap_last")
    assert values == {"gap_count": 2.0, "gap_mean": 25.0, "gap_median": 25.0, "gap_last": 40.0}


def test_a_customer_who_slows_down_has_a_trend_above_1_and_is_late_by_the_median() -> None:
    values = compute(_buys(70, 60, 20), "gap_trend", "overdue_days", "overdue_max_ratio")
    assert values["gap_trend"] == pytest.approx(40 / 25)
    assert values["overdue_days"] == -5.0
    assert values["overdue_max_ratio"] == 0.5


def test_a_one_time_buyer_has_only_the_gap_that_every_buyer_has() -> None:
    values = compute(_buys(30), "gap_count", "gap_mean", "gap_shrunken", "overdue_ratio")
    assert values["gap_count"] == 0.0
    assert np.isnan(values["gap_mean"])
    assert values["gap_shrunken"] == 90.0
    assert values["overdue_ratio"] == pytest.approx(30 / 90)


def test_a_regular_buyer_is_told_from_an_irregular_one() -> None:
    regular = compute(_buys(*range(0, 300, 20)), "regularity_k")["regularity_k"]
    irregular = compute(_buys(300, 299, 298, 297, 100, 99, 2, 1), "regularity_k")["regularity_k"]
    assert irregular < 1 < regular
