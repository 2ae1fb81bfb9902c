"""What features and the store need of a log, whichever engine its history tables are in."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from zoneinfo import ZoneInfo

TypedColumn = tuple[str, Sequence[Any]]  # the SQL type of a column, and its values


class QueryableLog(Protocol):
    """Tables `history_<table>`, and an engine that runs the queries of this project over them.

    `features.log.log.Log` is a warehouse in DuckDB, `features.engines.sql.spark_engine.SparkLog`
    one in Spark.
    """

    @property
    def provided(self) -> Mapping[str, frozenset[str]]:
        """Table of the contract -> the columns that the shop gives."""

    @property
    def timezone(self) -> ZoneInfo:
        """Zone of the shop's calendar."""

    def fetch(self, query: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query, written in DuckDB's SQL, as tuples."""

    def put(self, name: str, columns: Mapping[str, TypedColumn]) -> None:
        """Put a small table beside the others, in place of an older one of its name."""

    def keep(self, name: str, query: str) -> None:
        """Store the rows of a query, which are read more than once, in a table."""

    def drop(self, name: str) -> None:
        """Remove the table that `keep` has made under a name."""
