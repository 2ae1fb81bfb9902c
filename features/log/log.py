"""A shop's log: its tables, checked and in the contract's types, in one DuckDB database.

Every row carries two clocks, when it happened and `known_at`. A field with an instant of its
own (a click, a cancellation) gets a clock too: `clicked_known_at`, the later of that instant
and of the row's `known_at`.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from features.contract.casts import SQL_TYPES, known_at_sql, local_day_sql, name_sql, value_sql
from features.contract.row_checks import find_row_faults
from features.contract.tables import (
    TABLES,
    TABLES_BY_NAME,
    TABLES_WITH_LOCAL_DAY,
    Table,
    known_at_column,
)
from features.errors import Fault, InputError, refuse
from features.log.customer_ranges import customer_ranges
from features.log.history_tables import make_history_tables
from features.log.identity_chains import make_account_steps
from features.log.merge_posted import merge_journal
from features.log.warehouse import TypedColumn as TableColumn
from features.shop.pseudonyms import read_key, set_key
from features.shop.shop import Shop
from features.sources.databases import Databases
from features.sources.files import unreadable_fault
from features.sources.log_connection import LogConnection
from features.sources.open_tables import Source, close_raw_table, open_raw_table
from features.sources.work_database import open_work_database, out_of_room_fault
from features.windows import end_of_day, local_day, read_cutoff, to_datetime


@dataclass(frozen=True)
class Log:
    """The checked tables of one shop.

    Attributes
    ----------
    connection : Connection
        Holds one table per contract table given, named as in the contract; instants are
        BIGINT microseconds UTC, `local_day` INTEGER days since 1970-01-01 by the shop's
        calendar, money BIGINT minor units. Optional columns that the shop does not give are
        there as NULL, so that one query serves every shop.
    provided : dict of str to frozenset of str
        The columns the shop really gives, by table.
    close : callable
        Removes the database at once; else it goes when the log is no longer used.
    journal_seq : int
        The last row of the journal of posted rows that is in the tables; 0 without one.
    """

    connection: LogConnection
    shop: Shop
    provided: dict[str, frozenset[str]]
    close: Callable[[], None]
    journal_seq: int = 0

    @cached_property
    def observed_until(self) -> int:
        """Last instant of the data: as set in nextbuy.toml, else the latest order known.

        Known means with both clocks past: where `known_at` precedes the order, from the order on.
        """
        text = self.shop.section.observed_until
        if text is not None:
            return read_cutoff(text, self.shop.timezone, "shop.observed_until")
        return int(self._scalar("SELECT max(greatest(known_at, ordered_at)) FROM orders"))

    @cached_property
    def first_order_at(self) -> int:
        """Instant of the first order."""
        return int(self._scalar("SELECT min(ordered_at) FROM orders"))

    @property
    def timezone(self) -> ZoneInfo:
        """The shop's calendar."""
        return self.shop.timezone

    def fetch(self, query: str) -> list[tuple[Any, ...]]:
        """Give the rows of a query."""
        return self.connection.execute(query).fetchall()

    def put(self, name: str, columns: Mapping[str, TableColumn]) -> None:
        """Put a small table into the log's database, in place of an older one."""
        names = ", ".join(f"{name_sql(column)} {kind}" for column, (kind, _) in columns.items())
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} ({names})")
        rows = list(zip(*(values for _, values in columns.values()), strict=True))
        if rows:
            marks = ", ".join("?" * len(columns))
            self.connection.executemany(f"INSERT INTO {name} VALUES ({marks})", rows)

    @cached_property
    def ranges(self) -> tuple[str, ...]:
        """Conditions that part the customers, in the order of their ids; see `customer_ranges`."""
        return customer_ranges(self.connection, self.provided)

    def keep(self, name: str, queries: Sequence[str]) -> None:
        """Compute queries once, as a table of all their rows that goes with `drop`."""
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {queries[0]}")
        for query in queries[1:]:
            self.connection.execute(f"INSERT INTO {name} {query}")

    def drop(self, name: str) -> None:
        """Drop what was kept under a name."""
        self.connection.execute(f"DROP TABLE IF EXISTS {name}")

    def count(self, table: str) -> int:
        """Count the rows of a table."""
        return int(self._scalar(f"SELECT count(*) FROM {table}"))

    def span(self, table: str) -> tuple[int | None, int | None]:
        """Give the first and the last instant of a table's rows; None without a clock."""
        happened = TABLES_BY_NAME[table].happened
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
    log, faults = read_valid_tables(shop)
    if faults:
        log.close()
        raise InputError(faults)
    return log


