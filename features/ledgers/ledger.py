"""Ledgers: tables that only grow, and whose rows are on the disk before their writer is answered.

A ledger is in PostgreSQL if several hosts write it, else in a file of one host.
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
    """The declaration of a ledger: its tables, and what errors call it.

    Attributes
    ----------
    name : str
        Its section of `nextbuy.toml`.
    what, unaccepted : str
        What errors call the ledger, and what they say of a request that could not be written.
    schema : tuple of str
        SQL statements that make its tables; `{seq}` stands for the type of the column that
        numbers the rows, `{bytes}` for the type of bytes.
    """

    name: str
    what: str
    unaccepted: str
    schema: tuple[str, ...]

    def unusable(self, where: str, error: Exception, outcome: str) -> NextbuyError:
        """Return the error that a ledger cannot be read or written.

        Parameters
        ----------
        where : str
            The file or URL of the ledger, without a password.
        error : Exception
            The error of the database.
        outcome : str
            What became of the request.
        """
        message = str(error).partition("\n")[0]
        return NextbuyError(f"{where}: {self.what} cannot be used ({message}). {outcome}".rstrip())


class LedgerDatabase(Protocol):
    """A database that holds a ledger."""

    def select(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query; each `?` in it stands for a value."""

    def write(self) -> Any:
        """Open a transaction without other writers; it gives a function (query, values) -> rows."""

    def close(self) -> None:
        """Close the connections."""


def open_ledger(ledger: Ledger, url: str | None, path: Path, shop: str) -> LedgerDatabase:
    """Open a ledger of a shop; it is made if it does not exist.

    Parameters
    ----------
    ledger : Ledger
        The declaration of the ledger.
    url : str or None
        Address of a PostgreSQL database; None opens a file.
    path : Path
        The file, if there is no URL.
    shop : str
        Name of the shop, which names its schema in PostgreSQL.
    """
    if url is None:
        return SqliteLedgerDatabase(path, ledger)
    from features.ledgers.postgres_ledger import PostgresLedgerDatabase

    return PostgresLedgerDatabase(url, shop, ledger)


class SqliteLedgerDatabase:
    """A ledger in a SQLite file of this host; several of its processes may write, one at a time."""

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
        """Return the rows of a query; each `?` in it stands for a value."""
        with self._named(""), self._reading:
            return self._reader.execute(query, values).fetchall()

    @contextmanager
    def write(self) -> Iterator[Any]:
        """Open a transaction without other writers; it gives a function (query, values) -> rows."""
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
