"""SQL that turns a shop's raw values into the contract's types.

A value that cannot be turned becomes NULL, which the checks then report: after the checks a
NULL is a missing value and nothing else.
"""

from collections import Counter
from collections.abc import Sequence

from features.contract.tables import Column

_FLOATS = ("DOUBLE", "FLOAT")
_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
# Types whose text is never blank: most rows of a large log, and text costs more than the rest.
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
    """Quote a string as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def name_sql(name: str) -> str:
    """Quote a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def names_equal_in_sql(names: Sequence[str]) -> list[str]:
    """List the names that SQL takes for another one: it does not see upper and lower case.

    >>> same_names(["attr_Size", "store", "attr_size"])
    ['attr_Size', 'attr_size']
    """
    folded = Counter(name.lower() for name in names)
    return [name for name in names if folded[name.lower()] > 1]


def value_sql(column: Column, name: str, found_type: str, minor_digits: int) -> str:
    """Write the value of a column in its contract's type; instants in microseconds UTC."""
    raw = name_sql(name)
    match column.kind:
        case "id" if found_type in _FLOATS:  # pandas turns whole ids with gaps into floats
            whole = f"CAST(TRY_CAST({raw} AS HUGEINT) AS VARCHAR)"
            return f"CASE WHEN {raw} = floor({raw}) THEN {whole} END"
        case "id" | "text":
            text = _text_sql(raw, found_type)
            return f"lower({text})" if column.folded else text
        case "instant":
            return f"epoch_us({_moment_sql(raw)})"
        case "money":
            decimal = f"TRY_CAST({raw} AS DECIMAL(30, 6))"
            return f"TRY_CAST(round({decimal} * {10**minor_digits}, 0) AS BIGINT)"
        case "number" | "share":
            number = f"TRY_CAST({raw} AS DOUBLE)"
            return f"CASE WHEN isfinite({number}) THEN {number} END"
        case _:
            return f"TRY_CAST({raw} AS {SQL_TYPES[column.kind]})"


def missing_sql(name: str, found_type: str) -> str:
    """Write the condition that a raw value is missing."""
    raw = name_sql(name)
    return f"{raw if found_type in _NEVER_BLANK else _text_sql(raw, found_type)} IS NULL"


def always_casts(column: Column, found_type: str) -> bool:
    """Say whether every value of a raw type that is not missing has one in the contract's."""
    return column.kind in ("id", "text") and found_type not in _FLOATS


def _text_sql(raw: str, found_type: str) -> str:
    text = f"CAST({raw} AS VARCHAR)"
    return text if found_type in _NEVER_BLANK else f"nullif(trim({text}), '')"


def known_at_sql(name: str, found_type: str) -> str:
    """Write when an instant is known: itself, or the end of its local day for a bare date."""
    raw = name_sql(name)
    end_of_day = f"epoch_us(CAST(CAST({_moment_sql(raw)} AS DATE) + 1 AS TIMESTAMPTZ)) - 1"
    if found_type == "DATE":
        return end_of_day
    if found_type == "VARCHAR":
        bare = f"NOT contains({raw}, ':')"  # however the date is written, no time is in it
        return f"CASE WHEN {bare} THEN {end_of_day} ELSE epoch_us({_moment_sql(raw)}) END"
    return f"epoch_us({_moment_sql(raw)})"


def local_day_sql(instant: str) -> str:
    """Write the local calendar day of an instant, in days since 1970-01-01."""
    return f"CAST(CAST(make_timestamptz({instant}) AS DATE) - DATE '1970-01-01' AS INTEGER)"


def _moment_sql(raw: str) -> str:
    """Write the moment of a raw value; the connection's time zone reads the naive ones."""
    return f"TRY_CAST({raw} AS TIMESTAMPTZ)"
