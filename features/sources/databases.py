"""Reads tables from a shop's databases, each in one snapshot: servers, SQLite and DuckDB files."""

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

from features.contract.casts import names_equal_in_sql
from features.contract.tables import Table
from features.errors import Fault, InputError, refuse
from features.shop.settings_file import TableSource
from features.sources.mysql_source import SCHEMES as MYSQL_SCHEMES
from features.sources.mysql_source import MysqlSource

_BATCH_ROWS = 50_000
_SCHEMES = (
    "postgresql://..., mysql://..., sqlite:///..., duckdb:///..., or a file .sqlite, .db, .duckdb"
)


class SourceDatabase(Protocol):
    """An open database of a shop, all of whose queries see the same snapshot.

    Attributes
    ----------
    name_sign : str
        What its SQL puts around the name of a table.
    """

    name_sign: str

    def select(self, query: str) -> pa.RecordBatchReader:
        """Run a query and return its rows as a stream of record batches."""

    def close(self) -> None:
        """Close the connection and give up the snapshot."""


class PostgresSource:
    """A PostgreSQL database, read over its binary COPY."""

    name_sign = '"'

    def __init__(self, url: str) -> None:
        from adbc_driver_postgresql import dbapi

        self._closing = contextlib.ExitStack()
        self._connection = self._closing.enter_context(dbapi.connect(url))
        with self._connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")

    def select(self, query: str) -> pa.RecordBatchReader:
        """Run a query and return its rows as a stream; numerics come as text, which is exact."""
        cursor = self._closing.enter_context(self._connection.cursor())
        cursor.execute(query)
        return cursor.fetch_record_batch()

    def close(self) -> None:
        """Close the connection; rows that have not been read are dropped."""
        self._closing.close()


class SqliteSource:
    """A SQLite file; its values come as text, since a SQLite column may hold values of any type."""

    name_sign = '"'

    def __init__(self, path: Path) -> None:
        uri = f"{path.resolve().as_uri()}?mode=ro"
        self._connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
        self._connection.execute("BEGIN")

    def select(self, query: str) -> pa.RecordBatchReader:
        """Run a query and return its rows as a stream of text columns."""
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
    """A DuckDB file, opened for reading."""

    name_sign = '"'

    def __init__(self, path: Path) -> None:
        self._connection = duckdb.connect(str(path), read_only=True)
        self._connection.execute("BEGIN")

    def select(self, query: str) -> pa.RecordBatchReader:
        """Run a query and return its rows as a stream of record batches."""
        return self._connection.sql(query).to_arrow_reader(_BATCH_ROWS)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


class Databases:
    """All databases that one reading of a shop needs; each is opened once for all of its tables.

    Parameters
    ----------
    root : Path
        The folder that the names of files are relative to.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._open: dict[str, SourceDatabase] = {}

    def read(self, table: Table, source: TableSource) -> pa.RecordBatchReader:
        """Start to read a table and return its rows as a stream of record batches.

        Parameters
        ----------
        table : Table
            The table of the contract; errors name it.
        source : TableSource
            The database, and the table or query that is read from it.

        Raises
        ------
        InputError
            The database cannot be reached, has no such table, or names two columns alike.
        """
        url = self._url(table, source)
        try:
            if url not in self._open:
                self._open[url] = open_database(table, url, self._root)
            database = self._open[url]
            whole = f"SELECT * FROM {_table_sql(source.table or '', database.name_sign)}"
            reader = database.select((source.query or whole).strip().rstrip(";"))
        except InputError:
            raise
        except Exception as error:  # the errors of the drivers have no common class
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
        """Return the fault that a table could not be read to its end; no password stands in it."""
        url = self._url(table, source)
        message = _without_secrets(" ".join(str(error).split()), url)
        return Fault(
            f"tables.{table.name}",
            f"{source.table or 'the query'} of {_shown(url)}, read to its end",
            message,
            "Check that the database is up and that the table or query is right, and run again.",
        )

    def close(self) -> None:
        """Close all databases that were opened."""
        for database in self._open.values():
            database.close()

    def _url(self, table: Table, source: TableSource) -> str:
        """Return the URL or file of a table's database, from the environment if need be."""
        if source.database is not None:
            _refuse_password(table, source.database)
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


