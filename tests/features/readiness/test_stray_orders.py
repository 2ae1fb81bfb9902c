"""Tests of the findings about orders that lie outside of the days of all others."""

from collections.abc import Callable

from features.readiness.finding import Finding
from tests.features.readiness.shop_tables import at, even_orders

Find = Callable[..., list[Finding]]


def test_orders_of_1970_and_of_a_year_later_are_named(find: Find) -> None:
    orders = even_orders(2400, 20)
    orders.loc[7, "ordered_at"], orders.loc[8, "ordered_at"] = "1970-01-01", at(500)
    strays = [found for found in find(orders) if "the others" in found.what]
    assert [(found.level, found.count, found.examples) for found in strays] == [
        ("warning", 1, ["o7"]),
        ("warning", 1, ["o8"]),
    ]
    assert "begin on 2024-01-01" in strays[0].what and "end on 2024-04-29" in strays[1].what


def test_an_end_that_one_order_sets_is_said(find: Find) -> None:
    orders = even_orders(9, 3)
    orders["ordered_at"] = [at(40 * i) for i in range(9)]
    (found,) = [found for found in find(orders) if "too few" in found.what]
    assert found.level == "advice" and "shop.observed_until" in found.remedy
