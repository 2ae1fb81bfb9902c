"""SQL that turns the raw values of a shop's tables into the types of the contract.

A value that cannot be turned becomes NULL, and the checks report it. In a table that has
passed the checks a NULL is therefore always a value that the shop does not have.
"""

import re
from collections import Counter
from collections.abc import Sequence

from features.contract.raw_table import RawColumn
from features.contract.tables import Column
from features.contract.value_format import EPOCHS, ValueFormat
from features.windows import INSTANT_TEXT, MAX_INSTANT

_FLOATS = ("DOUBLE", "FLOAT")
_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
_TEXT = "VARCHAR"
_INSTANTS = (
    *("DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE"),
    *("TIMESTAMP_NS", "TIMESTAMP_MS", "TIMESTAMP_S"),
)
_EXACT = 2**53  # floats of this size and more are no longer the whole numbers that they came from
_OLDEST = "TIMESTAMPTZ '1800-01-01 00:00:00+00'"  # as in INSTANT_TEXT; before, years are no dates
# How a number is written. DuckDB would also take 1_000 and 0x10 for numbers.
_NUMBER_TEXT = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_YEAR_TEXT = r"\d{4}(?:\.0)?"
BLANKS = r"[\s\p{Z}]"  # those of spreadsheets, which do not break, included
# DuckDB types whose values are never blank text. Most columns of a large log have one of them, and
# to test a value for blanks costs more than everything else that is done with it.
_NEVER_BLANK = (
    *_FLOATS,
    *_WHOLE,
    *(f"U{name}" for name in _WHOLE),
    "BOOLEAN",
    "UUID",
    *_INSTANTS,
)

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


def value_sql(column: Column, raw: RawColumn, minor_digits: int) -> str:
    """Return the SQL of a raw value in the type that the contract gives its column.

    Parameters
    ----------
    column : Column
        The column's declaration in the contract.
    raw : RawColumn
        The column of the table that is read.
    minor_digits : int
        Decimals of the currency.

    Returns
    -------
    str
        An SQL expression: instants as microseconds UTC, money as whole minor units, NULL where
        the raw value is missing or cannot be turned.
    """
    value, kind = _present_sql(raw)
    match column.kind:
        case "id" if kind in _FLOATS:  # pandas makes floats of whole ids if one is missing
            whole = f"CAST(TRY_CAST({value} AS HUGEINT) AS VARCHAR)"
            is_exact = f"{value} = floor({value}) AND abs({value}) < {_EXACT}"
            return f"CASE WHEN {is_exact} THEN {whole} END"
        case "id" | "text":
            text = _text_sql(value, kind)
            return f"lower({text})" if column.folded else text
        case "instant":
            return f"epoch_us({_moment_sql(raw)})"
        case "money":
            decimal = f"TRY_CAST({_number_sql(raw)} AS DECIMAL(30, 6))"
            return f"TRY_CAST(round({decimal} * {10**minor_digits}, 0) AS BIGINT)"
        case "number" | "share":
            number = f"TRY_CAST({_number_sql(raw)} AS DOUBLE)"
            return f"CASE WHEN isfinite({number}) THEN {number} END"
        case "year":
            year = f"TRY_CAST({_written(value, kind, _YEAR_TEXT)} AS INTEGER)"
            return f"CASE WHEN {year} BETWEEN 1000 AND 9999 THEN {year} END"
        case _:
            return f"TRY_CAST({value} AS {SQL_TYPES[column.kind]})"


def has_more_decimals_sql(raw: RawColumn, minor_digits: int) -> str:
    """Return the SQL condition that an amount has more decimals than its currency.

    The seventh decimal is looked at no more: sums of floats have some.
    """
    decimal = f"TRY_CAST({_number_sql(raw)} AS DECIMAL(30, 6))"
    return f"{decimal} <> round({decimal}, {minor_digits})"


def missing_sql(raw: RawColumn) -> str:
    """Return the SQL condition that a raw value is missing: NULL, a blank text, a word for it."""
    value, kind = _present_sql(raw)
    return f"{value if kind in _NEVER_BLANK else _text_sql(value, kind)} IS NULL"


def always_casts(column: Column, raw: RawColumn) -> bool:
    """Return whether every value of a raw column can be turned into the type of the contract's.

    Parameters
    ----------
    column : Column
        The column's declaration in the contract.
    raw : RawColumn
        The column of the table that is read.
    """
    return column.kind in ("id", "text") and raw.type not in _FLOATS


def known_at_sql(raw: RawColumn) -> str:
    """Return the SQL of the instant from which a raw instant is known, in microseconds UTC.

    That is the instant itself; of a date without a time it is the end of that local day.
    """
    moment = _moment_sql(raw)
    end_of_day = f"epoch_us({_next_day_sql(moment, raw.format)}) - 1"
    if raw.type == "DATE" or raw.format.is_bare_date:
        return end_of_day
    if raw.type == _TEXT and raw.format.instant is None:
        bare = f"NOT contains({name_sql(raw.name)}, ':')"  # without a colon, no time of day
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


def _present_sql(raw: RawColumn) -> tuple[str, str]:
    """Return the SQL of a raw value without words for nothing and declared signs, and its type.

    Only texts have them: a number that became a text would be another id.
    """
    value, declared = name_sql(raw.name), raw.format
    if raw.type != _TEXT or not (declared.nulls or declared.strip):
        return value, raw.type
    text = f"trim({value})"
    if declared.nulls:
        words = ", ".join(quote(word.strip().lower()) for word in declared.nulls)
        text = f"CASE WHEN lower({text}) NOT IN ({words}) THEN {text} END"
    if declared.strip:
        signs = "|".join([BLANKS, *(re.escape(sign) for sign in declared.strip)])
        text = f"regexp_replace({text}, {quote(f'^(?:{signs})+|(?:{signs})+$')}, '', 'g')"
    return text, _TEXT