def database_identity(source: TableSource) -> str:
    """Return what tells a table's database from others: its URL or file, without passwords."""
    url = source.database or os.environ.get(source.database_env or "", "")
    return _without_secrets(url, url)


def open_database(table: Table, url: str, root: Path) -> SourceDatabase:
    """Open a database by its URL or file name.

    Parameters
    ----------
    table : Table
        The table of the contract that is read; errors name it.
    url : str
        A URL of PostgreSQL, MySQL, MariaDB, SQLite or DuckDB, or a file.
    root : Path
        Folder that file names are relative to.

    Raises
    ------
    InputError
        The database is of a kind that cannot be read, or its file does not exist.
    """
    where = f"tables.{table.name}.database"
    scheme, _, rest = url.partition("://")
    if scheme in ("postgresql", "postgres") and rest:
        if importlib.util.find_spec("adbc_driver_postgresql") is None:
            raise refuse(where, "the driver of PostgreSQL", "none", "pip install nextbuy[postgres]")
        return PostgresSource(url)
    if scheme in MYSQL_SCHEMES and rest:
        if importlib.util.find_spec("asyncmy") is None:
            raise refuse(where, "the driver of MySQL", "none", "pip install nextbuy[mysql]")
        return MysqlSource(table, url)
    path = root / (rest.removeprefix("/") if rest else url)
    kind = scheme if rest else path.suffix.lstrip(".")
    if kind not in ("sqlite", "sqlite3", "db", "duckdb"):
        raise refuse(where, _SCHEMES, _shown(url), "Export the table as Parquet or CSV instead.")
    if not path.is_file():
        raise refuse(where, "a database", f"no file at {path}", "Correct the path.")
    return DuckDbSource(path) if kind == "duckdb" else SqliteSource(path)


def _refuse_password(table: Table, url: str) -> None:
    """Refuse a password of MySQL in nextbuy.toml: it belongs into the environment."""
    if url.partition("://")[0] in MYSQL_SCHEMES and urlsplit(url).password:
        raise refuse(
            f"tables.{table.name}.database",
            "an address without a password",
            "one with a password",
            "Put the address into an environment variable and name it as database_env.",
        )


def _refuse_money(table: Table, schema: pa.Schema) -> None:
    """Refuse PostgreSQL's type money: it comes as whole numbers of an unknown minor unit."""
    for field in schema:
        if (field.metadata or {}).get(b"POSTGRESQL:type") == b"money":
            raise refuse(
                f"{table.name}.{field.name}",
                "a type with a known unit",
                "money",
                "Read it by a query that casts it to numeric.",
            )


def _table_sql(name: str, sign: str) -> str:
    """Return the name of a table, with or without a schema, as an SQL identifier."""
    return ".".join(f"{sign}{part.replace(sign, 2 * sign)}{sign}" for part in name.split("."))


def _text(value: Any) -> str | None:
    """Return a value of SQLite as the text that a CSV export would hold."""
    if value is None:
        return None
    if isinstance(value, bytes):
        return value.decode()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _shown(url: str) -> str:
    """Return a database's URL without user, password and options."""
    return re.sub(r"//[^/]*@", "//", url.partition("?")[0])


def _without_secrets(text: str, url: str) -> str:
    """Replace the passwords of a URL in a text."""
    for secret in _secrets(url):
        text = text.replace(secret, "***")
    return text


def _secrets(url: str) -> list[str]:
    """Return the passwords in a URL, the longest first."""
    if "://" not in url:
        return []
    parts = urlsplit(url)
    given = [parts.password, *(v for n, v in parse_qsl(parts.query) if "password" in n)]
    return sorted({s for g in given if g for s in (g, unquote(g))}, key=len, reverse=True)
