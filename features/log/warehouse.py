"""What the builds ask of a log, whichever engine its history tables stand in."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from zoneinfo import ZoneInfo

TypedColumn = tuple[str, Sequence[Any]]  # type of the contract in SQL, and the values


class Warehouse(Protocol):
    """Tables `history_<table>`, and an engine that runs the queries of this project over them.

    `features.log.log.Log` is one in DuckDB, `features.engines.sql.spark_engine.SparkLog` one in
    Spark.
    """

    @property
    def provided(self) -> Mapping[str, frozenset[str]]:
        """The columns that the shop really gives, by table of the contract."""

    @property
    def timezone(self) -> ZoneInfo:
        """The shop's calendar."""

    def fetch(self, query: str) -> list[tuple[Any, ...]]:
        """Give the rows of a query, which is written in DuckDB's SQL."""

    def put(self, name: str, columns: Mapping[str, TypedColumn]) -> None:
        """Put a small table beside the others, in place of an older one of its name."""

    @property
    def ranges(self) -> Sequence[str]:
        """Conditions on `customer_id` that part the customers, for one query after the other."""

    def keep(self, name: str, queries: Sequence[str]) -> None:
        """Put the rows of queries, which are read more than once, beside the others."""

    def drop(self, name: str) -> None:
        """Let go of what was kept under a name."""
