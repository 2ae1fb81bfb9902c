"""Tests of the probes of contents, each in a log of orders that has one oddity."""

from collections.abc import Callable

import pandas as pd
import pytest

from features.errors import InputError
from features.readiness.finding import Finding
from tests.features.readiness.shop_tables import at, even_orders

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


@pytest.mark.parametrize(
    ("written", "what"),
    [("6.3182E+12", "rounded"), ("6,3E+12", "rounded"), ("17.0", "decimal numbers")],
)
def test_ids_that_a_spreadsheet_has_changed_are_named(find: Find, written: str, what: str) -> None:
    orders = even_orders(2400, 20)
    orders.loc[:9, "customer_id"] = written
    (found,) = find(orders)
    assert (found.where, found.count, found.examples) == ("orders.customer_id", 10, [written])
    assert what in found.what


@pytest.mark.parametrize("word", [r"\N", "#N/A", "(null)", "<NA>", "NaT", "0.0", "?", "NULL"])
def test_words_for_nothing_are_no_customers(find: Find, word: str) -> None:
    orders = even_orders(2400, 20)
    orders.loc[:9, "customer_id"] = word
    findings = [found for found in find(orders) if "stands for nobody" in found.what]
    assert [(found.count, found.examples) for found in findings] == [(10, [word])]


@pytest.mark.parametrize("year", [1890, 2090])
def test_a_year_of_birth_is_between_1905_and_now(find: Find, year: int) -> None:
    customers = pd.DataFrame(
        {
            "customer_id": ["c0", "c1", "c2"],
            "known_at": at(1),
            "birth_year": [year, 1985, 1990],
        }
    )
    (found,) = _of(find(even_orders(2400, 20), customers=customers), "customers.birth_year")
    assert (found.level, found.count) == ("warning", 1)


def test_orders_without_a_currency_are_counted(find: Find) -> None:
    orders = even_orders(2400, 20)
    orders.loc[:9, "currency"] = None
    (found,) = find(orders)
    assert (found.where, found.count) == ("orders.currency", 10)


def _messages(**columns: list[object]) -> pd.DataFrame:
    """Write four messages to customers with orders."""
    return pd.DataFrame(
        {
            "message_id": [f"m{i}" for i in range(4)],
            "customer_id": [f"c{i}" for i in range(4)],
            "sent_at": at(10),
            **columns,
        }
    )


def _of(findings: list[Finding], where: str) -> list[Finding]:
    return [finding for finding in findings if finding.where == where]


def test_a_control_group_that_was_sent_something_is_named_with_its_channels(find: Find) -> None:
    messages = _messages(
        channel=["none", "sms", "email", "sms"],
        propensity=[0.2, 0.2, 0.2, 0.2],
        arm=["control", "control", "random", "control"],
    )
    (found,) = _of(find(even_orders(2400, 20), messages=messages), "messages.arm")
    assert (found.level, found.count, found.share) == ("warning", 2, 2 / 3)
    assert found.examples == ["sms"] and found.what.startswith("tagged `control`, but sent")


def test_a_control_group_that_was_sent_nothing_is_right(find: Find) -> None:
    messages = _messages(
        channel=["none", "none", "email", "sms"],
        propensity=[1.0, 1.0, 0.5, 0.5],
        arm=["control", "control", "random", "random"],
    )
    findings = find(even_orders(2400, 20), messages=messages)
    assert _of(findings, "messages.arm") == _of(findings, "messages.propensity") == []


def test_a_draw_that_had_no_chance_is_named(find: Find) -> None:
    messages = _messages(channel=["none", "sms", "email", "sms"], propensity=[0.5, 0.0, None, 0.0])
    (found,) = _of(find(even_orders(2400, 20), messages=messages), "messages.propensity")
    assert (found.level, found.count, found.share) == ("warning", 2, 2 / 3)
    assert found.examples == ["m1", "m3"]


def test_a_chance_above_1_breaks_the_contract(find: Find) -> None:
    messages = _messages(channel=["none", "sms", "email", "sms"], propensity=[0.5, 1.5, 0.5, 0.5])
    with pytest.raises(InputError, match="expected a number between 0 and 1"):
        find(even_orders(2400, 20), messages=messages)
