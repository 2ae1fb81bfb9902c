"""Declared formats: what is written in one is read back, and one wrong value is refused."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.contract.casts import known_at_sql, value_sql
from features.contract.currency import Currency
from features.contract.raw_table import RawColumn, RawTable
from features.contract.row_checks import find_row_faults
from features.contract.tables import ORDERS
from features.contract.value_format import PLAIN, ValueFormat, instant_fault
from features.errors import InputError
from features.log.log import read_log
from features.shop.shop import read_shop
from features.windows import end_of_day, to_instant

ZONE = ZoneInfo("Europe/Berlin")
NOW = to_instant(datetime(2040, 1, 1), ZONE)
_MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2039, 1, 1)).map(
    lambda moment: moment.replace(microsecond=0, hour=12)  # no hour that a clock skips or repeats
)
_CENTS = st.integers(0, 10**9)


def _connect() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(f"SET TimeZone = '{ZONE.key}'")
    return connection


CONNECTION = _connect()


def _table(name: str, values: list[str], how: ValueFormat) -> RawTable:
    """Register a table with one column of texts, as it stands in a file."""
    CONNECTION.register("raw", pa.table({name: pa.array(values, pa.string())}))
    return RawTable(ORDERS, "raw", {name: "VARCHAR"}, {name: how})


def _read(name: str, values: list[str], how: ValueFormat) -> list[int | None]:
    raw = _table(name, values, how)
    query = f"SELECT {value_sql(ORDERS[name], raw[name], 2)} FROM raw"
    return [value for (value,) in CONNECTION.execute(query).fetchall()]


def _faults(name: str, values: list[str], how: ValueFormat) -> list[str]:
    raw = _table(name, values, how)
    return [str(f) for f in find_row_faults(CONNECTION, raw, Currency("EUR"), NOW)]


@pytest.mark.parametrize("zone", [None, "UTC", "America/New_York"])
@pytest.mark.parametrize(
    "written",
    [
        "%d.%m.%Y %H:%M:%S",
        "%d/%m/%y %H:%M:%S",
        "%m/%d/%Y %I:%M:%S %p",
        "%Y%m%d%H%M%S",
        "%d %b %Y, %H:%M:%S",
    ],
)
@given(moments=st.lists(_MOMENTS, min_size=1, max_size=20))
@settings(max_examples=15)
def test_local_times_are_read_back_in_their_zone(
    written: str, zone: str | None, moments: list[datetime]
) -> None:
    how = ValueFormat(instant=written, timezone=zone)
    texts = [moment.strftime(written) for moment in moments]
    expected = [to_instant(moment, ZoneInfo(zone) if zone else ZONE) for moment in moments]
    assert _read("ordered_at", texts, how) == expected
    (fault,) = _faults("ordered_at", [*texts, "2024-01-01 10:00"], how)
    assert f"row {len(texts) + 1}: '2024-01-01 10:00'" in fault


@pytest.mark.parametrize("written", ["%d.%m.%Y", "%m/%d/%y", "%Y%m%d"])
@given(moments=st.lists(_MOMENTS, min_size=1, max_size=20))
@settings(max_examples=15)
def test_declared_dates_are_known_at_the_end_of_their_day(
    written: str, moments: list[datetime]
) -> None:
    raw = _table("ordered_at", [m.strftime(written) for m in moments], ValueFormat(instant=written))
    rows = CONNECTION.execute(f"SELECT {known_at_sql(raw['ordered_at'])} FROM raw").fetchall()
    days = [(moment.date() - datetime(1970, 1, 1).date()).days for moment in moments]
    assert [known for (known,) in rows] == [end_of_day(day, ZONE) for day in days]


@pytest.mark.parametrize(
    ("epoch", "per_second"),
    [("epoch_s", 1), ("epoch_ms", 10**3), ("epoch_us", 10**6), ("epoch_ns", 10**9)],
)
@given(moments=st.lists(_MOMENTS, min_size=1, max_size=20))
@settings(max_examples=15)
def test_epochs_are_read_back(epoch: str, per_second: int, moments: list[datetime]) -> None:
    seconds = [round(m.replace(tzinfo=UTC).timestamp()) for m in moments]
    texts = [str(second * per_second) for second in seconds]
    how = ValueFormat(instant=epoch)
    assert _read("ordered_at", texts, how) == [second * 10**6 for second in seconds]
    (fault,) = _faults("ordered_at", [*texts, "yesterday"], how)
    assert "'yesterday'" in fault


def test_offsets_count_where_a_zone_is_declared_for_the_others() -> None:
    how = ValueFormat(timezone="UTC")
    texts = ["2024-07-01 10:00", "2024-07-01 12:00 +0200", "2024-07-01T10:00:00Z"]
    assert _read("ordered_at", texts, how) == [1_719_828_000_000_000] * 3
    with_offset = ValueFormat(instant="%d/%b/%Y:%H:%M:%S %z", timezone="Asia/Tokyo")
    assert _read("ordered_at", ["01/Jul/2024:12:00:00 +0200"], with_offset) == [
        1_719_828_000_000_000
    ]


@pytest.mark.parametrize("signs", [[], ["€"], ["EUR", "zł"], ["$"]])
@pytest.mark.parametrize(
    ("decimal", "thousands"),
    [
        (".", None),
        (",", None),
        (",", "."),
        (",", " "),
        (".", ","),
        (".", "'"),
        (",", "\N{NO-BREAK SPACE}"),
    ],
)
@given(cents=st.lists(_CENTS, min_size=1, max_size=20))
@settings(max_examples=15)
def test_amounts_are_read_back_in_every_declared_format(
    decimal: str, thousands: str | None, signs: list[str], cents: list[int]
) -> None:
    how = ValueFormat(decimal=decimal, thousands=thousands, strip=signs or None)
    texts = []
    for number, amount in enumerate(cents):
        text = f"{Decimal(amount) / 100:,.2f}".replace(".", "#").replace(",", thousands or "")
        sign = signs[number % len(signs)] if signs else ""
        text = text.replace("#", decimal)
        texts.append(f"{sign} {text}" if number % 2 else f"{text}\N{NO-BREAK SPACE}{sign}".strip())
    assert _read("amount", texts, how) == cents
    wrong = f"12{',' if decimal == '.' else '.'}5"
    (fault,) = _faults("amount", [*texts, wrong], how)
    assert f"row {len(texts) + 1}: '{wrong}'" in fault


def test_words_for_nothing_are_missing_and_signs_come_off_ids() -> None:
    nulls = ValueFormat(nulls=["NULL", "n/a"])
    assert _read("amount", ["null", " N/A ", "5"], nulls) == [None, None, 500]
    (fault,) = _faults("amount", ["null", "5"], nulls)
    assert "a value in every row" in fault
    assert _read("order_id", ["'00123", "17.0"], ValueFormat(strip=["'", ".0"])) == ["00123", "17"]


def test_numbers_have_no_words_for_nothing_and_their_ids_stay_whole() -> None:
    how = ValueFormat(nulls=["NULL"], strip=["#"])
    raw = RawColumn("customer_id", "DOUBLE", how)
    value = value_sql(ORDERS["customer_id"], raw, 2)
    query = f"SELECT {value} FROM (SELECT CAST(17841 AS DOUBLE) AS customer_id)"
    assert CONNECTION.execute(query).fetchall() == [("17841",)]


@pytest.mark.parametrize(
    ("values", "line"),
    [
        (["14.05.2026 11:20"], '{instant = "%d.%m.%Y %H:%M"}'),
        (["1/25/2024 1:05 PM"], '{instant = "%m/%d/%Y %I:%M %p"}'),
        (["1715693025123456"], '{instant = "epoch_us"}'),
        (["1715693025"], '{instant = "epoch_s"}'),
        (["20240114"], '{instant = "%Y%m%d"}'),
    ],
)
def test_a_column_of_dates_that_cannot_be_read_names_the_line_that_would(
    values: list[str], line: str
) -> None:
    (fault,) = _faults("ordered_at", values, ValueFormat())
    assert fault.endswith(f"Add to [tables.orders]: formats.ordered_at = {line}.")


def test_dates_that_may_be_either_are_refused_with_both_lines() -> None:
    (fault,) = _faults("ordered_at", ["02/01/2024", "03/04/2024"], ValueFormat())
    assert 'formats.ordered_at = {instant = "%d/%m/%Y"}, or ' in fault
    assert 'formats.ordered_at = {instant = "%m/%d/%Y"}.' in fault


@pytest.mark.parametrize(
    ("values", "line"),
    [
        (["1.234,50 zł", "12,00 zł"], '{decimal = ",", thousands = ".", strip = ["zł"]}'),
        (["$12.50"], '{strip = ["$"]}'),
        (["1 234,00"], '{decimal = ",", thousands = " "}'),
        (["1,234.50"], '{thousands = ","}'),
    ],
)
def test_a_column_of_money_that_cannot_be_read_names_the_line_that_would(
    values: list[str], line: str
) -> None:
    (fault,) = _faults("amount", values, ValueFormat())
    assert fault.endswith(f"Add to [tables.orders]: formats.amount = {line}.")


def test_the_lines_that_an_error_proposes_read_the_file(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(
        "order_id;customer_id;ordered_at;amount\n"
        "1;a;14.05.2024 11:20;1.234,50 zł\n"
        "2;b;03.04.2024 09:00;12,00 zł\n"
    )
    config = tmp_path / "nextbuy.toml"
    config.write_text('[tables.orders]\npath = "orders.csv"\n')
    with pytest.raises(InputError) as error:
        read_log(read_shop(config))
    remedies = [fault.remedy for fault in error.value.faults]
    lines = [remedy.removeprefix("Add to [tables.orders]: ").rstrip(".") for remedy in remedies]
    config.write_text("\n".join([config.read_text(), *lines]))
    log = read_log(read_shop(config))
    assert log.fetch("SELECT amount FROM orders ORDER BY order_id") == [(123450,), (1200,)]
    log.close()


def test_a_column_has_its_own_format_before_that_of_its_table(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(
        "order_id,customer_id,ordered_at,amount,cancelled_at,discount\n"
        "1,a,14.05.2024,5.00,NULL,1.00\n2,b,15.05.2024,6.00,20240516,NULL\n"
    )
    config = tmp_path / "nextbuy.toml"
    config.write_text(
        '[tables.orders]\npath = "orders.csv"\nformat = {instant = "%d.%m.%Y", nulls = ["NULL"]}\n'
        'formats.cancelled_at = {instant = "%Y%m%d"}\n'
    )
    log = read_log(read_shop(config))
    rows = log.fetch("SELECT cancelled_at IS NULL, discount FROM orders ORDER BY order_id")
    assert rows == [(True, 100), (False, None)]
    log.close()


@pytest.mark.parametrize(
    ("setting", "where"),
    [
        ('format = {instant = "dd.mm.yyyy"}', "tables.orders.format.instant"),
        ('format = {timezone = "Berlin"}', "tables.orders.format.timezone"),
        ('formats.amount = {decimal = ";"}', "tables.orders.formats.amount.decimal"),
        ('formats.amount = {thousands = "."}', "tables.orders.formats.amount.thousands"),
        ('formats.total = {decimal = ","}', "tables.orders.formats.total"),
    ],
)
def test_a_wrong_format_is_refused_by_name(tmp_path: Path, setting: str, where: str) -> None:
    config = tmp_path / "nextbuy.toml"
    config.write_text(f'[tables.orders]\npath = "orders.csv"\n{setting}\n')
    with pytest.raises(InputError) as error:
        read_shop(config)
    assert [fault.where for fault in error.value.faults] == [where]


@pytest.mark.parametrize("declared", ["%H:%M", "%d.%m", "%Q.%m.%Y", "dd.mm.yyyy", ""])
def test_a_format_that_makes_no_date_is_refused(declared: str) -> None:
    assert instant_fault(declared) is not None


def test_amounts_whose_point_may_stand_for_thousands_are_refused_until_declared() -> None:
    values = ["20.520", "1.234.000", "500"]
    (fault,) = _faults("amount", ["20.520", "500"], PLAIN)
    assert "read in one way only, got 1 row" in fault and "'20.520'" in fault
    assert 'formats.amount = {decimal = ",", thousands = "."} if 1.234 means 1234' in fault
    as_thousands = ValueFormat(decimal=",", thousands=".")
    assert _read("amount", values, as_thousands) == [2_052_000, 123_400_000, 50_000]
    as_decimals = ValueFormat(decimal=".")
    assert _faults("amount", ["20.520", "500"], as_decimals) == []
    assert _read("amount", ["20.520"], as_decimals) == [2052]


@pytest.mark.parametrize("other", ["5.25", "5.5", "0.1200", "7."])
def test_amounts_with_other_decimals_beside_them_are_clear(other: str) -> None:
    assert _faults("amount", ["20.520", other], PLAIN) == []


@pytest.mark.parametrize(
    ("values", "refused"),
    [
        (["12.34", "12.345"], True),
        (["12.3456"], True),
        (["12.3400", "5"], False),
        (["0.30000000000000004", "5.1"], False),
    ],
)
def test_more_decimals_than_the_currency_has_are_refused_until_they_may_be_rounded(
    values: list[str], refused: bool
) -> None:
    faults = _faults("amount", values, PLAIN)
    assert bool(faults) == refused
    assert all("formats.amount = {round = true}" in fault for fault in faults)
    assert _faults("amount", values, ValueFormat(round=True)) == []


@pytest.mark.parametrize(
    ("values", "line"),
    [
        (["2025-01-02", "0000-00-00"], 'formats.cancelled_at = {nulls = ["0000-00-00"]}'),
        (
            ["14.05.2024", "NULL", r"\N"],
            r'formats.cancelled_at = {instant = "%d.%m.%Y", nulls = ["NULL","\\N"]}',
        ),
    ],
)
def test_words_for_nothing_are_proposed(values: list[str], line: str) -> None:
    (fault,) = _faults("cancelled_at", values, PLAIN)
    assert fault.endswith(f"Add to [tables.orders]: {line}.")
