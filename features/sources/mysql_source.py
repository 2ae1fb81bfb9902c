"""Reads tables of MySQL and MariaDB, all queries in one snapshot, as a stream of text columns."""

import asyncio
import ssl
from collections.abc import Callable, Coroutine, Iterator
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pyarrow as pa

from features.contract.tables import Table
from features.errors import refuse

SCHEMES = ("mysql", "mariadb")
_BATCH_ROWS = 50_000
_PORT, _SECONDS = 3306, 10.0
_TIMESTAMP, _BIT = 7, 16  # codes of column types
_OPTIONS = ("ssl_ca", "unix_socket")
# Instants of the type TIMESTAMP come in UTC, whatever the server's zone, so that the hour that a
# clock repeats is read right.
_SNAPSHOT = (
    "SET time_zone = '+00:00'",
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
)


class MysqlSource:
    """A MySQL or MariaDB database; its values come as text, as they would stand in a CSV file.

    Parameters
    ----------
    table : Table
        The table of the contract that is read; errors name it.
    url : str
        `mysql://user:password@host:port/database`, with the options `ssl_ca` (file of the authority
        that signed the server's certificate: the connection is then encrypted and the server
        checked) and `unix_socket`.

    Raises
    ------
    InputError
        The URL names no database, or an option that is unknown.
    """

    name_sign = "`"

    def __init__(self, table: Table, url: str) -> None:
        import asyncmy
        from asyncmy.converters import conversions

        options = _connection_options(table, url)
        # What is not converted comes as text: a decimal exactly, and a date without a value too.
        written = {kind: convert for kind, convert in conversions.items() if isinstance(kind, type)}
        self._loop = asyncio.new_event_loop()
        self._connection: Any = None
        try:
            connecting = asyncmy.connect(**options, conv=written, charset="utf8mb4")
            self._connection = self._run(connecting)
            for statement in _SNAPSHOT:
                self._run(self._connection.query(statement))
        except BaseException:
            self.close()
            raise

    def select(self, query: str) -> pa.RecordBatchReader:
        """Run a query and return its rows as a stream of text columns.

        The server sends them as they are read; a second query has to wait until all are.
        """
        from asyncmy.cursors import SSCursor

        cursor = SSCursor(self._connection)
        self._run(cursor.execute(query))
        schema = pa.schema([(column[0], pa.string()) for column in cursor.description])
        return pa.RecordBatchReader.from_batches(schema, self._batches(cursor, schema))

    def _batches(self, cursor: Any, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        converters = [_CONVERTERS.get(column[1]) for column in cursor.description]
        while rows := self._run(cursor.fetchmany(_BATCH_ROWS)):
            columns = zip(*rows, strict=True)
            arrays = [
                pa.array(values if convert is None else list(map(convert, values)), pa.string())
                for values, convert in zip(columns, converters, strict=True)
            ]
            yield pa.record_batch(arrays, schema=schema)

    def close(self) -> None:
        """Close the connection; rows that have not been read are dropped."""
        if self._connection is not None:
            self._connection.close()
        self._run(asyncio.sleep(0))  # in which the loop closes the socket
        self._loop.close()

    def _run(self, task: Coroutine[Any, Any, Any]) -> Any:
        return self._loop.run_until_complete(task)


def _utc(value: str | None) -> str | None:
    return None if value is None else f"{value}Z"


def _bits(value: bytes | None) -> str | None:
    return None if value is None else str(int.from_bytes(value))


_CONVERTERS: dict[int, Callable[[Any], str | None]] = {_TIMESTAMP: _utc, _BIT: _bits}


def _connection_options(table: Table, url: str) -> dict[str, Any]:
    """Return the arguments of a connection by its URL."""
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    name = unquote(parts.path.strip("/"))
    where = f"tables.{table.name}.database"
    if unknown := sorted(options.keys() - set(_OPTIONS)):
        raise refuse(where, f"the options {', '.join(_OPTIONS)}", unknown[0], "Leave it out.")
    if not name or "/" in name:
        raise refuse(where, "mysql://user@host/database", "no database", "Add it behind the host.")
    arguments: dict[str, Any] = {
        "host": parts.hostname or "127.0.0.1",
        "port": parts.port or _PORT,
        "user": unquote(parts.username or "root"),
        "password": unquote(parts.password or ""),
        "db": name,
        "connect_timeout": _SECONDS,
    }
    if "unix_socket" in options:
        arguments["unix_socket"] = options["unix_socket"]
    if "ssl_ca" in options:
        arguments["ssl"] = ssl.create_default_context(cafile=options["ssl_ca"])
    return arguments
