"""Tests of the search for columns without information."""

from collections.abc import Callable

from features.readiness.finding import Finding
from tests.features.readiness.shop_tables import even_orders

Find = Callable[..., list[Finding]]


def test_columns_that_say_nothing_are_found(find: Find) -> None:
    frame = even_orders(400, 20).assign(store="main", discount="")
    found = {f.where: f for f in find(frame)}
    assert found.keys() == {"orders.store", "orders.discount"}
    assert found["orders.store"].examples == ["main"]
    assert found["orders.discount"].what == "empty in every row"


def test_a_column_of_few_rows_may_be_constant_by_chance(find: Find) -> None:
    frame = even_orders(400, 20).assign(store="main")
    assert [f.where for f in find(frame.head(20))] != []
    assert [f for f in find(frame.head(19)) if f.where == "orders.store"] == []
