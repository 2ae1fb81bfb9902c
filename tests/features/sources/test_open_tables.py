"""Columns of an opened table: mapped by the shop, missing, or alike but for their case."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from features.errors import InputError
from features.ledgers.posted_rows import PostedRowChecker
from features.log.log import read_log
from features.shop.shop import read_shop
from tests.features.sources.shop_folders import HEADER, fault_of_folder, orders_section, read_folder

GOOD = pd.DataFrame(
    {
        "order_id": ["a", "b", "c"],
        "customer_id": ["x", "y", "x"],
        "ordered_at": ["2024-01-05", "2024-01-06 10:00:00", "2024-01-07T10:00:00Z"],
        "amount": ["10.50", "0", "7.25"],
    }
)


class TestNamesInOneCaseOrTheOther:
    TWICE = pd.DataFrame([["x", "2024-01-05 10:00:00", "gold", "half"]],
                         columns=["customer_id", "known_at", "attr_Tier", "attr_tier"])  # fmt: skip

    def _refused(self, folder: Path, customers: str) -> str:
        (folder / "orders.csv").write_text(HEADER + "1,x,2024-01-05,1\n2,x,2024-01-06,1\n")
        return fault_of_folder(
            folder, orders_section("orders.csv") + "[tables.customers]\n" + customers
        )

    @pytest.mark.parametrize("ending", ["csv", "parquet"])
    def test_columns_of_a_file_are_named_both(self, tmp_path: Path, ending: str) -> None:
        if ending == "csv":
            self.TWICE.to_csv(tmp_path / "customers.csv", index=False)
        else:
            self.TWICE.to_parquet(tmp_path / "customers.parquet")
        says = self._refused(tmp_path, f"path = 'customers.{ending}'\n")
        assert says.startswith("customers: expected ")
        assert "'attr_Tier', 'attr_tier' in " in says
        assert "Rename or drop the others." in says

    def test_columns_of_a_database_are_named_both(self, tmp_path: Path) -> None:
        with sqlite3.connect(tmp_path / "shop.sqlite") as connection:
            connection.execute("CREATE TABLE c (customer_id, known_at, a, b)")
            connection.execute("INSERT INTO c VALUES ('x', '2024-01-05', 1, 2)")
        query = "SELECT customer_id, known_at, a AS attr_Tier, b AS attr_tier FROM c"
        says = self._refused(tmp_path, f"database = 'shop.sqlite'\nquery = '{query}'\n")
        assert "tables.customers: expected each column once" in says
        assert "got attr_Tier, attr_tier. Read it by a query that renames" in says

    def test_columns_mapped_by_the_shop_are_named_both(self, tmp_path: Path) -> None:
        self.TWICE.rename(columns={"attr_tier": "b"}).to_csv(tmp_path / "c.csv", index=False)
        says = self._refused(tmp_path, "path = 'c.csv'\ncolumns = {attr_tier = 'b'}\n")
        assert "customers.attr_Tier: expected names that differ in more than" in says
        assert "got attr_Tier and attr_tier. Rename all but one" in says

    def test_an_attribute_is_the_same_in_upper_and_lower_case(self, tmp_path: Path) -> None:
        (tmp_path / "orders.csv").write_text(HEADER + "1,x,2024-01-05,1\n2,x,2024-01-06,1\n")
        self.TWICE.drop(columns="attr_tier").to_csv(tmp_path / "c.csv", index=False)
        log = read_folder(
            tmp_path, orders_section("orders.csv") + "[tables.customers]\npath = 'c.csv'\n"
        )
        assert log.provided["customers"] == {"customer_id", "known_at", "attr_tier"}
        checker = PostedRowChecker(log.shop)
        (posted,) = checker.read({"customers": [{"customer_id": "x", "attr_TIER": "gold"}]})
        assert posted.body == {"customer_id": "x", "attr_tier": "gold"}
        with pytest.raises(InputError, match="each column once, got row 1: attr_TIER and attr_Ti"):
            checker.read({"customers": [{"customer_id": "x", "attr_TIER": "a", "attr_Tier": "b"}]})


def test_the_shops_own_names_and_several_files_are_read(tmp_path: Path) -> None:
    theirs = GOOD.rename(columns={"customer_id": "cust no", "amount": 'the "sum"'})
    theirs[:1].to_csv(tmp_path / "part-1.csv", index=False)
    theirs[1:].to_csv(tmp_path / "part-2.csv", index=False)
    (tmp_path / "nextbuy.toml").write_text(
        '[tables.orders]\npath = "part-*.csv"\n'
        "columns = {customer_id = 'cust no', amount = 'the \"sum\"'}\n"
    )
    log = read_log(read_shop(tmp_path / "nextbuy.toml"))
    assert log.count("orders") == 3
    assert log.provided["orders"] == {"order_id", "customer_id", "ordered_at", "amount"}


def test_a_missing_column_is_named_with_those_that_are_there(
    write_shop: Callable[..., Path],
) -> None:
    config = write_shop({"orders": GOOD.drop(columns=["amount", "ordered_at"])})
    with pytest.raises(InputError) as caught:
        read_log(read_shop(config))
    says = str(caught.value)
    assert "orders.amount: expected a column 'amount', got columns" in says
    assert "orders.ordered_at" in says  # both in one error
    assert "[tables.orders] columns" in says
