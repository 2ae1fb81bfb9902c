"""Ledgers: tables that only grow, each row on the disk before anybody is told of it.

Where several hosts write, a ledger stands in PostgreSQL; else it is a file.
"""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import msgspec

from features.errors import NextbuyError

_BUSY_SECONDS = 30.0


class Ledger(msgspec.Struct, frozen=True):
    """What a ledger holds.

    Attributes
    ----------
    name : str
        Its section of `nextbuy.toml`.
    what, unaccepted : str
        What errors call it, and what they say of a request that could not be written down.
    schema : tuple of str
        Statements that make its tables; `{seq}` numbers the rows, `{bytes}` is a type.
    """

    name: str
    what: str
    unaccepted: str
    schema: tuple[str, ...]

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
    from features.ledgers.postgres_ledger import PostgresLedgerDatabase

    return PostgresLedgerDatabase(url, shop, ledger)


class SqliteLedgerDatabase:
    """A file on this host: any number of its processes write, one at a time."""

    def __init__(self, path: Path, ledger: Ledger) -> None:
        self._path, self._ledger = path, ledger
        self._reading, self._writing = threading.Lock(), threading.Lock()
        with self._named(""):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = self._connect()
            for statement in ledger.schema:
                self._writer.execute(
                    statement.format(seq="INTEGER PRIMARY KEY AUTOINCREMENT", bytes="BLOB")
                )
            self._reader = self._connect()

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
