"""Merges the posted rows of the journal into the tables of a log, so that models learn from them.

A row that is in the files and was posted too is one row. The values of the files count; a value
that they lack comes from the post that first brought it. The row is known from when all its
values had been given, by a file or a post. `features.store.fresh` does the same for one customer
when an answer is asked for.
"""

from collections.abc import Mapping, Sequence

import pyarrow as pa

from features.contract.casts import SQL_TYPES, local_day_sql, name_sql
from features.contract.row_keys import key_sql
from features.contract.tables import TABLES_BY_NAME, TABLES_WITH_LOCAL_DAY, Table, known_at_column
from features.errors import InputError, NextbuyError, refuse
from features.history.layout import ROW_KEY
from features.ledgers.journal import Journal, JournalRow, has_journal, open_journal
from features.log.log_connection import LogConnection
from features.shop.shop import Shop

_CHUNK = 50_000  # rows of the journal in memory at once
_ARROW = {
    "VARCHAR": pa.string(),
    "BIGINT": pa.int64(),
    "DOUBLE": pa.float64(),
    "BOOLEAN": pa.bool_(),
    "INTEGER": pa.int32(),
}


def merge_journal(
    connection: LogConnection,
    shop: Shop,
    provided: Mapping[str, frozenset[str]],
) -> tuple[dict[str, frozenset[str]], int, int | None]:
    """Merge all posted rows into the typed tables of a log; tables that do not exist are made.

    Parameters
    ----------
    connection : LogConnection
        The log's database with its typed tables.
    shop : Shop
        The shop whose journal is read.
    provided : mapping of str to frozenset of str
        Table of the contract -> the columns that the files give.

    Returns
    -------
    provided : dict of str to frozenset of str
        Table of the contract -> the columns that the files or a post gave.
    last_seq : int
        Number of the last row of the journal that is in the tables; 0 if nothing was posted.
    last_received_at : int or None
        When it was received (microseconds UTC); None if nothing was posted.

    Raises
    ------
    InputError
        The journal cannot be read to its end.
    """
    merged = dict(provided)
    if not has_journal(shop):
        return merged, 0, None
    try:
        journal = open_journal(shop)
        last_seq, posted = _stage_all(connection, journal)
        last_received_at = journal.last_received_at()
        journal.close()
    except InputError:
        raise
    except NextbuyError as error:
        raise refuse(
            "journal", "all that was posted", str(error),
            "Nothing is built without it: check that it is up and not damaged, and run again.",
        ) from None  # fmt: skip
    for name, columns in posted.items():
        _merge(connection, TABLES_BY_NAME[name], columns, name in provided)
        merged[name] = (
            merged.get(name, frozenset({"known_at"})) | columns
        )  # posted rows are known at their receipt
        connection.execute(f"DROP TABLE posted_{name}")
    return merged, last_seq, last_received_at


def _stage_all(connection: LogConnection, journal: Journal) -> tuple[int, dict[str, set[str]]]:
    """Read the journal into tables `posted_<table>`; return its last number and their columns."""
    last_seq = 0
    posted: dict[str, set[str]] = {}
    for rows in journal.rows(_CHUNK):
        last_seq = rows[-1].seq
        for name in {row.table for row in rows}:
            some = [row for row in rows if row.table == name]
            columns = {c for row in some for c in row.body if TABLES_BY_NAME[name].column(c)}
            _stage(connection, TABLES_BY_NAME[name], some, columns | posted.get(name, set()))
            posted.setdefault(name, set()).update(columns)
    return last_seq, posted


def _types(table: Table, columns: set[str]) -> dict[str, str]:
    """Return the columns of a typed table and their SQL types, those in `columns` included."""
    names = [c.name for c in table.columns if not c.pattern]
    types = {n: SQL_TYPES[table[n].kind] for n in [*names, *sorted(columns - set(names))]}
    return types | {known_at_column(name): "BIGINT" for name in table.late_instants}


def _stage(
    connection: LogConnection,
    table: Table,
    rows: Sequence[JournalRow],
    columns: set[str],
) -> None:
    """Add rows to the table `posted_<table>`, with their number in the journal and their key."""
    types = _types(table, columns) | {"seq": "BIGINT", ROW_KEY: "BIGINT"}
    declared = ", ".join(f"{name_sql(name)} {sql}" for name, sql in types.items())
    connection.execute(f"CREATE TEMP TABLE IF NOT EXISTS posted_{table.name} ({declared})")
    _add_columns(connection, f"posted_{table.name}", table, columns)
    values = [row.typed_values() | {"seq": row.seq} for row in rows]
    arrow = pa.table(
        {n: pa.array([v.get(n) for v in values], _ARROW[sql]) for n, sql in types.items()}
    )
    connection.register("posted_rows", arrow)
    connection.execute(f"INSERT INTO posted_{table.name} BY NAME SELECT * FROM posted_rows")
    connection.unregister("posted_rows")


