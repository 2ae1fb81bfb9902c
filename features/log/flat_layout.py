"""Lays out a log's history by account, as the flat columns that feature functions read.

The columns lie in files of the log's folder that are mapped into memory: a log may be larger than
memory, and what is read again costs nothing.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from tempfile import TemporaryFile

import numpy as np

from features.arrays import Array, Indices, object_array
from features.contract.casts import name_sql
from features.history.flat_columns import FlatColumns
from features.history.layout import HISTORY_TABLES, TEXT_COLUMNS
from features.history.record import record_columns
from features.history.words import Words
from features.log.log_connection import LogConnection

# Tables whose rows become features; the others say whose rows they are and what is allowed.
_TABLES = ("orders", "lines", "returns", "events", "messages", "profile", "attributes")
_BATCH = 100_000  # rows
ProvidedTables = Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class FlatLog:
    """The rows of a log by account.

    Attributes
    ----------
    accounts : (n,) object array
        The accounts, in alphabetical order.
    columns : FlatColumns
        Their rows of all tables that features read, in the order of time; rows at one instant are
        in the order of their values, whatever their order in the shop's files was. There are no
        row keys: their place holds zeros.
    """

    accounts: Array
    columns: FlatColumns


class FlatLayout:
    """Lays out a log at first use.

    Parameters
    ----------
    connection : LogConnection
        The log's database with the tables of the history.
    provided : mapping of str to frozenset of str
        Table of the contract -> the columns that the shop gives.
    folder : Path
        Gets the files.
    """

    def __init__(self, connection: LogConnection, provided: ProvidedTables, folder: Path) -> None:
        self._connection, self._folder = connection, folder
        self._provided = provided
        self._kept: FlatLog | None = None

    def with_words(self, literals: Iterable[str]) -> FlatLog:
        """Return the log among whose words are some literals.

        Parameters
        ----------
        literals : iterable of str
            Texts that the declarations of features name. For literals that no caller has named
            before, all is laid out anew: the codes of words are in their order.
        """
        literals = set(literals)
        if self._kept is None or not literals <= self._kept.columns.words.codes.keys():
            known = [] if self._kept is None else self._kept.columns.words.texts
            self._kept = self._lay_out(literals.union(known))
        return self._kept

    def _lay_out(self, literals: set[str]) -> FlatLog:
        given = [name for name in _TABLES if HISTORY_TABLES[name].contract in self._provided]
        words = self._number_words(given, literals)
        accounts = self._number_accounts(given)
        offsets, numbers, codes = {}, {}, {}
        for table in _TABLES:
            numbers[table], codes[table] = self._open(table, table in given)
            places = np.empty(0, dtype=np.intp)
            if table in given:
                places = self._fill(table, numbers[table], codes[table])
            counts = np.bincount(places, minlength=len(accounts))
            offsets[table] = np.concatenate(([0], np.cumsum(counts)))
        self._connection.execute("DROP TABLE flat_accounts")
        columns = FlatColumns(len(accounts), offsets, numbers, codes, words, of_build=True)
        return FlatLog(accounts, columns)

    def _number_words(self, given: list[str], literals: set[str]) -> Words:
        """Make the type `flat_word`, whose values are all texts in the order of their codes."""
        self._connection.execute("CREATE OR REPLACE TEMP TABLE flat_literals (word VARCHAR)")
        words = [[word] for word in sorted(literals | {""})]
        self._connection.executemany("INSERT INTO flat_literals VALUES (?)", words)
        texts = [
            f"SELECT {column} AS word FROM history_{table}"
            for table in given
            for column in record_columns(table)[1]
        ]
        self._connection.execute(
            "CREATE OR REPLACE TEMP TYPE flat_word AS ENUM (SELECT word FROM "
            f"({' UNION '.join([*texts, 'SELECT word FROM flat_literals'])}) "
            "WHERE word IS NOT NULL ORDER BY word)"
        )
        self._connection.execute("DROP TABLE flat_literals")
        rows = self._connection.execute("SELECT unnest(enum_range(NULL::flat_word))").fetchall()
        return Words(row[0] for row in rows)

    def _number_accounts(self, given: list[str]) -> Array:
        """Make the table `flat_accounts` of the accounts and their places; return the accounts."""
        everybody = " UNION ALL ".join(
            f"SELECT DISTINCT customer_id FROM history_{table}" for table in given
        )
        self._connection.execute(
            "CREATE OR REPLACE TEMP TABLE flat_accounts AS SELECT customer_id, "
            "row_number() OVER (ORDER BY customer_id) - 1 AS place "
            f"FROM (SELECT DISTINCT customer_id FROM ({everybody}))"
        )
        rows = self._connection.execute("SELECT customer_id FROM flat_accounts ORDER BY place")
        return object_array(row[0] for row in rows.fetchall())

    def _open(self, table: str, is_given: bool) -> tuple[Array, Array]:
        """Return empty columns of a table, those of numbers and those of texts."""
        count = f"SELECT count(*) FROM history_{table}"
        rows = self._connection.execute(count).fetchall()[0][0] if is_given else 0
        numbers, texts = (len(names) for names in record_columns(table))
        with self._connection.within_room():
            return self._map((numbers, rows), np.float64), self._map((texts, rows), np.int32)

    def _map(self, shape: tuple[int, int], dtype: type) -> Array:
        """Map a new file, which is removed when nobody reads the array any more."""
        if prod(shape) == 0:
            return np.empty(shape, dtype)
        with TemporaryFile(dir=self._folder) as file:
            # now, because a disk that is full at a later write would end the process
            os.posix_fallocate(file.fileno(), 0, prod(shape) * np.dtype(dtype).itemsize)
            return np.memmap(file, dtype, "r+", shape=shape)

    def _fill(self, table: str, numbers: Array, codes: Array) -> Indices:
        """Write the columns of a table; return the account's place for each row."""
        places = np.empty(numbers.shape[1], dtype=np.intp)
        targets = [places, *numbers[1:], *codes]
        at = 0
        with self._connection.within_room():
            for batch in self._connection.read(self._rows_sql(table), _BATCH):
                for target, column in zip(targets, batch.columns, strict=True):
                    target[at : at + batch.num_rows] = column.to_numpy()
                at += batch.num_rows
        return places

    def _rows_sql(self, table: str) -> str:
        """Write the SELECT of a table's rows: the account's place, numbers, codes of texts."""
        (_, *numbers), texts = record_columns(table)
        values = {
            name: _value_sql(name) if self._is_given(table, name) else _missing_sql(name)
            for name in numbers + texts
        }
        select = ", ".join(f"{value} AS {name_sql(name)}" for name, value in values.items())
        happened = name_sql(HISTORY_TABLES[table].happened)
        # Rows at one instant are in an order that depends on nothing but them, so that sums of
        # floats are the same in every run.
        all_values = ", ".join(f"rows.{name_sql(name)}" for name in values)
        order = f"place, rows.{happened} NULLS FIRST, hash({all_values})"
        return (
            f"SELECT place, {select} FROM history_{table} AS rows "
            f"JOIN flat_accounts USING (customer_id) ORDER BY {order}"
        )

    def _is_given(self, table: str, column: str) -> bool:
        """Say whether the shop gives what a column of the history is made from."""
        needs = (need.split(".") for need in HISTORY_TABLES[table].columns[column])
        return all(name in self._provided.get(of, ()) for of, name in needs)


def _missing_sql(column: str) -> str:
    """Write a column without values."""
    return "-1::INTEGER" if column in TEXT_COLUMNS else "'nan'::DOUBLE"


def _value_sql(column: str) -> str:
    """Write a value of a column: NaN for a missing number, -1 for a missing text."""
    if column in TEXT_COLUMNS:
        return f"coalesce(enum_code(CAST({name_sql(column)} AS flat_word)), -1)::INTEGER"
    return f"coalesce(CAST({name_sql(column)} AS DOUBLE), 'nan')"
