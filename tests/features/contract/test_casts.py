"""Raw values in the types of the contract, each turned by SQL as it stands in a file."""

from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.contract.casts import known_at_sql, missing_sql, name_sql, quote, value_sql
from features.contract.raw_table import RawColumn
from features.contract.tables import CUSTOMERS, ORDER_LINES, ORDERS, Table
from features.contract.value_format import PLAIN, ValueFormat
from features.errors import InputError
from features.log.log import read_log
from features.shop.shop import read_shop
from features.windows import read_cutoff

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


_READER = duckdb.connect()
_READER.execute("SET TimeZone = 'Europe/Berlin'")


def _value(
    table: Table,
    name: str,
    raw: str,
    sql_type: str = "VARCHAR",
    digits: int = 2,
    how: ValueFormat = PLAIN,
) -> Any:
    """Return a raw value (in SQL) in the type of a column, read in Berlin's zone."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'Europe/Berlin'")
    value = value_sql(table[name], RawColumn(name, sql_type, how), digits)
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
        ("ordered_at", "'2024-01-05 00:00:00 +0100'", 1_704_409_200_000_000),
        ("ordered_at", "' 2024-01-05 0:00:00,5 +01:00'", 1_704_409_200_500_000),
        ("ordered_at", "'2024-01-04 23:00 UTC'", 1_704_409_200_000_000),
        ("ordered_at", "'2024-01-04T23:00UTC'", 1_704_409_200_000_000),
        ("ordered_at", "'2024/1/5'", 1_704_409_200_000_000),
        ("ordered_at", "'02/01/24'", None),
        ("ordered_at", "'05-01-24 10:30'", None),
        ("ordered_at", "'0001-01-01'", None),
        ("ordered_at", "'epoch'", None),
        ("ordered_at", "'infinity'", None),
        ("ordered_at", "'2024-02-30'", None),
        ("amount", "'1_000'", None),
        ("amount", "'1e3'", 100_000),
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
    known = known_at_sql(RawColumn("at", sql_type))
    query = f"SELECT {known} FROM (SELECT CAST({raw} AS {sql_type}) AS at)"
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
    condition = missing_sql(RawColumn("x", sql_type))
    query = f"SELECT {condition} FROM (SELECT CAST({raw} AS {sql_type}) AS x)"
    assert duckdb.connect().execute(query).fetchall() == [(missing,)]


def test_quotes_in_texts_and_names_stay_what_they_are() -> None:
    query = f"""SELECT {quote("it's")} AS {name_sql('a "b"')}"""
    result = duckdb.connect().execute(query)
    assert (result.description[0][0], result.fetchall()) == ('a "b"', [("it's",)])


@pytest.mark.parametrize(
    ("raw", "sql_type", "year"),
    [
        ("'1985'", "VARCHAR", 1985),
        ("1985.0", "DOUBLE", 1985),
        ("'1985.0'", "VARCHAR", 1985),
        ("'19850302'", "VARCHAR", None),
        ("19850302", "BIGINT", None),
        ("'85'", "VARCHAR", None),
        ("'0x7C1'", "VARCHAR", None),
    ],
)
def test_a_year_has_four_digits(raw: str, sql_type: str, year: int | None) -> None:
    assert _value(CUSTOMERS, "birth_year", raw, sql_type) == year


def test_an_id_that_a_float_cannot_hold_is_none() -> None:
    assert _value(ORDERS, "customer_id", "9007199254740991", "DOUBLE") == "9007199254740991"
    assert _value(ORDERS, "customer_id", "630000000000000017", "DOUBLE") is None
    assert _value(ORDERS, "customer_id", "630000000000000017", "BIGINT") == "630000000000000017"


def test_an_instant_of_a_year_that_is_none_is_none() -> None:
    assert _value(ORDERS, "ordered_at", "'0024-01-05 10:00:00'", "TIMESTAMP") is None
    assert _value(ORDERS, "ordered_at", "'0001-01-01'", "DATE") is None


_DAYS = st.one_of(
    st.dates(date(1790, 1, 1), date(2200, 1, 1)).map(str),
    st.from_regex(r"[0-9]{1,4}[-/][0-9]{1,2}[-/][0-9]{1,4}", fullmatch=True),
)
_CLOCKS = st.from_regex(
    r"(|[T ]{1,2}[0-2]?[0-9](:[0-6][0-9](:[0-6][0-9]([.,][0-9]{1,9})?)?)?"
    r"( ?(Z|UTC|[+-][01][0-9]:?([0-6][0-9])?))?)",
    fullmatch=True,
)


@given(day=_DAYS, clock=_CLOCKS)
@settings(max_examples=400)
def test_files_and_arguments_have_one_reader_of_instants(day: str, clock: str) -> None:
    """Compare what SQL makes of the text of a file with what Python makes of an argument."""
    text = day + clock
    try:
        read = read_cutoff(text, ZoneInfo("Europe/Berlin"))
    except InputError:
        read = None
    (known,) = _READER.execute(
        f"SELECT {known_at_sql(RawColumn('at', 'VARCHAR'))} FROM (SELECT $1 AS at)", [text]
    ).fetchone()
    assert known == read
