"""Lays out a log's history by account, as the flat columns that feature functions read."""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from features.arrays import Array, Indices, object_array
from features.contract.casts import name_sql
from features.history.flat_columns import FlatColumns
from features.history.layout import HISTORY_TABLES, TEXT_COLUMNS
from features.history.record import record_columns
from features.history.words import Words
from features.log.flat_log import FlatLog, LogFiles
from features.log.kept_layout import KeptLayout
from features.log.log_connection import LogConnection

# Tables whose rows become features; the others say whose rows they are and what is allowed.
_TABLES = ("orders", "lines", "returns", "events", "messages", "profile", "attributes")
_BATCH = 100_000  # rows
ProvidedTables = Mapping[str, frozenset[str]]


class FlatLayout:
    """Lays out a log at first use.

    Parameters
    ----------
    connection : LogConnection
        The log's database with the tables of the history.
    provided : mapping of str to frozenset of str
        Table of the contract -> the columns that the shop gives.
    folder : Path
        The log's own, which gets the files.
    kept : KeptLayout, optional
        Where earlier commands kept the layout of this log, and this one shall.
    """

    def __init__(
        self,
        connection: LogConnection,
        provided: ProvidedTables,
        folder: Path,
        kept: KeptLayout | None = None,
    ) -> None:
        self._connection, self._folder = connection, folder / "layout"
        self._provided, self._kept = provided, kept
        self._flat: FlatLog | None = None

    def with_words(self, literals: Iterable[str]) -> FlatLog:
        """Return the log among whose words are some literals.

        Parameters
        ----------
        literals : iterable of str
            Texts that the declarations of features name. For literals that no caller has named
            before, all is laid out anew: the codes of words are in their order.
        """
        literals = set(literals)
        if self._flat is None and self._kept is not None:
            self._flat = self._kept.open()
        if self._flat is None or not literals <= self._flat.columns.words.codes.keys():
            known = [] if self._flat is None else self._flat.columns.words.texts
            self._flat = self._lay_out(literals.union(known))
        return self._flat

    def _lay_out(self, literals: set[str]) -> FlatLog:
        """Lay out all tables in new files, and keep or remove them; what is mapped stays."""
        given = [name for name in _TABLES if HISTORY_TABLES[name].contract in self._provided]
        words = self._number_words(given, literals)
        accounts = self._number_accounts(given)
        files = LogFiles(self._folder)
        offsets, numbers, codes = {}, {}, {}
        with self._connection.within_room():
            if self._folder.exists():
                shutil.rmtree(self._folder)  # of an attempt that ran out of room
            self._folder.mkdir(mode=0o700)
            for table in _TABLES:
                rows = self._count(table) if table in given else 0
                numbers[table], codes[table] = files.make_columns(table, rows)
                places = np.empty(0, dtype=np.intp)
                if table in given:
                    places = self._fill(table, numbers[table], codes[table])
                counts = np.bincount(places, minlength=len(accounts))
                offsets[table] = np.concatenate(([0], np.cumsum(counts)))
            self._connection.execute("DROP TABLE flat_accounts")
            columns = FlatColumns(len(accounts), offsets, numbers, codes, words, of_build=True)
            flat = FlatLog(accounts, columns)
            if self._kept is None:
                shutil.rmtree(self._folder)
            else:
                files.finish(flat)
                self._kept.put(self._folder)
        return flat

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

    def _count(self, table: str) -> int:
        query = f"SELECT count(*) FROM history_{table}"
        return int(self._connection.execute(query).fetchall()[0][0])

    def _fill(self, table: str, numbers: Array, codes: Array) -> Indices:
        """Write the columns of a table; return the account's place for each row."""
        places = np.empty(numbers.shape[1], dtype=np.intp)
        targets = [places, *numbers[1:], *codes]
        at = 0
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