def _text_sql(value: str, kind: str) -> str:
    """Return the SQL of a value as text without spaces around it; a blank text becomes NULL."""
    text = f"CAST({value} AS VARCHAR)"
    return text if kind in _NEVER_BLANK else f"nullif(trim({text}), '')"


def _number_sql(raw: RawColumn) -> str:
    """Return the SQL of a raw value that DuckDB can cast to a number; else NULL if it is a text."""
    value, kind = _present_sql(raw)
    if kind != _TEXT:
        return value
    decimal, thousands = raw.format.decimal or ".", raw.format.thousands
    if (decimal, thousands) == (".", None):
        return _written(f"trim({value})", kind, _NUMBER_TEXT)
    point = re.escape(decimal)
    group = BLANKS if thousands == " " else re.escape(thousands or "")
    whole = rf"\d+|\d{{1,3}}(?:{group}\d{{3}})+" if thousands else r"\d+"
    text = _written(f"trim({value})", kind, rf"[+-]?(?:{whole})(?:{point}\d*)?|[+-]?{point}\d+")
    if thousands:
        text = f"regexp_replace({text}, {quote(group)}, '', 'g')"
    return f"replace({text}, {quote(decimal)}, '.')"


def _moment_sql(raw: RawColumn) -> str:
    """Return the SQL of a raw value as a timestamp; a naive one is in its column's zone.

    A text has to be written as declared or as `INSTANT_TEXT` says; what DuckDB reads beyond it is
    no date here: 02/01/24, for one, would be a day of the year 2.
    """
    value, kind = _present_sql(raw)
    if raw.format.instant is not None and kind not in _INSTANTS:
        moment = _declared_moment_sql(value, raw.format)
    elif kind == _TEXT:
        return _iso_moment_sql(f"trim({value})", raw.format)
    else:
        moment = _in_zone(f"TRY_CAST({value} AS {_naive(kind)})", kind, raw.format)
    return f"CASE WHEN {moment} >= {_OLDEST} THEN {moment} END"


def _declared_moment_sql(value: str, declared: ValueFormat) -> str:
    """Return the SQL of a value as a timestamp, written as the shop declares it."""
    written = declared.instant or ""
    if written in EPOCHS:
        number = f"TRY_CAST({value} AS DECIMAL(30, 6))"
        instant = f"TRY_CAST(floor({number} * {EPOCHS[written]}) AS BIGINT)"
        is_instant = f"{instant} BETWEEN -{MAX_INSTANT} AND {MAX_INSTANT}"
        return f"CASE WHEN {is_instant} THEN make_timestamptz({instant}) END"
    moment = f"try_strptime(trim(CAST({value} AS VARCHAR)), {quote(written)})"
    return _in_zone(moment, "TIMESTAMP WITH TIME ZONE" if "%z" in written else "", declared)


def _iso_moment_sql(text: str, declared: ValueFormat) -> str:
    """Return the SQL of a text as a timestamp, written as `INSTANT_TEXT` says."""
    # What DuckDB does not read by itself: a decimal comma, a blank before an offset, UTC without.
    plain = f"replace(replace({text}, ',', '.'), 'UTC', 'Z')"
    plain = rf"regexp_replace({plain}, '\s(Z|[+-]\d\d)', '\1')"
    moment = f"coalesce(TRY_CAST({text} AS TIMESTAMPTZ), TRY_CAST({plain} AS TIMESTAMPTZ))"
    if declared.timezone is not None:  # the cast to TIMESTAMP drops an offset
        naive = _in_zone(f"TRY_CAST({text} AS TIMESTAMP)", "", declared)
        has_zone = rf"regexp_matches({text}, ':.*(Z|UTC|[+-])')"
        moment = f"CASE WHEN {has_zone} THEN {moment} ELSE {naive} END"
    return f"CASE WHEN regexp_full_match({text}, {quote(INSTANT_TEXT)}) THEN {moment} END"


def _naive(kind: str) -> str:
    return "TIMESTAMPTZ" if kind == "TIMESTAMP WITH TIME ZONE" else "TIMESTAMP"


def _in_zone(moment: str, kind: str, declared: ValueFormat) -> str:
    """Return the SQL of a timestamp, in the declared zone where it is naive, else the session's."""
    if kind == "TIMESTAMP WITH TIME ZONE":
        return moment
    if declared.timezone is None:
        return f"CAST({moment} AS TIMESTAMPTZ)"
    return f"timezone({quote(declared.timezone)}, {moment})"


def _next_day_sql(moment: str, declared: ValueFormat) -> str:
    """Return the SQL of the begin of the local day after a timestamp's."""
    if declared.timezone is None:
        return f"CAST(CAST({moment} AS DATE) + 1 AS TIMESTAMPTZ)"
    zone = quote(declared.timezone)
    return f"timezone({zone}, CAST(CAST(timezone({zone}, {moment}) AS DATE) + 1 AS TIMESTAMP))"


def _written(value: str, kind: str, pattern: str) -> str:
    """Return the SQL of a value; NULL where it is a text that is not written as a pattern."""
    if kind != _TEXT:
        return value
    return f"CASE WHEN regexp_full_match({value}, {quote(pattern)}) THEN {value} END"
