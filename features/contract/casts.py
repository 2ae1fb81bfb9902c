"""SQL that turns the raw values of a shop's tables into the types of the contract.

A value that cannot be turned becomes NULL, and the checks report it. In a table that has
passed the checks a NULL is therefore always a value that the shop does not have.
"""

from collections import Counter
from collections.abc import Sequence

from features.contract.tables import Column
from features.windows import INSTANT_TEXT

_FLOATS = ("DOUBLE", "FLOAT")
_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
_TEXT = "VARCHAR"
_EXACT = 2**53  # floats of this size and more are no longer the whole numbers that they came from
_OLDEST = "TIMESTAMPTZ '1800-01-01 00:00:00+00'"  # as in INSTANT_TEXT; before, years are no dates
# How a number is written. DuckDB would also take 1_000 and 0x10 for numbers.
_NUMBER_TEXT = r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*"
_YEAR_TEXT = r"\s*\d{4}(?:\.0)?\s*"
# DuckDB types whose values are never blank text. Most columns of a large log have one of them, and
# to test a value for blanks costs more than everything else that is done with it.
_NEVER_BLANK = (
    *_FLOATS, *_WHOLE, *(f"U{name}" for name in _WHOLE), "BOOLEAN", "UUID",
    "DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP_NS", "TIMESTAMP_MS", "TIMESTAMP_S",
)  # fmt: skip

SQL_TYPES = {
    "id": "VARCHAR",
    "text": "VARCHAR",
    "instant": "BIGINT",
    "money": "BIGINT",
    "number": "DOUBLE",
    "share": "DOUBLE",
    "flag": "BOOLEAN",
    "year": "INTEGER",
}


def quote(text: str) -> str:
    """Return a text as an SQL literal in single quotes."""
    return "'" + text.replace("'", "''") + "'"


def name_sql(name: str) -> str:
    """Return the name of a column or table as an SQL identifier in double quotes."""
    return '"' + name.replace('"', '""') + '"'


def names_equal_in_sql(names: Sequence[str]) -> list[str]:
    """Return the names that SQL cannot tell apart, since it ignores upper and lower case.

    >>> names_equal_in_sql(["attr_Size", "store", "attr_size"])
    ['attr_Size', 'attr_size']
    """
    folded = Counter(name.lower() for name in names)
    return [name for name in names if folded[name.lower()] > 1]


def value_sql(column: Column, name: str, raw_type: str, minor_digits: int) -> str:
    """Return the SQL of a raw value in the type that the contract gives its column.

    Parameters
    ----------
    column : Column
        The column's declaration in the contract.
    name : str
        The column's name in the table that is read.
    raw_type : str
        DuckDB's type of the raw column.
    minor_digits : int
        Decimals of the currency.

    Returns
    -------
    str
        An SQL expression: instants as microseconds UTC, money as whole minor units, NULL where
        the raw value is missing or cannot be turned.
    """
    raw = name_sql(name)
    match column.kind:
        case "id" if raw_type in _FLOATS:  # pandas makes floats of whole ids if one is missing
            whole = f"CAST(TRY_CAST({raw} AS HUGEINT) AS VARCHAR)"
            return f"CASE WHEN {raw} = floor({raw}) AND abs({raw}) < {_EXACT} THEN {whole} END"
        case "id" | "text":
            text = _text_sql(raw, raw_type)
            return f"lower({text})" if column.folded else text
        case "instant":
            return f"epoch_us({_moment_sql(raw, raw_type)})"
        case "money":
            decimal = f"TRY_CAST({_written(raw, raw_type, _NUMBER_TEXT)} AS DECIMAL(30, 6))"
            return f"TRY_CAST(round({decimal} * {10**minor_digits}, 0) AS BIGINT)"
        case "number" | "share":
            number = f"TRY_CAST({_written(raw, raw_type, _NUMBER_TEXT)} AS DOUBLE)"
            return f"CASE WHEN isfinite({number}) THEN {number} END"
        case "year":
            year = f"TRY_CAST({_written(raw, raw_type, _YEAR_TEXT)} AS INTEGER)"
            return f"CASE WHEN {year} BETWEEN 1000 AND 9999 THEN {year} END"
        case _:
            return f"TRY_CAST({raw} AS {SQL_TYPES[column.kind]})"


