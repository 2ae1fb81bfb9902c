"""Tests of the features of returns, counted by hand."""

import numpy as np
import pytest

from tests.features.catalog.small_history import compute, make_history

_RETURNER = make_history(
    orders=[{"ago": 100, "amount": 3000}],
    returns=[
        {"ago": 10, "amount": 500, "product_id": "p", "category": "shoes"},
        {"ago": 80, "amount": 500, "product_id": "q", "category": "shoes"},
        {"ago": 90, "amount": 2000, "product_id": "r", "category": "coats"},
        {"ago": 400, "amount": 900},
    ],
)


def test_returns_are_counted_and_summed_within_the_lookback() -> None:
    names = ("returns_count_365d", "returns_amount_sum_365d", "days_since_return")
    assert list(compute(_RETURNER, *names).values()) == [3.0, 3000.0, 10.0]


def test_the_share_is_of_money_spent_and_refunded() -> None:
    assert compute(_RETURNER, "returns_share_365d") == {"returns_share_365d": 0.5}
    none = compute(make_history(), "returns_share_365d", "returns_count_365d")
    assert np.isnan(none["returns_share_365d"])
    assert none["returns_count_365d"] == 0.0


def test_the_category_returned_most_often_is_named_beside_the_dearest() -> None:
    names = ("returned_category_top", "returned_category_count", "returned_category_amount_max")
    assert list(compute(_RETURNER, *names).values()) == ["shoes", 2.0, 2000.0]


def test_a_return_without_a_product_has_no_category() -> None:
    history = make_history(returns=[{"ago": 10, "amount": 500}])
    values = compute(history, "returned_category_top", "returned_category_count")
    assert values == {"returned_category_top": None, "returned_category_count": pytest.approx(0.0)}
