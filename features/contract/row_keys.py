"""What makes two rows of a table the same row: its key, as a number that fits into a float.

Every key of a row is defined here and nowhere else: by `key_columns`, by `needed_columns` and by
the columns of a statement. Each definition is written once for DuckDB over whole tables and once
for a posted row, and a test holds the two together.
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
    """Name the columns that say which row it is; none for a table without ids.

    The lines of an order have one key: they come, and count, together.
    """
    return ("order_id",) if table.name == "order_lines" else table.key


def row_columns(table: Table) -> tuple[str, ...]:
    """Name the columns that say which row it is where it carries no id: all that it says."""
    return tuple(c.name for c in table.columns if not c.pattern and c.name != "known_at")


def account_of(row: Mapping[str, Any]) -> str:
    """Name the account of a row: ids of different systems are different accounts.

    >>> account_of({"customer_id": "17", "source": "till"})
    'till:17'
    """
    source = row.get("source")
    return str(row["customer_id"]) if source is None else f"{source}:{row['customer_id']}"


def needed_columns(table: Table) -> tuple[str, ...]:
    """Name the columns of the key without which a row is identified by all that it says.

    A row may lack its source, which then is one of its own, and the clock of a statement.
    """
    may_lack = ("source", table.happened)
    return tuple(n for n in key_columns(table) if not table[n].required and n not in may_lack)


def key_sql(table: Table) -> str:
    """Write the key of a row of a typed table; a 53-bit number."""
    key, needed = key_columns(table), needed_columns(table)
    if not key:
        return hash_sql(row_columns(table))
    if not needed:
        return hash_sql(key)
    there = " AND ".join(f"{name_sql(name)} IS NOT NULL" for name in needed)
    return f"CASE WHEN {there} THEN {hash_sql(key)} ELSE {hash_sql(row_columns(table))} END"


def statement_key_sql(column: str) -> str:
    """Write the key of one statement of a customer row: about an attribute, or a channel.

    Parameters
    ----------
    column : str
        The column that says what the statement is about.
    """
    return hash_sql((*_STATEMENT_COLUMNS, column))


def statement_key(row: Mapping[str, Any], about: str | None) -> int:
    """Compute the key of one statement of a customer row, as `statement_key_sql` does."""
    return hash_values([*(row[name] for name in _STATEMENT_COLUMNS), about])


def hash_sql(columns: Sequence[str]) -> str:
    """Write the 53-bit hash of some columns of a row."""
    texts = ", ".join(f"coalesce(CAST({name_sql(name)} AS VARCHAR), '')" for name in columns)
    return f"(md5_number_lower(concat_ws(chr(31), {texts})) & {(1 << _BITS) - 1})"


def row_key(table: Table, row: Mapping[str, Any]) -> int:
    """Compute the key of one row, its values in the contract's types."""
    key = key_columns(table)
    has_key = bool(key) and all(row.get(name) is not None for name in needed_columns(table))
    return hash_values([row.get(name) for name in (key if has_key else row_columns(table))])


def hash_values(values: Sequence[Any]) -> int:
    """Compute the 53-bit hash of some values.

    >>> hash_values(["o1"]) == hash_values(["o2"])
    False
    """
    digest = hashlib.md5(_SEPARATOR.join(map(_text, values)).encode(), usedforsecurity=False)
    return int.from_bytes(digest.digest()[8:], "little") & ((1 << _BITS) - 1)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
