"""Tests of the history's tables as Parquet files."""

from pathlib import Path

import pandas as pd
import pytest

from features.engines.sql.history_export import FILES, typed_columns, write_history
from features.log.log import Log, read_log
from features.shop.shop import read_shop


@pytest.fixture
def log(write_shop, orders) -> Log:
    frame = orders(("a", "2024-01-01 10:00:00", 1.5), ("b", "2024-02-01 10:00:00", 2))
    people = pd.DataFrame({"customer_id": ["a"], "known_at": "2024-01-01", "country": "PL"})
    return read_log(read_shop(write_shop({"orders": frame, "customers": people})))


def test_only_the_tables_that_the_shop_gives_are_written(log: Log, tmp_path: Path) -> None:
    paths = write_history(log, tmp_path / "history")
    assert [path.stem for path in paths] == ["orders", "profile", "attributes"]
    assert sorted(path.name for path in (tmp_path / "history").iterdir()) == [
        "attributes.parquet", "orders.parquet", "profile.parquet",
    ]  # fmt: skip


def test_a_file_has_a_row_per_row_and_the_columns_of_the_layout(log: Log, tmp_path: Path) -> None:
    path, _, attributes = write_history(log, tmp_path)
    frame = pd.read_parquet(path)
    assert list(frame.columns) == list(typed_columns("orders"))
    assert frame["amount"].tolist() == [150, 200]
    assert pd.read_parquet(attributes)["statement"].tolist() == ["country=PL"]


def test_every_exported_table_begins_with_the_customer() -> None:
    assert all(next(iter(typed_columns(table).items())) == ("customer_id", "VARCHAR")
               for table in FILES)  # fmt: skip
    assert "links" not in FILES and "reachability" not in FILES
