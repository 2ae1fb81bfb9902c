"""The connection to the log's database, which explains errors about a lack of memory or disk."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from features.errors import InputError
from features.shop.shop import Shop
from features.sources.work_database import out_of_room_fault

if TYPE_CHECKING:
    import pandas as pd


class LogConnection:
    """A connection to the log's database that offers what is used of DuckDB's connection.

    Every method that runs a query or fetches rows raises an `InputError` if memory or disk does
    not suffice.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, shop: Shop) -> None:
        self._connection = connection
        self._shop = shop

    def execute(self, query: str, parameters: object = None) -> "LogConnection":
        """Run a query and return the connection, from which its rows are fetched."""
        with self.within_room():
            self._connection.execute(query, parameters)
        return self

    def executemany(self, query: str, rows: Sequence[Sequence[Any]]) -> None:
        """Run a query once for each row of values."""
        with self.within_room():
            self._connection.executemany(query, rows)

    def fetchall(self) -> list[Any]:
        """Return all rows of the last query as tuples."""
        with self.within_room():
            return self._connection.fetchall()

    def fetchmany(self, rows: int) -> list[Any]:
        """Return at most `rows` further rows of the last query as tuples; none at its end."""
        with self.within_room():
            return self._connection.fetchmany(rows)

    def fetchnumpy(self) -> dict[str, Any]:
        """Return the columns of the last query as numpy arrays, masked where values are missing."""
        with self.within_room():
            return self._connection.fetchnumpy()

    def df(self) -> "pd.DataFrame":
        """Return the rows of the last query as a DataFrame."""
        with self.within_room():
            return self._connection.df()

    def read(self, query: str, rows: int) -> pa.RecordBatchReader:
        """Return a query's rows as a stream of batches of `rows`; for use in `within_room`."""
        return self._connection.sql(query).to_arrow_reader(rows)

    def register(self, name: str, table: pa.Table) -> None:
        """Let queries read an Arrow table under a name."""
        self._connection.register(name, table)

    def unregister(self, name: str) -> None:
        """Remove the name that `register` gave to an Arrow table."""
        self._connection.unregister(name)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    @contextmanager
    def within_room(self) -> Iterator[None]:
        """Turn errors of the statements inside that are about memory or disk into `InputError`."""
        try:
            yield
        except (duckdb.Error, OSError) as error:
            fault = out_of_room_fault(self._shop, error)
            if fault is None:
                raise
            raise InputError([fault]) from None