def _add_columns(connection: LogConnection, name: str, table: Table, columns: set[str]) -> None:
    """Add the columns to a table that it does not have yet."""
    for column in sorted(columns):
        sql = SQL_TYPES[table[column].kind]
        connection.execute(f"ALTER TABLE {name} ADD COLUMN IF NOT EXISTS {name_sql(column)} {sql}")


def _merge(connection: LogConnection, table: Table, columns: set[str], exists: bool) -> None:
    """Merge the rows of `posted_<table>` into the table, one row for each key."""
    name, types = table.name, _types(table, columns)
    if exists:
        _make_writable(connection, name)
    else:
        derived = {"local_day": "INTEGER"} if name in TABLES_WITH_LOCAL_DAY else {}
        declared = ", ".join(f"{name_sql(n)} {sql}" for n, sql in (types | derived).items())
        connection.execute(f"CREATE TABLE {name} ({declared})")
    _add_columns(connection, name, table, columns)
    keyed = f"SELECT *, rowid AS place, {key_sql(table)} AS {ROW_KEY} FROM {name}"
    same = f"SELECT * FROM ({keyed}) SEMI JOIN posted_{name} USING ({ROW_KEY})"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE same_rows AS {same}")
    if name == "order_lines":  # all lines of an order come from one place
        rows = f"SELECT * FROM posted_{name} ANTI JOIN same_rows USING ({ROW_KEY})"
        select = ", ".join(map(name_sql, types))
    else:
        said = f"SELECT *, 0 AS seq FROM same_rows UNION ALL BY NAME SELECT * FROM posted_{name}"
        connection.execute(f"CREATE OR REPLACE TEMP TABLE said_rows AS {said}")
        connection.execute(f"DELETE FROM {name} WHERE rowid IN (SELECT place FROM same_rows)")
        rows, select = _one_row_sql(table, types), "*"
    happened = str(table.happened)
    day = f", {local_day_sql(happened)} AS local_day" if name in TABLES_WITH_LOCAL_DAY else ""
    connection.execute(f"INSERT INTO {name} BY NAME SELECT {select}{day} FROM ({rows})")
    connection.execute("DROP TABLE same_rows")
    connection.execute("DROP TABLE IF EXISTS said_rows")


def _make_writable(connection: LogConnection, name: str) -> None:
    """Copy a table that is a view of a kept one; posted rows are not written into what is kept."""
    views = "SELECT count(*) FROM duckdb_views() WHERE view_name = ? AND NOT internal"
    if connection.execute(views, [name]).fetchall()[0][0]:
        connection.execute(f"CREATE TABLE writable AS FROM {name}")
        connection.execute(f"DROP VIEW {name}")
        connection.execute(f"ALTER TABLE writable RENAME TO {name}")


def _one_row_sql(table: Table, types: Mapping[str, str]) -> str:
    """Return the SELECT of one row for each key of `said_rows`, with its values and its clocks."""
    values = [n for n in types if n != "known_at" and not n.endswith("_known_at")]
    taken = "".join(f", {_first_sql(table, n)} AS {name_sql(n)}" for n in values)
    clocks = {
        known_at_column(name): _said_sql([name], known_at_column(name))
        for name in table.late_instants
    }
    if "known_at" in types:
        of_key = table.happened == "known_at"  # the same in all rows of a key
        plain = table.columns_known_with_row(values)
        clocks["known_at"] = "min(said.known_at)" if of_key else _said_sql(plain, "known_at")
    select = "".join(f", {earliest} AS {name_sql(clock)}" for clock, earliest in clocks.items())
    return (
        f"WITH taken AS (SELECT {ROW_KEY}{taken} FROM said_rows GROUP BY {ROW_KEY}), "
        f"clocks AS (SELECT {ROW_KEY}{select} FROM said_rows AS said JOIN taken "
        f"USING ({ROW_KEY}) GROUP BY {ROW_KEY}) "
        f"SELECT * EXCLUDE {ROW_KEY} FROM taken JOIN clocks USING ({ROW_KEY})"
    )


def _first_sql(table: Table, name: str) -> str:
    """Return the SQL of the value that counts: the first one that was given."""
    given = table[name].known_with or name
    return f"first({name_sql(name)} ORDER BY seq) FILTER (WHERE {name_sql(given)} IS NOT NULL)"


def _said_sql(names: Sequence[str], clock: str) -> str:
    """Return the SQL of the instant by which all values that count had been given."""
    clock = name_sql(clock)
    said = (
        f"min(said.{clock}) FILTER (WHERE said.{name_sql(n)} = taken.{name_sql(n)})" for n in names
    )
    return f"greatest({', '.join(said)})"
