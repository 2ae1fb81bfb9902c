"""Ledgers: tables that only grow, each row on the disk before anybody is told of it.

Where several hosts write, a ledger stands in PostgreSQL; else it is a file.
"""

import sqlite3
import threading
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import msgspec

from features.errors import NextbuyError, refuse

_BUSY_SECONDS = 30.0
_TAKE_LOCK = "SELECT pg_advisory_xact_lock(?)"


class Ledger(msgspec.Struct, frozen=True):
    """What a ledger holds.

    Attributes
    ----------
    name : str
        Its section of `nextbuy.toml`.
    what, unaccepted : str
        What errors call it, and what they say of a request that could not be written down.
    schema : dict of str to str
        The statement that creates each table or index, by its name, in the order in which they
        are run; `{seq}` numbers the rows, `{bytes}` is a type.
    added : dict of str to dict of str to str
        By table, the type of each column that the table did not have in an earlier version; a
        ledger that lacks it is given it at opening, null in the rows that are there.
    """

    name: str
    what: str
    unaccepted: str
    schema: Mapping[str, str]
    added: Mapping[str, Mapping[str, str]] = {}

    def unusable(self, where: str, error: Exception, outcome: str) -> NextbuyError:
        """Make the error of a ledger that cannot be read or written."""
        said = str(error).partition("\n")[0]
        return NextbuyError(f"{where}: {self.what} cannot be used ({said}). {outcome}".rstrip())


