"""Proposes lines of `nextbuy.toml` with which a column would be read that cannot be read now."""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import duckdb
import msgspec

from features.contract.casts import BLANKS, missing_sql, name_sql, quote, value_sql
from features.contract.raw_table import RawColumn, RawTable
from features.contract.tables import Column
from features.contract.value_format import EPOCHS, ValueFormat
from features.setting_line import SettingLine

_VALUES = 1000  # different values of a column that a format has to read
_MOST = 3  # formats that are proposed where several would do
_OLDEST = 631_152_000_000_000  # 1990: a format that reads older dates is hardly the right one
_DATES = (
    *("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y.%m.%d", "%Y%m%d"),
    *("%d.%m.%y", "%d/%m/%y", "%m/%d/%y", "%d-%m-%y", "%d %b %Y", "%b %d, %Y", "%d-%b-%Y"),
)
# What databases, spreadsheets and pandas write for nothing.
_NOTHING = (
    *("null", "(null)", "\\n", "none", "nil", "nan", "nat", "na", "n/a", "#n/a", "<na>", "-"),
    *("0000-00-00", "0000-00-00 00:00:00", "0000-00-00t00:00:00"),
)
_CLOCKS = ("", "%H:%M", "%H:%M:%S", "%I:%M %p", "%I:%M:%S %p", "%H:%M:%S %z")
_SIGNS = ((".", None), (",", None), (",", "."), (",", " "), (".", ","), (".", " "), (".", "'"))


def propose_lines(
    connection: duckdb.DuckDBPyConnection, raw_table: RawTable, name: str, minor_digits: int
) -> list[SettingLine]:
    """Say which line of `nextbuy.toml` would read a column, or which lines, if several would.

    Parameters
    ----------
    connection : DuckDBPyConnection
        The connection in which the raw table can be read.
    raw_table : RawTable
        The table, its rows unchecked.
    name : str
        A column that holds values which cannot be read.
    minor_digits : int
        Decimals of the currency.

    Returns
    -------
    list of SettingLine
        At most three; none where no format reads all values of the column, or the shop has declared
        one.
    """
    column, raw = raw_table.table[name], raw_table[name]
    plain = ValueFormat(timezone=raw.format.timezone, round=raw.format.round)
    if raw.type not in ("VARCHAR", "BIGINT", "DOUBLE") or raw.format != plain:
        return []
    values = (
        f"SELECT DISTINCT {name_sql(name)} FROM {raw_table.view} WHERE NOT ({missing_sql(raw)}) "
        f"LIMIT {_VALUES}"
    )
    words = _words_for_nothing(connection, raw, values)
    formats = [ValueFormat(timezone=raw.format.timezone)] if words else []
    if column.kind == "instant":
        formats += _instant_formats(raw)
    elif column.kind in ("money", "number", "share"):
        formats += _number_formats(connection, name, values)
    if not formats:
        return []
    formats = [msgspec.structs.replace(how, nulls=words or None) for how in formats]
    unread = [_unread_sql(column, replace(raw, format=how), minor_digits) for how in formats]
    counts = connection.execute(f"SELECT {', '.join(unread)} FROM ({values})").fetchall()[0]
    lines = [_line(name, how) for how, left in zip(formats, counts, strict=True) if not left]
    return [SettingLine(f"tables.{raw_table.table.name}", line) for line in lines[:_MOST]]


def _words_for_nothing(
    connection: duckdb.DuckDBPyConnection, raw: RawColumn, values: str
) -> list[str]:
    """Return the values of a column that other systems write where there is none."""
    if raw.type != "VARCHAR":
        return []
    text = f"trim({name_sql(raw.name)})"
    known = ", ".join(map(quote, _NOTHING))
    query = f"SELECT DISTINCT {text} FROM ({values}) WHERE lower({text}) IN ({known}) ORDER BY 1"
    return [word for (word,) in connection.execute(query).fetchall()]


def _unread_sql(column: Column, raw: RawColumn, minor_digits: int) -> str:
    """Return the SQL of the number of values that a format does not read, or hardly means."""
    value = value_sql(column, raw, minor_digits)
    too_old = f" OR ({value}) < {_OLDEST}" if column.kind == "instant" else ""
    return f"count(*) FILTER (WHERE NOT ({missing_sql(raw)}) AND (({value}) IS NULL{too_old}))"


def _instant_formats(raw: RawColumn) -> Iterator[ValueFormat]:
    """Yield the formats that a column of instants may have."""
    zone = raw.format.timezone
    if raw.type == "VARCHAR":
        for date, clock in product(_DATES, _CLOCKS):
            yield ValueFormat(instant=f"{date} {clock}".strip(), timezone=zone)
    for epoch in EPOCHS:
        yield ValueFormat(instant=epoch, timezone=zone)


def _number_formats(
    connection: duckdb.DuckDBPyConnection, name: str, values: str
) -> Iterator[ValueFormat]:
    """Yield the formats that a column of numbers may have, with the texts around its digits."""
    around = r"'^([^0-9.,+-]*)|([^0-9]*)$'"
    rows = connection.execute(
        f"SELECT DISTINCT trim(sign) FROM (SELECT unnest(regexp_extract_all("
        f"CAST({name_sql(name)} AS VARCHAR), {around})) AS sign FROM ({values})) "
        "WHERE trim(sign) <> '' ORDER BY 1 LIMIT 4"
    ).fetchall()
    strip = [sign for (sign,) in rows] or None
    for decimal, thousands in _SIGNS:
        how = ValueFormat(None, None, None if decimal == "." else decimal, thousands, strip)
        if thousands is None or _is_group_sign(connection, name, values, thousands):
            yield how


def _is_group_sign(
    connection: duckdb.DuckDBPyConnection, name: str, values: str, sign: str
) -> bool:
    """Tell whether a sign stands between groups of digits in any of the values."""
    between = BLANKS if sign == " " else re.escape(sign)
    pattern = quote(rf"\d{between}\d{{3}}")
    text = f"CAST({name_sql(name)} AS VARCHAR)"
    query = f"SELECT bool_or(regexp_matches({text}, {pattern})) FROM ({values})"
    return bool(connection.execute(query).fetchall()[0][0])


def _line(name: str, how: ValueFormat) -> str:
    """Write a format as it stands in `nextbuy.toml`."""
    given = {key: value for key, value in msgspec.structs.asdict(how).items() if value is not None}
    settings = ", ".join(f"{k} = {msgspec.json.encode(v).decode()}" for k, v in given.items())
    return f"formats.{name} = {{{settings}}}"
