"""What is given is matched with a preset, and what is not given is said."""

import msgspec
import pytest

from features.errors import InputError
from nextbuy.init.given_tables import GivenTable
from nextbuy.init.preset import read_preset
from nextbuy.init.preset_tables import find_gaps, make_tables, match_sources

SHOPIFY = read_preset("shopify")
MAGENTO = read_preset("magento")
ORDERS = GivenTable("orders_export", SHOPIFY.sources["orders"].columns, "o.csv", "o.csv")


def _database(prefix: str) -> list[GivenTable]:
    return [
        GivenTable(
            f"{prefix}{source.table}", source.columns, "env:DSN", source={"database_env": "D"}
        )
        for source in MAGENTO.sources.values()
    ]


def test_columns_and_tables_that_are_not_given_are_named_with_their_cost() -> None:
    matched = match_sources("shopify", SHOPIFY, [ORDERS])
    tables = {table.table: table for table in make_tables(SHOPIFY, matched)}
    assert tables.keys() == {"orders", "order_lines"}
    assert "Refunded" not in (tables["orders"].source.query or "")
    assert tables["orders"].source.path == "o.csv"
    gaps = find_gaps(SHOPIFY, matched)
    assert "orders_export.Refunded Amount: partial refunds are not taken off" in gaps
    assert any(gap.startswith("customers: nobody's consent is known") for gap in gaps)


def test_a_prefix_of_tables_is_found_and_two_shops_are_told_apart() -> None:
    matched = match_sources("magento", MAGENTO, _database("m2_"))
    orders = make_tables(MAGENTO, matched)[0].source
    assert "FROM m2_sales_order o" in (orders.query or "")
    assert (orders.path, orders.database_env) == (None, "D")
    with pytest.raises(InputError, match="one table of orders, got a_sales_order, b_sales_order"):
        match_sources("magento", MAGENTO, [*_database("a_"), *_database("b_")])


def test_a_file_that_lacks_a_column_is_named_with_it() -> None:
    columns = [column for column in ORDERS.columns if column != "Total"]
    lacking = msgspec.structs.replace(ORDERS, columns=columns)
    with pytest.raises(InputError, match="got orders_export without Total"):
        match_sources("shopify", SHOPIFY, [lacking])
    with pytest.raises(InputError, match="got nothing that could hold it"):
        match_sources("shopify", SHOPIFY, _database(""))  # its queries are of files
