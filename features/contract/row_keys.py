"""The key of a row: a number that is equal for two rows if they are the same row.

A key has 53 bits, so that it is exact as a float. `key_sql` computes it for whole tables in
DuckDB and `row_key` for one posted row in Python; a test checks that they agree.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from features.contract.casts import name_sql
from features.contract.tables import Table

_BITS = 53  # exact as a float64
_SEPARATOR = "\x1f"
_STATEMENT_COLUMNS = ("customer_id", "known_at")  # and what the statement is about


def key_columns(table: Table) -> tuple[str, ...]:
    """Return the columns that identify a row of a table; none for a table whose rows carry no id.

    All lines of an order have the key of the order: they are read, and counted, together.
    """
    return ("order_id",) if table.name == "order_lines" else table.key


def row_columns(table: Table) -> tuple[str, ...]:
    """Return the columns that identify a row without an id: all but when it was known."""
    return tuple(c.name for c in table.columns if not c.pattern and c.name != "known_at")


def account_of(row: Mapping[str, Any]) -> str:
    """Return the account of a row: `source:customer_id`, or the bare id if the row has no source.

    The same id in two systems is two accounts.

    >>> account_of({"customer_id": "17", "source": "till"})
    'till:17'
    """
    source = row.get("source")
    return str(row["customer_id"]) if source is None else f"{source}:{row['customer_id']}"


def needed_columns(table: Table) -> tuple[str, ...]:
    """Return the columns of the key without which a row is identified by all of its values.

    A row may lack its source, which then is a source of its own, and the clock of a statement.
    """
    may_lack = ("source", table.happened)
    return tuple(n for n in key_columns(table) if not table[n].required and n not in may_lack)


def key_sql(table: Table) -> str:
    """Return the SQL of the key of a row of a checked table: a whole number of 53 bits."""
    key, needed = key_columns(table), needed_columns(table)
    if not key:
        return hash_sql(row_columns(table))
    if not needed:
        return hash_sql(key)
    there = " AND ".join(f"{name_sql(name)} IS NOT NULL" for name in needed)
    return f"CASE WHEN {there} THEN {hash_sql(key)} ELSE {hash_sql(row_columns(table))} END"


def statement_key_sql(column: str) -> str:
    """Return the SQL of the key of one statement: a whole number of 53 bits.

    A row of the table customers makes a statement about each attribute or channel. Its key is made
    of the customer's id, the instant at which the row was known, and what it is about.

    Parameters
    ----------
    column : str
        The column that says what the statement is about: an attribute, or a channel.
    """
    return hash_sql((*_STATEMENT_COLUMNS, column))


def statement_key(row: Mapping[str, Any], about: str | None) -> int:
    """Compute the key of one statement of a customer row, as `statement_key_sql` does."""
    return hash_values([*(row[name] for name in _STATEMENT_COLUMNS), about])


def hash_sql(columns: Sequence[str]) -> str:
    """Return the SQL of the hash of some columns of a row: a whole number of 53 bits."""
    texts = ", ".join(f"coalesce(CAST({name_sql(name)} AS VARCHAR), '')" for name in columns)
    return f"(md5_number_lower(concat_ws(chr(31), {texts})) & {(1 << _BITS) - 1})"


def row_key(table: Table, row: Mapping[str, Any]) -> int:
    """Compute the key of one row, whose values are in the contract's types: a number of 53 bits.

    Parameters
    ----------
    table : Table
        The table of the row.
    row : mapping of str to value
        The row's values by column; columns may be left out.
    """
    key = key_columns(table)
    has_key = bool(key) and all(row.get(name) is not None for name in needed_columns(table))
    return hash_values([row.get(name) for name in (key if has_key else row_columns(table))])


def hash_values(values: Sequence[Any]) -> int:
    """Compute the hash of some values, equal to that of `hash_sql`: a whole number of 53 bits.

    >>> hash_values(["o1"]) == hash_values(["o2"])
    False
    """
    digest = hashlib.md5(_SEPARATOR.join(map(_text, values)).encode(), usedforsecurity=False)
    return int.from_bytes(digest.digest()[8:], "little") & ((1 << _BITS) - 1)


def _text(value: Any) -> str:
    """Return a value as the text that DuckDB casts it to; a missing one is an empty text."""
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
