"""Ledgers in PostgreSQL, which several hosts read and write."""

import threading
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from features.errors import NextbuyError, refuse
from features.ledgers.ledger import Ledger

_TAKE_LOCK = "SELECT pg_advisory_xact_lock(?)"


class PostgresLedgerDatabase:
    """A ledger in a schema of a PostgreSQL database; the schema is named after the shop.

    A writer holds a lock until it commits, so that rows become visible in the order of their
    numbers. A sequence alone gives out numbers in another order than that of the commits.
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
                "Correct the address.",
            )
        self._url, self._schema, self._ledger = url, f"nextbuy_{shop}", ledger
        self._lock = _number(f"{self._schema} {ledger.name}")
        self._reading, self._writing = threading.Lock(), threading.Lock()
        self._reader: Any = None
        self._writer: Any = None
        with self._named(""), self._transaction() as run:
            from psycopg.sql import SQL, Identifier

            run(_TAKE_LOCK, [_number(self._schema)])  # the shop's other ledgers make it too
            run(SQL("CREATE SCHEMA IF NOT EXISTS {}").format(Identifier(self._schema)), ())
            for statement in ledger.schema:
                run(statement.format(seq="BIGSERIAL PRIMARY KEY", bytes="BYTEA"), ())

    def _connect(self) -> Any:
        import psycopg

        connection = psycopg.connect(self._url, autocommit=True, connect_timeout=5)
        path = psycopg.sql.Identifier(self._schema)
        connection.execute(psycopg.sql.SQL("SET search_path TO {}").format(path))
        connection.execute("SET synchronous_commit TO on")
        return connection

    def select(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query; a connection that has broken is made again."""
        with self._named(""), self._reading:
            if self._reader is None or self._reader.broken or self._reader.closed:
                self._reader = self._connect()
            rows: list[tuple[Any, ...]] = self._reader.execute(_marks(query), values).fetchall()
            return rows

    @contextmanager
    def write(self) -> Iterator[Any]:
        """Open a transaction without other writers; it gives a function (query, values) -> rows."""
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


def _number(name: str) -> int:
    """Return the number of a lock by its name, the same in every process."""
    return zlib.crc32(name.encode())


def _marks(query: Any) -> Any:
    return query.replace("?", "%s") if isinstance(query, str) else query
