"""The options that several commands share, and how their values are read."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest

from features.errors import InputError
from features.log.log import Log
from nextbuy.commands.options import read_cutoff_of, read_log_of
from tests.nextbuy.command_line import write_tiny_shop


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return read_log_of(write_tiny_shop(tmp_path, "2024-01-05 10:00:00", "2024-03-06 10:00:00"))


def test_the_log_holds_the_orders_of_the_shop_that_the_option_names(log: Log) -> None:
    assert log.count("orders") == 2
    assert log.shop.section.horizon_days == 90


def test_a_cutoff_that_is_left_out_is_none(log: Log) -> None:
    assert read_cutoff_of(log, None) is None


def test_a_date_is_a_cutoff_at_its_end_and_end_is_the_end_of_the_data(log: Log) -> None:
    cutoff = read_cutoff_of(log, "2024-02-01")
    assert cutoff is not None
    assert pd.Timestamp(cutoff, unit="us") == pd.Timestamp("2024-02-01 23:59:59.999999")
    assert read_cutoff_of(log, "end") == log.observed_until > cutoff


@pytest.mark.parametrize("text", ["2023-12-31", "2024-03-08"])
def test_a_cutoff_outside_the_data_is_refused(log: Log, text: str) -> None:
    with pytest.raises(InputError, match="an instant within the data"):
        read_cutoff_of(log, text)


def test_a_folder_is_refused_in_place_of_a_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"expected a nextbuy\.toml, got a folder"):
        read_log_of(tmp_path)


def test_copies_of_a_database_are_named_with_their_age_apart_from_the_output(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    rows = [("o1", "c1", "2024-01-05", 1.0), ("o2", "c1", "2024-02-05", 2.0)]
    orders = pd.DataFrame(rows, columns=["order_id", "customer_id", "ordered_at", "amount"])
    with closing(sqlite3.connect(tmp_path / "shop.sqlite")) as database:
        orders.to_sql("orders", database, index=False)
    config = tmp_path / "nextbuy.toml"
    config.write_text(
        "[shop]\nreuse_hours = 1\n[tables.orders]\ndatabase = 'shop.sqlite'\ntable = 'orders'\n"
    )
    read_log_of(config)
    assert capsys.readouterr().err == ""
    read_log_of(config)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("databases as read ")
    assert printed.err.endswith("0.0 hours ago (shop.reuse_hours)\n")