def read_valid_tables(shop: Shop) -> tuple[Log, list[Fault]]:
    """Read what keeps the contract, and give the faults of what does not.

    With a fault the log is good for a report and nothing else: tables with faults are not in it,
    and then neither is what was posted, nor the tables of the history.

    Raises
    ------
    InputError
        There is no room for the log.
    """
    now = time.time_ns() // 1000
    scratch = open_work_database(shop)
    try:
        provided, faults = _read_tables(scratch.connection, shop, now)
        log = Log(LogConnection(scratch.connection, shop), shop, provided, scratch.close)
        if not faults:
            log, faults = _complete(log)
        if faults and "identities" in log.provided:
            make_account_steps(log.connection, log.provided)
    except BaseException:
        scratch.close()
        raise
    return log, faults


def _complete(log: Log) -> tuple[Log, list[Fault]]:
    """Add what was posted and the tables of the history; or say why that cannot be."""
    try:
        log = _with_history(log)
    except InputError as error:
        return log, error.faults
    return log, list(_end_faults(log))


def _with_history(log: Log) -> Log:
    provided, journal_seq = merge_journal(log.connection, log.shop, log.provided)
    if "identities" in provided:
        make_account_steps(log.connection, provided)
    make_history_tables(log.connection, log.shop, provided)
    return replace(log, provided=provided, journal_seq=journal_seq)


def _read_tables(
    connection: duckdb.DuckDBPyConnection, shop: Shop, now: int
) -> tuple[dict[str, frozenset[str]], list[Fault]]:
    """Read the shop's tables into the connection's database; give their columns, and faults."""
    if shop.section.pseudonymise:
        set_key(connection, read_key())
    provided: dict[str, frozenset[str]] = {}
    faults: list[Fault] = []
    databases = Databases(shop)
    try:
        for table in (t for t in TABLES if t.name in shop.tables):
            try:
                provided[table.name] = _read_table(connection, shop, table, databases, now)
            except InputError as error:
                faults += error.faults
            except duckdb.Error as error:
                faults.append(out_of_room_fault(shop, error) or unreadable_fault(table, error))
    finally:
        databases.close()
    return provided, list(dict.fromkeys(faults))


def _read_table(
    connection: duckdb.DuckDBPyConnection,
    shop: Shop,
    table: Table,
    databases: Databases,
    now: int,
) -> frozenset[str]:
    """Read, check and type one table; give the columns that the shop has of it."""
    source = open_raw_table(connection, shop, table, databases)
    if faults := find_row_faults(connection, shop, source, now):
        raise InputError(faults)
    connection.execute(_create_sql(source, shop.minor_digits))
    close_raw_table(connection, shop, source)
    return frozenset(source.types)


def _end_faults(log: Log) -> Iterator[Fault]:
    """Find data of one instant, and an end in nextbuy.toml that is none."""
    first, last = (to_datetime(at) for at in (log.first_order_at, log.observed_until))
    if log.shop.section.observed_until is None:
        if first == last:
            yield Fault(
                "orders.ordered_at",
                "orders over some time",
                f"all at {first:%Y-%m-%d %H:%M} UTC",
                "Export a longer history.",
            )
    elif not first < last <= datetime.now(UTC):
        yield Fault(
            "shop.observed_until",
            f"an instant after the first order ({first:%Y-%m-%d}) and not after now",
            f"{last:%Y-%m-%d %H:%M} UTC",
            "Correct it in nextbuy.toml, or leave it out for the latest order known.",
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
    if table.name in TABLES_WITH_LOCAL_DAY:
        columns["local_day"] = local_day_sql(columns[table.happened or ""])
    select = ", ".join(f"{expression} AS {name_sql(n)}" for n, expression in columns.items())
    clocks = "".join(
        f", {_late_clock_sql(source, name, columns)} AS {known_at_column(name)}"
        for name in table.late_instants
    )
    order = " ORDER BY customer_id" if "customer_id" in columns else ""  # for `ranges`
    return f"CREATE TABLE {table.name} AS SELECT {select}{clocks} FROM {source.view}{order}"


def _late_clock_sql(source: Source, name: str, columns: dict[str, str]) -> str:
    """Write when a late field was known: the later of itself and its row; NULL without one."""
    if name not in source.types:
        return "CAST(NULL AS BIGINT)"
    own = known_at_sql(name, source.types[name])
    return f"CASE WHEN {columns[name]} IS NOT NULL THEN greatest({own}, {columns['known_at']}) END"


def _row_known_sql(source: Source) -> str:
    """Write when a row was known: `known_at` where given, else when it happened."""
    options = [
        known_at_sql(name, source.types[name])
        for name in ("known_at", source.table.happened)
        if name in source.types
    ]
    return f"coalesce({', '.join(options)})" if options else "CAST(NULL AS BIGINT)"


def check_cutoff_in_data(log: Log, cutoff: int) -> None:
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
    check_cutoff_in_data(log, cutoff)
    return cutoff