def missing_sql(name: str, raw_type: str) -> str:
    """Return the SQL condition that a raw value is missing: NULL, or a blank text.

    Parameters
    ----------
    name, raw_type : str
        The column's name, and DuckDB's type of it.
    """
    raw = name_sql(name)
    return f"{raw if raw_type in _NEVER_BLANK else _text_sql(raw, raw_type)} IS NULL"


def always_casts(column: Column, raw_type: str) -> bool:
    """Return whether every value of a raw type can be turned into the type of a column.

    Parameters
    ----------
    column : Column
        The column's declaration in the contract.
    raw_type : str
        DuckDB's type of the raw column.
    """
    return column.kind in ("id", "text") and raw_type not in _FLOATS


def _text_sql(raw: str, raw_type: str) -> str:
    """Return the SQL of a raw value as text without spaces around it; a blank text becomes NULL."""
    text = f"CAST({raw} AS VARCHAR)"
    return text if raw_type in _NEVER_BLANK else f"nullif(trim({text}), '')"


def known_at_sql(name: str, raw_type: str) -> str:
    """Return the SQL of the instant from which a raw instant is known, in microseconds UTC.

    That is the instant itself; of a date without a time it is the end of that local day.

    Parameters
    ----------
    name, raw_type : str
        The name of the raw column with the instant, and DuckDB's type of it.
    """
    raw = name_sql(name)
    moment = _moment_sql(raw, raw_type)
    end_of_day = f"epoch_us(CAST(CAST({moment} AS DATE) + 1 AS TIMESTAMPTZ)) - 1"
    if raw_type == "DATE":
        return end_of_day
    if raw_type == _TEXT:
        bare = f"NOT contains({raw}, ':')"  # a text without a colon has no time of day
        return f"CASE WHEN {bare} THEN {end_of_day} ELSE epoch_us({moment}) END"
    return f"epoch_us({moment})"


def local_day_sql(instant: str) -> str:
    """Return the SQL of the local calendar day of an instant, in days since 1970-01-01.

    Parameters
    ----------
    instant : str
        SQL of an instant in microseconds UTC; the connection's time zone is the shop's.
    """
    return f"CAST(CAST(make_timestamptz({instant}) AS DATE) - DATE '1970-01-01' AS INTEGER)"


def _moment_sql(raw: str, raw_type: str) -> str:
    """Return the SQL of a raw value as a timestamp; a naive one is in the connection's zone.

    A text has to be written as `INSTANT_TEXT` says; what DuckDB reads beyond it is no date here:
    02/01/24, for one, would be a day of the year 2.
    """
    if raw_type != _TEXT:
        moment = f"TRY_CAST({raw} AS TIMESTAMPTZ)"
        return f"CASE WHEN {moment} >= {_OLDEST} THEN {moment} END"
    text = f"trim({raw})"
    # What DuckDB does not read by itself: a decimal comma, a blank before an offset, UTC without.
    plain = f"replace(replace({text}, ',', '.'), 'UTC', 'Z')"
    plain = rf"regexp_replace({plain}, '\s(Z|[+-]\d\d)', '\1')"
    moment = f"coalesce(TRY_CAST({text} AS TIMESTAMPTZ), TRY_CAST({plain} AS TIMESTAMPTZ))"
    return f"CASE WHEN regexp_full_match({text}, {quote(INSTANT_TEXT)}) THEN {moment} END"


def _written(raw: str, raw_type: str, pattern: str) -> str:
    """Return the SQL of a raw value; NULL where it is a text that is not written as a pattern."""
    if raw_type != _TEXT:
        return raw
    return f"CASE WHEN regexp_full_match({raw}, {quote(pattern)}) THEN {raw} END"
