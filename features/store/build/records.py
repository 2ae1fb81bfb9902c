"""Reads a log as one packed history per customer, the records of the history store.

DuckDB sorts each table by customer, on disk where it must. Only one bucket of customers is in
memory at a time, so that records of millions of customers need the memory of thousands.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from features.arrays import Array, object_array
from features.contract.casts import name_sql
from features.contract.tables import known_at_column
from features.history.layout import HISTORY_COLUMNS, HISTORY_TABLES, ROW_KEY, TEXT_COLUMNS
from features.history.record import pack_history, record_columns
from features.log.log import Log
from features.windows import DAY

BUCKET = 50_000  # customers in memory at once
NEVER_CUT = frozenset({"consents", "reachability"})  # a withdrawal may come after the last order


@dataclass(frozen=True)
class BuildExtent:
    """How much of a log a build of the store holds.

    Attributes
    ----------
    known_until : int
        Microseconds UTC; what was known later is left out.
    keep_from : dict of str to int
        Table -> microseconds UTC; rows that happened at or before it are left out.
    """

    known_until: int
    keep_from: Mapping[str, int]

    @classmethod
    def of(
        cls, known_until: int, data_cutoff: int, keep_days: Mapping[str, int], margin: int
    ) -> "BuildExtent":
        """Make the extent that keeps some days of each table before the cutoff, and a margin.

        Parameters
        ----------
        known_until, data_cutoff : int
            Microseconds UTC.
        keep_days : mapping of str to int
            Table -> days; a table that is not named is kept whole.
        margin : int
            Days kept in addition.
        """
        return cls(known_until, {t: data_cutoff - (d + margin) * DAY for t, d in keep_days.items()})

    def condition(self, name: str) -> str:
        """Write the SQL condition on the rows of a table of the layout that a build holds."""
        known = "TRUE" if name in NEVER_CUT else f"known_at <= {self.known_until}"
        happened = HISTORY_TABLES[name].happened
        if name not in self.keep_from:
            return known
        recent = f"{happened} > {self.keep_from[name]}"
        if name == "messages":  # whom a message made unsubscribe is never asked by it again
            recent = f"({recent} OR unsubscribed_at IS NOT NULL)"
        return f"{known} AND {recent}"


def read_words(log: Log) -> Array:
    """Read the distinct texts of all records into one array, in which records hold indices.

    The last element is None, so that index -1 stands for a missing text.
    """
    texts = [
        f"SELECT {column} AS word FROM history_{name}"
        for name in _given(log)
        for column in HISTORY_COLUMNS[name]
        if column in TEXT_COLUMNS
    ]
    words = " UNION ".join([*texts, "SELECT '' AS word"])
    log.connection.execute(
        "CREATE OR REPLACE TEMP TABLE record_words AS "
        "SELECT word, row_number() OVER (ORDER BY word) - 1 AS place "
        f"FROM ({words}) WHERE word IS NOT NULL"
    )
    log.connection.execute(
        "CREATE OR REPLACE TEMP TYPE record_word AS ENUM "
        "(SELECT word FROM record_words ORDER BY place)"
    )
    rows = log.connection.execute("SELECT word FROM record_words ORDER BY place").fetchall()
    return object_array([*(row[0] for row in rows), None])


def read_records(log: Log, extent: BuildExtent) -> Iterator[tuple[str, bytes]]:
    """Read every customer's record, in the order of their ids.

    `read_words` must have been called on the log: it numbers the texts that records refer to.

    Parameters
    ----------
    log : Log
        The log of which the store is built.
    extent : BuildExtent
        Which rows of each table the store keeps.

    Yields
    ------
    (str, bytes)
        The customer's id and the packed rows of all tables of the layout.
    """
    given = _given(log)
    everybody = " UNION ALL ".join(
        f"SELECT DISTINCT customer_id FROM history_{name} WHERE {extent.condition(name)}"
        for name in given
    )
    log.connection.execute(
        "CREATE OR REPLACE TEMP TABLE record_places AS SELECT customer_id, "
        "row_number() OVER (ORDER BY customer_id) - 1 AS place "
        f"FROM (SELECT DISTINCT customer_id FROM ({everybody}))"
    )
    count = log.connection.execute("SELECT count(*) FROM record_places").fetchall()[0][0]
    for name in given:
        _sort_table(log, extent, name)
    for start in range(0, count, BUCKET):
        yield from _read_bucket(log, given, start, min(start + BUCKET, count))
    for table in (*(f"sorted_{name}" for name in given), "record_places", "record_words"):
        log.connection.execute(f"DROP TABLE {table}")


def _given(log: Log) -> list[str]:
    return [name for name in HISTORY_COLUMNS if HISTORY_TABLES[name].contract in log.provided]


def _read_bucket(log: Log, given: list[str], start: int, end: int) -> Iterator[tuple[str, bytes]]:
    """Read the records of the customers at the places from `start` to before `end`."""
    within = f"WHERE place >= {start} AND place < {end}"
    ids = log.connection.execute(
        f"SELECT customer_id FROM record_places {within} ORDER BY place"
    ).fetchall()
    places = np.arange(start, end + 1)
    tables = []
    for name in HISTORY_COLUMNS:
        if name in given:
            arrays = log.connection.execute(
                f"SELECT * FROM sorted_{name} {within} ORDER BY rowid"
            ).fetchnumpy()
            place, *columns = map(np.ma.getdata, arrays.values())
            tables.append((np.column_stack(columns), np.searchsorted(place, places).tolist()))
        else:
            tables.append((np.empty((0, 0)), [0] * len(places)))
    for number, (customer_id,) in enumerate(ids):
        yield customer_id, pack_history([rows[at[number] : at[number + 1]] for rows, at in tables])


def _sort_table(log: Log, extent: BuildExtent, name: str) -> None:
    """Sort a table by customer into numbers: the customer's place, row key, layout's columns."""
    numbers, texts = record_columns(name)
    select = ", ".join(
        f"{_number_sql(column, _cut_sql(name, column, extent.known_until))} AS {name_sql(column)}"
        for column in numbers + texts
    )
    order = ", ".join(
        f"held.{column} NULLS FIRST" for column in (HISTORY_TABLES[name].happened, ROW_KEY)
    )
    log.connection.execute(
        f"CREATE OR REPLACE TEMP TABLE sorted_{name} AS SELECT place, {select} "
        f"FROM (SELECT * FROM history_{name} WHERE {extent.condition(name)}) AS held "
        f"JOIN record_places USING (customer_id) ORDER BY place, {order}"
    )


def _number_sql(column: str, value: str) -> str:
    """Write a value as a DOUBLE: NaN for a missing number, -1 for a missing text."""
    if column in TEXT_COLUMNS:
        return f"CAST(coalesce(enum_code(CAST({value} AS record_word)), -1) AS DOUBLE)"
    return f"coalesce(CAST({value} AS DOUBLE), 'nan')"


def _cut_sql(table: str, column: str, data_cutoff: int) -> str:
    """Write the SQL of a column; a late field is NULL where it was known after the cutoff."""
    if column.endswith("_known_at"):
        clock = column
    elif known_at_column(column) in HISTORY_COLUMNS[table]:
        clock = known_at_column(column)
    else:
        return column
    return f"CASE WHEN {clock} <= {data_cutoff} THEN {column} END"
