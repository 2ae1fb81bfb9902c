"""Row keys: whole tables in DuckDB and single posted rows are given the same key."""

from collections.abc import Iterator
from itertools import chain, combinations
from typing import Any

import duckdb
import pytest

from features.contract.casts import SQL_TYPES, name_sql
from features.contract.row_keys import (
    hash_sql,
    hash_values,
    key_columns,
    key_sql,
    row_columns,
    row_key,
    statement_key,
    statement_key_sql,
)
from features.contract.tables import TABLES, Table

_VALUES = {"BIGINT": 1_700_000_000_000_000, "DOUBLE": 2.5, "BOOLEAN": True, "INTEGER": 1980}


def _rows(table: Table) -> Iterator[dict[str, Any]]:
    """Make a whole row, and rows that lack some of the optional columns of its key."""
    full = {n: _VALUES.get(SQL_TYPES[table[n].kind], f"{n} ż") for n in _columns(table)}
    optional = [name for name in key_columns(table) if not table[name].required]
    sizes = range(len(optional) + 1)
    for lacking in chain.from_iterable(combinations(optional, size) for size in sizes):
        yield full | dict.fromkeys(lacking)


def _columns(table: Table) -> list[str]:
    return list(dict.fromkeys((*key_columns(table), *row_columns(table))))


def _key_in_duckdb(sql: str, row: dict[str, Any], types: dict[str, str]) -> int:
    columns = ", ".join(f"CAST(? AS {types[name]}) AS {name_sql(name)}" for name in row)
    with duckdb.connect() as connection:
        query = f"SELECT {sql} FROM (SELECT {columns})"
        return connection.execute(query, list(row.values())).fetchall()[0][0]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_row_has_one_key_in_a_table_and_when_it_is_posted(table: Table) -> None:
    types = {name: SQL_TYPES[table[name].kind] for name in _columns(table)}
    for row in _rows(table):
        assert _key_in_duckdb(key_sql(table), row, types) == row_key(table, row)


@pytest.mark.parametrize("about", ["email", None])
def test_a_statement_has_one_key_in_a_table_and_when_it_is_posted(about: str | None) -> None:
    row = {"customer_id": "c", "known_at": 1_700_000_000_000_000, "channel": about}
    types = {"customer_id": "VARCHAR", "known_at": "BIGINT", "channel": "VARCHAR"}
    assert _key_in_duckdb(statement_key_sql("channel"), row, types) == statement_key(row, about)


def test_a_hash_is_the_same_number_in_sql_and_in_python() -> None:
    values = ["żółć", None, True, 3]
    names = [f"c{number}" for number in range(len(values))]
    columns = ", ".join(f"? AS {name}" for name in names)
    with duckdb.connect() as connection:
        query = f"SELECT {hash_sql(names)} FROM (SELECT {columns})"
        assert connection.execute(query, values).fetchall() == [(hash_values(values),)]
    assert hash_values(values) < 2**53
