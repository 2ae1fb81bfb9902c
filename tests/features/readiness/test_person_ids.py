"""Tests of the findings about customer ids that do not stand for one person each."""

import unicodedata
from collections.abc import Callable

import pandas as pd
import pytest

from features.readiness.finding import Finding
from tests.features.readiness.shop_tables import even_orders

Find = Callable[..., list[Finding]]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("anna@example.com", "Anna@Example.com"),
        ("anna m", "anna\N{NO-BREAK SPACE}m"),
        ("anna", "an\N{ZERO WIDTH SPACE}na"),
        ("anna", "anna\t"),
        ("José", unicodedata.normalize("NFD", "José")),
    ],
    ids=["case", "no-break space", "zero-width space", "tab", "NFD"],
)
def test_ids_that_differ_in_their_writing_are_named(find: Find, ours: str, theirs: str) -> None:
    orders = even_orders(2400, 20)
    orders.loc[7, "customer_id"], orders.loc[8, "customer_id"] = ours, theirs
    (found,) = find(orders)
    assert (found.level, found.where, found.count) == ("warning", "orders.customer_id", 2)
    (example,) = found.examples
    assert ascii(ours)[1:-1] in example and ascii(theirs)[1:-1] in example


def test_ids_that_the_shop_maps_are_no_finding(find: Find) -> None:
    orders = even_orders(2400, 20)
    orders.loc[7, "customer_id"], orders.loc[8, "customer_id"] = "anna", "ANNA"
    identities = pd.DataFrame({"source": ["shop"], "source_id": ["ANNA"], "customer_id": ["anna"]})
    found = find(orders, identities=identities)
    assert not [finding for finding in found if "invisible" in finding.what]


def test_a_shop_whose_customers_have_one_order_each_is_asked_for_the_person(find: Find) -> None:
    orders = even_orders(2400, 20).assign(customer_id=[f"c{i}" for i in range(2400)])
    (found,) = find(orders)
    assert (found.where, found.count, found.share) == ("orders.customer_id", 2400, 1.0)
    assert "nobody ever comes back" in found.what and "[tables.orders]" in found.remedy


def test_a_few_returning_customers_are_enough(find: Find) -> None:
    orders = even_orders(2400, 20).assign(customer_id=[f"c{i // 2}" for i in range(2400)])
    assert find(orders) == []


def test_the_column_that_repeats_is_the_one_to_map(find: Find) -> None:
    ids = [f"c{i}" for i in range(2400)]
    people = {"unique_id": [f"u{i % 900}" for i in range(2400)], "customer_phone": ids}
    (found,) = find(even_orders(2400, 20).assign(customer_id=ids, **people))
    assert [str(line) for line in found.lines] == [
        '[tables.orders] columns.customer_id = "unique_id"'
    ]
    assert found.examples == ["unique_id"]
