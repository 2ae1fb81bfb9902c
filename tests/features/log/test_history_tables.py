"""The tables of the history: every one is there, and what is sensitive is in none of them."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from features.history.layout import HISTORY_TABLES, ROW_KEY
from features.log.history_tables import (
    attribute_names,
    history_column_type,
    profile_columns,
    sensitive_categories,
)
from features.log.log import Log, read_log
from features.shop.shop import read_shop

WriteShop = Callable[..., Path]
ORDERS = pd.DataFrame(
    {
        "order_id": ["a", "b"],
        "customer_id": ["x", "y"],
        "source": ["till", None],
        "ordered_at": ["2024-01-05 10:00:00", "2024-01-06 10:00:00"],
        "amount": [3, 2],
    }
)
LINES = pd.DataFrame(
    {"order_id": ["a", "a"], "product_id": ["p", "q"], "quantity": [1, 2], "unit_price": [1, 1]}
)
PRODUCTS = pd.DataFrame(
    {
        "product_id": ["p", "q"],
        "category": ["tea", "pregnancy tests"],
        "subcategory": ["green", "digital"],
    }
)


def _log(write_shop: WriteShop, **tables: pd.DataFrame) -> Log:
    return read_log(read_shop(write_shop({"orders": ORDERS} | tables)))


@pytest.mark.parametrize("table", HISTORY_TABLES)
def test_a_table_has_its_columns_in_their_types_even_if_the_shop_has_no_rows(
    write_shop: WriteShop, table: str
) -> None:
    log = _log(write_shop)
    described = log.fetch(f"DESCRIBE SELECT * FROM history_{table}")
    names = ["customer_id", *HISTORY_TABLES[table].columns, ROW_KEY]
    assert [row[0] for row in described] == names
    types = {row[0]: row[1] for row in described}
    for name in HISTORY_TABLES[table].columns:
        assert types[name] == history_column_type(name), name


def test_ids_of_a_named_system_are_accounts_of_it(write_shop: WriteShop) -> None:
    rows = _log(write_shop).fetch("SELECT customer_id FROM history_orders ORDER BY ordered_at")
    assert rows == [("till:x",), ("y",)]


def test_lines_have_the_customer_and_clocks_of_their_order_and_no_sensitive_category(
    write_shop: WriteShop,
) -> None:
    log = _log(write_shop, order_lines=LINES, products=PRODUCTS)
    columns = "customer_id, product_id, category, subcategory"
    assert log.fetch(f"SELECT {columns} FROM history_lines ORDER BY product_id") == [
        ("till:x", "p", "tea", "green"),
        ("till:x", "q", None, None),
    ]
    ordered = log.fetch("SELECT DISTINCT ordered_at, known_at FROM history_lines")
    assert ordered == log.fetch("SELECT ordered_at, known_at FROM orders WHERE order_id = 'a'")
    assert sensitive_categories(log.connection, log.shop, log.provided) == {
        "pregnancy tests": "pregnan"
    }


def test_without_a_clock_only_static_attributes_may_become_features(
    write_shop: WriteShop,
) -> None:
    customers = pd.DataFrame(
        {"customer_id": ["x"], "country": ["PL"], "attr_club": ["gold"], "attr_religion": ["?"]}
    )
    dated = _log(write_shop, customers=customers.assign(known_at="2024-01-01"))
    assert attribute_names(dated.shop, dated.provided) == ["attr_club", "country"]
    undated = _log(write_shop, customers=customers.assign(first_seen_at="2023-01-01"))
    assert profile_columns(undated.shop, undated.provided) == {"first_seen_at"}


def test_attributes_and_reachability_have_a_row_for_each_statement(
    write_shop: WriteShop,
) -> None:
    customers = pd.DataFrame(
        {
            "customer_id": ["x", "x"],
            "known_at": ["2024-01-01", "2024-02-01"],
            "country": ["PL", "DE"],
            "reachable_SMS": [True, False],
        }
    )
    log = _log(write_shop, customers=customers)
    assert log.fetch("SELECT statement FROM history_attributes ORDER BY known_at") == [
        ("country=PL",),
        ("country=DE",),
    ]
    query = "SELECT channel, reachable FROM history_reachability WHERE channel = 'sms'"
    assert log.fetch(f"{query} ORDER BY known_at") == [("sms", True), ("sms", False)]
