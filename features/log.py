"""A shop's log: its tables, checked and in the contract's types, in one DuckDB database.

Every row carries two clocks, when it happened and `known_at`. A field with an instant of its
own (a click, a cancellation) gets a clock too: `clicked_known_at`, the later of that instant
and of the row's `known_at`.
"""

import time
from dataclasses import dataclass
from functools import cached_property

import duckdb

from features.casts import SQL_TYPES, known_sql, local_day_sql, value_sql
from features.checks import find_faults
from features.contract import BY_NAME, TABLES, Table
from features.faults import Fault, InputError, refuse
from features.shop import Shop
from features.sources import Source, connect, name_sql, open_source
from features.windows import end_of_day, local_day, read_cutoff, to_datetime


@dataclass(frozen=True)
class Log:
    """The checked tables of one shop.

    Attributes
    ----------
    connection : duckdb.DuckDBPyConnection
        Holds one table per contract table given, named as in the contract; instants are
        BIGINT microseconds UTC, money BIGINT minor units. Optional columns that the shop
        does not give are there as NULL, so that one query serves every shop.
    provided : dict of str to frozenset of str
        The columns the shop really gives, by table.
    """

    connection: duckdb.DuckDBPyConnection
    shop: Shop
    provided: dict[str, frozenset[str]]

    @cached_property
    def observed_until(self) -> int:
        """Last instant of the data: as set in nextbuy.toml, else the latest order known."""
        text = self.shop.section.observed_until
        if text is not None:
            return read_cutoff(text, self.shop.timezone, "shop.observed_until")
        return int(self._scalar("SELECT max(known_at) FROM orders"))

    @cached_property
    def first_order_at(self) -> int:
        """Instant of the first order."""
        return int(self._scalar("SELECT min(ordered_at) FROM orders"))

    def count(self, table: str) -> int:
        """Count the rows of a table."""
        return int(self._scalar(f"SELECT count(*) FROM {table}"))

    def span(self, table: str) -> tuple[int | None, int | None]:
        """Give the first and the last instant of a table's rows; None without a clock."""
        happened = BY_NAME[table].happened
        if happened is None:
            return None, None
        query = f"SELECT min({happened}), max({happened}) FROM {table}"
        first, last = self.connection.execute(query).fetchall()[0]
        return first, last

    def fingerprint(self) -> str:
        """Sum up the data: the same rows, in any order, give the same text."""
        parts = []
        for table in self.provided:
            rows, digest = self.connection.execute(
                f"SELECT count(*), sum(hash(t)) FROM {table} AS t"
            ).fetchall()[0]
            parts.append(f"{table}:{rows}:{int(digest):x}")
        return " ".join(parts)

    def _scalar(self, query: str) -> int:
        return self.connection.execute(query).fetchall()[0][0]  # type: ignore[no-any-return]


def read_log(shop: Shop) -> Log:
    """Read, check and type all tables that `nextbuy.toml` names.

    Raises
    ------
    InputError
        With every fault of every table; nothing is returned half-checked.
    """
    connection = connect(shop)
    faults: list[Fault] = []
    provided: dict[str, frozenset[str]] = {}
    now = time.time_ns() // 1000
    for table in TABLES:
        if table.name not in shop.tables:
            continue
        try:
            source = open_source(connection, shop, table)
            table_faults = find_faults(connection, shop, source, now)
        except InputError as error:
            table_faults = error.faults
        except duckdb.Error as error:
            table_faults = [_broken_file(table, error)]
        if not table_faults:
            connection.execute(_create_sql(source, shop.minor_digits))
            provided[table.name] = frozenset(source.types)
        faults += table_faults
    if faults:
        raise InputError(faults)
    log = Log(connection, shop, provided)
    if not log.first_order_at < log.observed_until <= now:
        raise refuse(
            "shop.observed_until",
            f"an instant after the first order ({to_datetime(log.first_order_at):%Y-%m-%d}) and "
            "not after now",
            f"{to_datetime(log.observed_until):%Y-%m-%d %H:%M} UTC",
            "Correct it in nextbuy.toml, or leave it out for the latest order known.",
        )
    return log


def _broken_file(table: Table, error: Exception) -> Fault:
    return Fault(
        table.name,
        "files that can be read to their end",
        str(error).splitlines()[0],
        "Export the table again.",
    )


def _create_sql(source: Source, minor_digits: int) -> str:
    """Write the query that makes the typed table from its raw view."""
    table = source.table
    columns = {}
    for name in [c.name for c in table.columns if not c.pattern] + sorted(source.types):
        column = table[name]
        columns[name] = (
            value_sql(column, name, source.types[name], minor_digits)
            if name in source.types
            else f"CAST(NULL AS {SQL_TYPES[column.kind]})"
        )
    if table.happened is not None:
        columns["known_at"] = _row_known_sql(source)
    if table.name == "orders":
        columns["currency"] = f"upper({columns['currency']})"
        columns["local_day"] = local_day_sql(columns["ordered_at"])
    select = ", ".join(f"{expression} AS {name_sql(n)}" for n, expression in columns.items())
    clocks = "".join(
        f", {_late_clock_sql(source, name, columns)} AS {clock_of(name)}"
        for name in table.late_instants
    )
    return f"CREATE TABLE {table.name} AS SELECT {select}{clocks} FROM {source.view}"


def _late_clock_sql(source: Source, name: str, columns: dict[str, str]) -> str:
    """Write when a late field was known: the later of itself and its row; NULL without one."""
    if name not in source.types:
        return "CAST(NULL AS BIGINT)"
    own = known_sql(name, source.types[name])
    return f"CASE WHEN {columns[name]} IS NOT NULL THEN greatest({own}, {columns['known_at']}) END"


def _row_known_sql(source: Source) -> str:
    """Write when a row was known: `known_at` where given, else when it happened."""
    options = [
        known_sql(name, source.types[name])
        for name in ("known_at", source.table.happened)
        if name in source.types
    ]
    return f"coalesce({', '.join(options)})" if options else "CAST(NULL AS BIGINT)"


def clock_of(instant: str) -> str:
    """Name the column that says when a late instant was known.

    >>> clock_of("clicked_at")
    'clicked_known_at'
    """
    return instant.removesuffix("_at") + "_known_at"


def check_observed(log: Log, cutoff: int) -> None:
    """Refuse a cutoff outside the data.

    Past its end, what was not observed would look like silence; before its beginning there is
    nobody to speak of.
    """
    first, last = log.first_order_at, log.observed_until
    if not first <= cutoff <= last:
        raise refuse(
            "cutoff",
            f"an instant within the data ({to_datetime(first):%Y-%m-%d %H:%M} to "
            f"{to_datetime(last):%Y-%m-%d %H:%M} UTC)",
            f"{to_datetime(cutoff):%Y-%m-%d %H:%M} UTC",
            "Use one in that range (`end` is the end of the data), or bring other data.",
        )


def resolve_cutoff(log: Log, text: str) -> int:
    """Read a cutoff of a log: `end`, or an instant; a bare last day of the data is its end.

    Raises
    ------
    InputError
        It is no instant, or lies outside the data.
    """
    end = log.observed_until
    if text.strip().lower() == "end":
        return end
    cutoff = read_cutoff(text, log.shop.timezone)
    if cutoff == end_of_day(local_day(end, log.shop.timezone), log.shop.timezone):
        return end
    check_observed(log, cutoff)
    return cutoff
