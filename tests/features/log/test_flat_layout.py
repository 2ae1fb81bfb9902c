"""The log as flat columns: rows under their accounts, in one order whatever the files' order."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.history.record import record_columns
from features.log.flat_log import FlatLog
from features.log.log import Log, read_log
from features.shop.shop import read_shop


def _orders() -> pd.DataFrame:
    rows = [
        ("o1", "b", "2024-01-02", 1, "south"),
        ("o2", "a", "2024-01-03", 2, None),
        ("o3", "b", "2024-01-01", 3, "north"),
        *((f"t{n}", "c", "2024-01-05", n, "north") for n in range(50)),
    ]
    return pd.DataFrame(rows, columns=["order_id", "customer_id", "ordered_at", "amount", "store"])


@pytest.fixture
def log(write_shop) -> Log:
    return read_log(read_shop(write_shop({"orders": _orders()})))


def _column(flat: FlatLog, table: str, name: str) -> list[float]:
    return flat.columns.numbers[table][record_columns(table)[0].index(name)].tolist()


def test_rows_are_in_the_order_of_accounts_and_time(log: Log) -> None:
    flat = log.layout.with_words([])
    assert flat.accounts.tolist() == ["a", "b", "c"]
    assert flat.columns.offsets["orders"].tolist() == [0, 1, 3, 53]
    assert _column(flat, "orders", "amount")[:3] == [200, 300, 100]
    stores = flat.columns.codes["orders"][0]
    assert flat.columns.words.decoded[stores[:3]].tolist() == [None, "north", "south"]


def test_rows_at_one_instant_do_not_follow_the_order_of_the_file(log: Log, write_shop) -> None:
    other = read_log(read_shop(write_shop({"orders": _orders().iloc[::-1]})))
    ours, theirs = (of.layout.with_words([]).columns.numbers["orders"] for of in (log, other))
    np.testing.assert_array_equal(ours, theirs)


def test_what_the_shop_does_not_give_is_missing_and_a_table_without_rows_empty(log: Log) -> None:
    flat = log.layout.with_words([])
    assert np.isnan(_column(flat, "orders", "discount")).all()
    assert flat.columns.numbers["messages"].shape == (len(record_columns("messages")[0]), 0)
    assert flat.columns.offsets["messages"].tolist() == [0, 0, 0, 0]


def test_the_log_is_laid_out_once_and_anew_for_a_text_that_is_not_in_it(log: Log) -> None:
    first = log.layout.with_words(["east"])
    assert first.columns.words.texts == ["", "east", "north", "south"]
    assert log.layout.with_words(["north"]) is first
    second = log.layout.with_words(["up, \"x\" and 'y'"])
    assert second.columns.words.texts == ["", "east", "north", "south", "up, \"x\" and 'y'"]
    assert _column(second, "orders", "amount") == _column(first, "orders", "amount")


def test_nothing_is_left_of_the_files_and_the_columns_outlive_the_log(log: Log) -> None:
    flat = log.layout.with_words([])
    left = [path.name for path in Path(log.folder).iterdir()]
    assert not any("tmp" in name for name in left), left
    log.close()
    assert _column(flat, "orders", "amount")[0] == 200