class LedgerDatabase(Protocol):
    """Where a ledger is kept."""

    def select(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Read rows; `?` stands for a value."""

    def write(self) -> Any:
        """Open a transaction in which this writer is the only one: (query, values) -> rows."""

    def close(self) -> None:
        """Close the connections."""


def open_ledger(ledger: Ledger, url: str | None, path: Path, shop: str) -> LedgerDatabase:
    """Open a ledger of a shop, new if there is none: in PostgreSQL if there is a URL."""
    if url is None:
        return SqliteLedgerDatabase(path, ledger)
    return PostgresLedgerDatabase(url, shop, ledger)


class SqliteLedgerDatabase:
    """A file on this host: any number of its processes write, one at a time."""

    def __init__(self, path: Path, ledger: Ledger) -> None:
        self._path, self._ledger = path, ledger
        self._reading, self._writing = threading.Lock(), threading.Lock()
        with self._named(""):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = self._connect()
            for statement in ledger.schema.values():
                self._writer.execute(
                    statement.format(seq="INTEGER PRIMARY KEY AUTOINCREMENT", bytes="BLOB")
                )
            self._add_columns()
            self._reader = self._connect()

    def _add_columns(self) -> None:
        """Add the columns that a file of an earlier version lacks, with other writers shut out."""
        if not any(self._missing(table) for table in self._ledger.added):
            return
        self._writer.execute("BEGIN IMMEDIATE")
        for table in self._ledger.added:
            for name in self._missing(table):  # another process may have added them by now
                self._writer.execute(_add_sql(self._ledger, table, name))
        self._writer.execute("COMMIT")

    def _missing(self, table: str) -> list[str]:
        """Name the added columns that a table of the file does not have yet."""
        rows = self._writer.execute("SELECT name FROM pragma_table_info(?)", [table]).fetchall()
        return [name for name in self._ledger.added[table] if (name,) not in rows]

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, _BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")  # every commit is on the disk
        return connection

    def select(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Read rows."""
        with self._named(""), self._reading:
            return self._reader.execute(query, values).fetchall()

    @contextmanager
    def write(self) -> Iterator[Any]:
        """Open a transaction that shuts other writers out."""
        with self._named(self._ledger.unaccepted), self._writing:
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield lambda query, values: self._writer.execute(query, values).fetchall()
                self._writer.execute("COMMIT")
            finally:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")

    @contextmanager
    def _named(self, outcome: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise self._ledger.unusable(str(self._path), error, outcome) from None

    def close(self) -> None:
        """Close both connections."""
        self._reader.close()
        self._writer.close()


class PostgresLedgerDatabase:
    """Keeps a ledger, such as the journal of posted rows, in PostgreSQL.

    Its tables stand in a schema that is named after the shop, and number their rows. Writers take
    a lock until they commit, so that rows become visible in the order of their numbers: a sequence
    alone gives numbers in an order in which they are not committed.
    """

    def __init__(self, url: str, shop: str, ledger: Ledger) -> None:
        parts = urlsplit(url)
        self._shown = (
            f"{parts.scheme}://{parts.hostname or ''}{parts.path}"  # never with the password
        )
        if parts.scheme not in ("postgresql", "postgres"):
            raise refuse(
                f"{ledger.name}.url",
                "postgresql://host/database",
                f"'{self._shown}'",
                "Correct it.",
            )
        self._url, self._schema, self._ledger = url, f"nextbuy_{shop}", ledger
        self._lock = _number(f"{self._schema} {ledger.name}")
        self._reading, self._writing = threading.Lock(), threading.Lock()
        self._reader: Any = None
        self._writer: Any = None
        if missing := self._missing():
            self._create(missing)
        for table in ledger.added:
            self._add_columns(table)

    def _add_columns(self, table: str) -> None:
        """Add the columns that a table of an earlier version lacks."""
        query = (
            "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(?) AND NOT attisdropped"
        )
        present = {row[0] for row in self.select(query, [table])}
        if missing := [name for name in self._ledger.added[table] if name not in present]:
            with self._named(""), self._transaction() as run:
                for name in missing:
                    run(_add_sql(self._ledger, table, name, unless="IF NOT EXISTS "), ())

    def _missing(self) -> list[str]:
        """Name the tables and indexes of the ledger that the database does not have yet."""
        query = "SELECT name FROM unnest(CAST(? AS TEXT[])) AS name WHERE to_regclass(name) IS NULL"
        return [row[0] for row in self.select(query, [list(self._ledger.schema)])]

    def _create(self, missing: Sequence[str]) -> None:
        """Create tables and indexes, unless another process has created them in the meantime."""
        with self._named(""), self._transaction() as run:
            from psycopg.sql import SQL, Identifier

            run(_TAKE_LOCK, [_number(self._schema)])  # the shop's other ledgers create it too
            run(SQL("CREATE SCHEMA IF NOT EXISTS {}").format(Identifier(self._schema)), ())
            for name in missing:
                statement = self._ledger.schema[name]
                run(statement.format(seq="BIGSERIAL PRIMARY KEY", bytes="BYTEA"), ())

    def _connect(self) -> Any:
        import psycopg

        connection = psycopg.connect(self._url, autocommit=True, connect_timeout=5)
        path = psycopg.sql.Identifier(self._schema)
        connection.execute(psycopg.sql.SQL("SET search_path TO {}").format(path))
        connection.execute("SET synchronous_commit TO on")
        return connection

    def select(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Read rows; a connection that broke since the last time is made again."""
        with self._named(""), self._reading:
            if self._reader is None or self._reader.broken or self._reader.closed:
                self._reader = self._connect()
            rows: list[tuple[Any, ...]] = self._reader.execute(_marks(query), values).fetchall()
            return rows

    @contextmanager
    def write(self) -> Iterator[Any]:
        """Open a transaction that shuts other writers out."""
        with self._named(self._ledger.unaccepted), self._transaction() as run:
            yield run

    @contextmanager
    def _transaction(self) -> Iterator[Any]:
        with self._writing:
            if self._writer is None or self._writer.broken or self._writer.closed:
                self._writer = self._connect()
            with self._writer.transaction():
                self._run(_TAKE_LOCK, [self._lock])
                yield self._run

    def _run(self, query: Any, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        cursor = self._writer.execute(_marks(query), values)
        return [] if cursor.description is None else cursor.fetchall()

    @contextmanager
    def _named(self, outcome: str) -> Iterator[None]:
        try:
            import psycopg
        except ModuleNotFoundError:
            raise NextbuyError(
                f"{self._shown}: a {self._ledger.name} in PostgreSQL needs `nextbuy[postgres]`."
            ) from None
        try:
            yield
        except psycopg.Error as error:
            raise self._ledger.unusable(self._shown, error, outcome) from None

    def close(self) -> None:
        """Close both connections."""
        for connection in (self._reader, self._writer):
            if connection is not None:
                connection.close()


def _add_sql(ledger: Ledger, table: str, name: str, unless: str = "") -> str:
    """Write the statement that adds a column to a table of an earlier version."""
    return f"ALTER TABLE {table} ADD COLUMN {unless}{name} {ledger.added[table][name]}"


def _number(name: str) -> int:
    """Return the number of a lock, which is equal for all who take it, in whichever process."""
    return zlib.crc32(name.encode())


def _marks(query: Any) -> Any:
    return query.replace("?", "%s") if isinstance(query, str) else query
