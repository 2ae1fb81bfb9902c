"""A shop's databases: PostgreSQL, SQLite and DuckDB, each read in one snapshot, as Arrow."""

import contextlib
import importlib.util
import os
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

import duckdb
import pyarrow as pa

from features.contract.casts import name_sql, names_equal_in_sql
from features.contract.tables import Table
from features.errors import Fault, InputError, refuse
from features.shop.settings_file import TableSource
from features.shop.shop import Shop

_BATCH_ROWS = 50_000
_SCHEMES = "postgresql://..., sqlite:///..., duckdb:///..., or a file .sqlite, .db, .duckdb"


class SourceDatabase(Protocol):
    """An open database: everything selected from it is of one snapshot."""

    def select(self, query: str) -> pa.RecordBatchReader:
        """Run a query; the rows come as they are read."""

    def close(self) -> None:
        """Close the connection, and with it the snapshot."""


class PostgresSource:
    """PostgreSQL, over its binary COPY."""

    def __init__(self, url: str) -> None:
        from adbc_driver_postgresql import dbapi

        self._closing = contextlib.ExitStack()
        self._connection = self._closing.enter_context(dbapi.connect(url))
        with self._connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")

    def select(self, query: str) -> pa.RecordBatchReader:
        """Run a query; numerics come as text, which is exact."""
        cursor = self._closing.enter_context(self._connection.cursor())
        cursor.execute(query)
        return cursor.fetch_record_batch()

    def close(self) -> None:
        """Close the connection; whatever was still to be read is dropped."""
        self._closing.close()


class SqliteSource:
    """SQLite, whose columns hold what they like: everything comes as text, as from CSV."""

    def __init__(self, path: Path) -> None:
        uri = f"{path.resolve().as_uri()}?mode=ro"
        self._connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
        self._connection.execute("BEGIN")

    def select(self, query: str) -> pa.RecordBatchReader:
        """Run a query."""
        cursor = self._connection.execute(query)
        schema = pa.schema([(column[0], pa.string()) for column in cursor.description])
        return pa.RecordBatchReader.from_batches(schema, self._batches(cursor, schema))

    def _batches(self, cursor: sqlite3.Cursor, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        while rows := cursor.fetchmany(_BATCH_ROWS):
            columns = zip(*rows, strict=True)
            arrays = [pa.array([_text(v) for v in column], pa.string()) for column in columns]
            yield pa.record_batch(arrays, schema=schema)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


class DuckDbSource:
    """A DuckDB file."""

    def __init__(self, path: Path) -> None:
        self._connection = duckdb.connect(str(path), read_only=True)
        self._connection.execute("BEGIN")

    def select(self, query: str) -> pa.RecordBatchReader:
        """Run a query."""
        return self._connection.sql(query).to_arrow_reader(_BATCH_ROWS)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


class Databases:
    """The databases of one reading of a shop; each is opened once, however many tables it has."""

    def __init__(self, shop: Shop) -> None:
        self._root = shop.root
        self._open: dict[str, SourceDatabase] = {}

    def read(self, table: Table, source: TableSource) -> pa.RecordBatchReader:
        """Start to read a table; rows come while they are asked for.

        Raises
        ------
        InputError
            The database cannot be reached, or has no such table.
        """
        url = self._url(table, source)
        query = source.query or f"SELECT * FROM {_table_sql(source.table or '')}"
        try:
            if url not in self._open:
                self._open[url] = open_database(table, url, self._root)
            reader = self._open[url].select(query.strip().rstrip(";"))
        except InputError:
            raise
        except Exception as error:  # each driver has its own kinds, and none shares a base
            raise InputError([self.fault(table, source, error)]) from None
        _refuse_money(table, reader.schema)
        if repeated := names_equal_in_sql(reader.schema.names):
            raise refuse(
                f"tables.{table.name}",
                "each column once, in upper or lower case",
                ", ".join(repeated),
                "Read it by a query that renames or leaves out the others.",
            )
        return reader

    def fault(self, table: Table, source: TableSource, error: Exception) -> Fault:
        """Say that a table could not be read, or not to its end; never with a password."""
        url = self._url(table, source)
        said = " ".join(str(error).split())
        for secret in _secrets(url):
            said = said.replace(secret, "***")
        return Fault(
            f"tables.{table.name}",
            f"{source.table or 'the query'} of {_shown(url)}, read to its end",
            said,
            "Check that the database is up and that the table or query is right, and run again.",
        )

    def close(self) -> None:
        """Close all of them."""
        for database in self._open.values():
            database.close()

    def _url(self, table: Table, source: TableSource) -> str:
        if source.database is not None:
            return source.database
        name = source.database_env or ""
        if not os.environ.get(name):
            raise refuse(
                f"tables.{table.name}.database_env",
                f"the database's URL in the environment variable {name}",
                "nothing",
                "Set it, as in postgresql://user:password@host/database.",
            )
        return os.environ[name]


def open_database(table: Table, url: str, root: Path) -> SourceDatabase:
    """Open a database by its URL or file name.

    Raises
    ------
    InputError
        It is of a kind that cannot be read, or the file is not there.
    """
    where = f"tables.{table.name}.database"
    scheme, _, rest = url.partition("://")
    if scheme in ("postgresql", "postgres") and rest:
        if importlib.util.find_spec("adbc_driver_postgresql") is None:
            raise refuse(where, "the driver of PostgreSQL", "none", "pip install nextbuy[postgres]")
        return PostgresSource(url)
    path = root / (rest.removeprefix("/") if rest else url)
    kind = scheme if rest else path.suffix.lstrip(".")
    if kind not in ("sqlite", "sqlite3", "db", "duckdb"):
        raise refuse(where, _SCHEMES, _shown(url), "Export the table as Parquet or CSV instead.")
    if not path.is_file():
        raise refuse(where, "a database", f"no file at {path}", "Correct the path.")
    return DuckDbSource(path) if kind == "duckdb" else SqliteSource(path)


def _refuse_money(table: Table, schema: pa.Schema) -> None:
    """Refuse PostgreSQL's type money: it comes as a whole number of an unknown minor unit."""
    for field in schema:
        if (field.metadata or {}).get(b"POSTGRESQL:type") == b"money":
            raise refuse(
                f"{table.name}.{field.name}",
                "a type with a known unit",
                "money",
                "Read it by a query that casts it to numeric.",
            )


def _table_sql(name: str) -> str:
    return ".".join(name_sql(part) for part in name.split("."))


def _text(value: Any) -> str | None:
    """Write one of SQLite's values as a CSV export would."""
    if value is None:
        return None
    if isinstance(value, bytes):
        return value.decode()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _shown(url: str) -> str:
    """Write a database's address without who reads it, and with which password."""
    return re.sub(r"//[^/]*@", "//", url.partition("?")[0])


def _secrets(url: str) -> list[str]:
    if "://" not in url:
        return []
    parts = urlsplit(url)
    given = [parts.password, *(v for n, v in parse_qsl(parts.query) if "password" in n)]
    return sorted({s for g in given if g for s in (g, unquote(g))}, key=len, reverse=True)
