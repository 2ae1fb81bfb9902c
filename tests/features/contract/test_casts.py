"""Raw values in the types of the contract, each turned by SQL as it stands in a file."""

from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from features.contract.casts import known_at_sql, missing_sql, name_sql, quote, value_sql
from features.contract.tables import ORDER_LINES, ORDERS, Table
from features.log.log import read_log
from features.shop.shop import read_shop

GOOD = pd.DataFrame(
    {
        "order_id": ["a", "b", "c"],
        "customer_id": ["x", "y", "x"],
        "ordered_at": ["2024-01-05", "2024-01-06 10:00:00", "2024-01-07T10:00:00Z"],
        "amount": ["10.50", "0", "7.25"],
    }
)


def test_whole_ids_that_pandas_made_floats_stay_whole(tmp_path: Path) -> None:
    frame = GOOD.assign(customer_id=[17841.0, 12680.0, 17841.0], amount=[1.0, 2.0, 3.0])
    frame.to_parquet(tmp_path / "orders.parquet")
    (tmp_path / "nextbuy.toml").write_text('[tables.orders]\npath = "orders.parquet"\n')
    log = read_log(read_shop(tmp_path / "nextbuy.toml"))
    ids = log.connection.execute("SELECT DISTINCT customer_id FROM orders ORDER BY 1").fetchall()
    assert ids == [("12680",), ("17841",)]


def _value(table: Table, name: str, raw: str, sql_type: str = "VARCHAR", digits: int = 2) -> Any:
    """Return a raw value (in SQL) in the type of a column, read in Berlin's zone."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'Europe/Berlin'")
    value = value_sql(table[name], name, sql_type, digits)
    (row,) = connection.execute(
        f'SELECT {value} FROM (SELECT CAST({raw} AS {sql_type}) AS "{name}")'
    ).fetchall()
    return row[0]


@pytest.mark.parametrize(
    ("name", "raw", "value"),
    [
        ("order_id", "' a-1 '", "a-1"),
        ("order_id", "'  '", None),
        ("store", "'North'", "north"),
        ("amount", "'10.505'", 1051),
        ("amount", "'ten'", None),
        ("ordered_at", "'2024-01-05'", 1_704_409_200_000_000),
        ("ordered_at", "'2024-01-04T23:00:00Z'", 1_704_409_200_000_000),
        ("ordered_at", "'soon'", None),
    ],
)
def test_a_text_is_turned_or_becomes_null(name: str, raw: str, value: object) -> None:
    assert _value(ORDERS, name, raw) == value


@pytest.mark.parametrize(("raw", "value"), [("3.0", "3"), ("3.5", None)])
def test_an_id_that_is_a_float_is_a_whole_number_or_null(raw: str, value: str | None) -> None:
    assert _value(ORDERS, "order_id", raw, "DOUBLE") == value


@pytest.mark.parametrize("raw", ["'inf'", "'nan'"])
def test_a_number_that_is_not_finite_is_null(raw: str) -> None:
    assert _value(ORDER_LINES, "quantity", raw, "DOUBLE") is None


@pytest.mark.parametrize(
    ("raw", "sql_type", "known_at"),
    [
        ("'2024-01-05'", "VARCHAR", 1_704_495_599_999_999),
        ("'2024-01-05'", "DATE", 1_704_495_599_999_999),
        ("'2024-01-05 00:00:00'", "VARCHAR", 1_704_409_200_000_000),
        ("'2024-01-05 00:00:00'", "TIMESTAMP", 1_704_409_200_000_000),
    ],
)
def test_a_bare_date_is_known_at_the_end_of_its_day(raw: str, sql_type: str, known_at: int) -> None:
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'Europe/Berlin'")
    query = f"SELECT {known_at_sql('at', sql_type)} FROM (SELECT CAST({raw} AS {sql_type}) AS at)"
    assert connection.execute(query).fetchall() == [(known_at,)]


@pytest.mark.parametrize(
    ("raw", "sql_type", "missing"),
    [
        ("NULL", "VARCHAR", True),
        ("' '", "VARCHAR", True),
        ("0", "INTEGER", False),
        ("NULL", "INTEGER", True),
    ],
)
def test_null_and_blank_text_are_missing(raw: str, sql_type: str, missing: bool) -> None:
    query = f"SELECT {missing_sql('x', sql_type)} FROM (SELECT CAST({raw} AS {sql_type}) AS x)"
    assert duckdb.connect().execute(query).fetchall() == [(missing,)]


def test_quotes_in_texts_and_names_stay_what_they_are() -> None:
    query = f"""SELECT {quote("it's")} AS {name_sql('a "b"')}"""
    result = duckdb.connect().execute(query)
    assert (result.description[0][0], result.fetchall()) == ('a "b"', [("it's",)])
