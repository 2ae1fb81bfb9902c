"""Tests of the features of baskets, counted by hand."""

import numpy as np
import pytest

from features.language.scope import Lookups
from tests.features.catalog.small_history import compute, make_history


def _line(days: float, category: str | None, **parts) -> dict:
    return {"ago": days, "category": category, "quantity": 1, "unit_price": 100} | parts


_BASKET = make_history(
    orders=[{"ago": 40, "amount": 300}, {"ago": 10, "amount": 100}],
    lines=[
        _line(40, "tea", product_id="a", brand="x"),
        _line(40, "tea", product_id="a", brand="x", quantity=3),
        _line(40, "cups", product_id="b", brand="y"),
        _line(10, "tea", product_id="a", brand=None, unit_price=300),
    ],
)


def test_lines_pieces_and_prices_are_counted() -> None:
    names = ("lines_count_365d", "quantity_sum_365d", "unit_price_max_365d", "lines_per_order_365d")
    assert list(compute(_BASKET, *names).values()) == [4.0, 6.0, 300.0, 2.0]


def test_the_preferred_value_of_an_attribute_has_a_share_of_the_lines_that_name_one() -> None:
    values = compute(_BASKET, "brand_top", "brand_top_share", "brand_count")
    assert values == {"brand_top": "x", "brand_top_share": 2 / 3, "brand_count": 2.0}


def test_a_product_bought_again_is_repeated() -> None:
    assert compute(_BASKET, "repeat_share") == {"repeat_share": pytest.approx(0.5)}


def test_a_price_is_compared_with_the_mean_of_its_category() -> None:
    lookups = Lookups(0, {"category_price": {"category_price": {"tea": 200.0, "cups": 100.0}}})
    names = ("price_index_mean_365d", "premium_share_mean_365d", "budget_share_mean_365d")
    values = list(compute(_BASKET, *names, lookups=lookups).values())
    assert values == [np.mean([0.5, 0.5, 1.0, 1.5]), 0.25, 0.5]


@pytest.mark.parametrize(("repeats", "category"), [(30.0, "tea"), (29.0, None)])
def test_a_category_is_due_by_a_cycle_that_enough_repeats_show(
    repeats: float, category: str | None
) -> None:
    cycles = {"cycle_days": {"tea": 30 * repeats}, "cycle_count": {"tea": repeats}}
    lookups = Lookups(0, {"category_cycle": cycles})
    values = compute(_BASKET, "due_category", "due_category_days", lookups=lookups)
    assert values["due_category"] == category
    expected = 20.0 if category else np.nan
    assert values["due_category_days"] == pytest.approx(expected, nan_ok=True)
