"""Tests of the RFM features on histories that can be counted by hand."""

import numpy as np
import pytest

from features.language.scope import Lookups
from tests.features.catalog.small_history import ago, compute, make_history

_BUYER = make_history(
    orders=[
        {"ago": 100, "amount": 1000},
        {"ago": 40, "amount": 2000},
        {"ago": 40, "amount": 500},
        {"ago": 10, "amount": 4000},
        {"ago": 5, "amount": 9000, "cancelled_at": ago(4), "cancelled_known_at": ago(4)},
    ]
)


def test_frequency_recency_and_age_count_days_with_purchases() -> None:
    values = compute(_BUYER, "frequency", "recency", "T", "days_since_last", "orders_count")
    assert values == {
        "frequency": 2.0,
        "recency": 90.0,
        "T": 100.0,
        "days_since_last": 10.0,
        "orders_count": 4.0,
    }


def test_the_monetary_value_leaves_out_the_first_day_and_sums_up_each_other_day() -> None:
    values = compute(_BUYER, "monetary_value", "order_amount_sum")
    assert values == {"monetary_value": (2500 + 4000) / 2, "order_amount_sum": 7500.0}


def test_a_one_time_buyer_has_no_monetary_value() -> None:
    once = make_history(orders=[{"ago": 3, "amount": 1000}])
    values = compute(once, "frequency", "recency", "monetary_value")
    assert values["frequency"] == values["recency"] == 0.0
    assert np.isnan(values["monetary_value"])


@pytest.mark.parametrize(("bound", "score"), [(5.0, 1.0), (10.0, 5.0), (40.0, 5.0)])
def test_a_short_silence_scores_high(bound: float, score: float) -> None:
    bounds = {f"@r:{percent}": bound for percent in (20, 40, 60, 80)}
    values = compute(_BUYER, "r_score", lookups=Lookups(0, scalars=bounds))
    assert values["r_score"] == score


def test_the_best_buyers_in_all_three_scores_are_champions() -> None:
    bounds = {f"@r:{percent}": 50.0 for percent in (20, 40, 60, 80)}
    bounds |= {f"@{name}:{percent}": 1.0 for name in "fm" for percent in (20, 40, 60, 80)}
    values = compute(_BUYER, "rfm_segment", lookups=Lookups(0, scalars=bounds))
    assert values["rfm_segment"] == "champions"
