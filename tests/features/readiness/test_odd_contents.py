"""Tests of the probes of contents, each in a log of orders that has one oddity."""

from collections.abc import Callable

from features.readiness.finding import Finding
from tests.features.readiness.shop_tables import even_orders

Find = Callable[..., list[Finding]]


def test_a_till_is_no_customer(find: Find) -> None:
    frame = even_orders(2400, 20)
    frame.loc[:600, "customer_id"] = "till"
    (found,) = find(frame)
    assert (found.where, found.count, found.examples) == ("orders.customer_id", 601, ["till"])


def test_an_absurd_amount_is_named(find: Find) -> None:
    frame = even_orders(2400, 20)
    frame.loc[7, "amount"] = 12_345_678
    (found,) = find(frame)
    assert (found.where, found.count, found.examples) == ("orders.amount", 1, ["o7"])
