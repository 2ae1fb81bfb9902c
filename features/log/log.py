"""The log of a shop: its tables, checked and in the contract's types, in one DuckDB database.

Every row has two clocks, when it happened and `known_at`. A value with an instant that comes
after its row (a click, a cancellation) has a third one: `clicked_known_at`, the later of that
instant and the row's `known_at`.
"""

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from features.contract.casts import name_sql
from features.contract.raw_table import RawTable
from features.contract.row_checks import find_row_faults
from features.contract.tables import (
    TABLES,
    TABLES_BY_NAME,
    Table,
)
from features.contract.typed_table import merge_days_sql, select_typed_sql
from features.errors import Fault, InputError
from features.log.data_span import DataSpan, read_span
from features.log.flat_layout import FlatLayout
from features.log.history_tables import make_history_tables
from features.log.identity_chains import make_account_steps
from features.log.kept_layout import KeptLayout
from features.log.kept_tables import KEPT_FOLDER, KeptTables, TypedTable
from features.log.log_connection import LogConnection
from features.log.merge_posted import merge_journal
from features.log.queryable_log import TypedColumn as TableColumn
from features.shop.pseudonyms import read_key, set_key
from features.shop.shop import Shop
from features.sources.databases import Databases
from features.sources.files import find_files
from features.sources.left_out_orders import left_out_orders_sql, without_left_out_orders
from features.sources.open_tables import (
    close_raw_table,
    hold_rows,
    open_raw_table,
    reading_fault,
)
from features.sources.plain_copies import PlainCopies
from features.sources.work_database import WorkDatabase, open_work_database
from features.windows import end_of_day, read_cutoff, to_datetime


@dataclass(frozen=True)
class Log:
    """The checked tables of one shop, in a database that queries can read.

    Attributes
    ----------
    connection : LogConnection
        The database. It has one table for each table of the contract that the shop gives, under
        the contract's name. Instants are BIGINT microseconds UTC, `local_day` is an INTEGER of days
        since 1970-01-01 by the shop's calendar, money is BIGINT minor units. Optional columns that
        the shop does not give hold NULL, so that one query serves every shop.
    shop : Shop
        The settings of the shop.
    provided : dict of str to frozenset of str
        Table of the contract -> the columns that the shop gives.
    folder : Path
        Where the database is; it exists as long as the log.
    close : callable
        Removes the database at once; otherwise it is removed when the log is no longer used.
    data_span : DataSpan or None
        The days on which the orders of the files begin and end; None for a log without orders.
    posted_until : int or None
        When the last row was posted (microseconds UTC), where the shop posts everything; else None.
    journal_seq : int
        Number of the last row of the journal that is in the tables; 0 if no row was posted.
    content : str or None
        Hash of all that the history's rows depend on; None where a table may have changed without
        our knowledge, or rows were posted.
    reused_from : int or None
        When tables of databases were read of which copies are used (microseconds UTC); None where
        no copy of a database is used.
    left_out : dict of str to dict of str to int
        Table -> the rows that conditions of nextbuy.toml left out of it, by condition.
    """

    connection: LogConnection
    shop: Shop
    provided: dict[str, frozenset[str]]
    folder: Path
    close: Callable[[], None]
    data_span: DataSpan | None = None
    posted_until: int | None = None
    journal_seq: int = 0
    content: str | None = None
    reused_from: int | None = None
    left_out: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @cached_property
    def observed_until(self) -> int:
        """Last instant of the data (microseconds UTC), never after now.

        It is the one that nextbuy.toml declares. Otherwise it is the end of the last local day on
        which the orders of the files are there, or the last post of a shop that posts everything.
        """
        text = self.shop.section.observed_until
        if text is not None:
            return read_cutoff(text, self.shop.timezone, "shop.observed_until")
        end = min(end_of_day(self._known_span.last_day, self.shop.timezone), _now())
        return max(end, self.posted_until or end)

    @cached_property
    def first_order_at(self) -> int:
        """Instant of the first order (microseconds UTC) on or after the first day of the data."""
        begin = end_of_day(self._known_span.first_day - 1, self.shop.timezone)
        return int(self._scalar(f"SELECT min(ordered_at) FROM orders WHERE ordered_at > {begin}"))

    @property
    def _known_span(self) -> DataSpan:
        assert self.data_span is not None, "the log has no orders"
        return self.data_span

    @property
    def timezone(self) -> ZoneInfo:
        """Zone of the shop's calendar."""
        return self.shop.timezone

    def fetch(self, query: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query as tuples."""
        return self.connection.execute(query).fetchall()

    def put(self, name: str, columns: Mapping[str, TableColumn]) -> None:
        """Put a small table into the log's database, in place of an older one of its name.

        Parameters
        ----------
        name : str
            Name of the table.
        columns : mapping of str to TypedColumn
            Column -> its SQL type and its values; all columns have the same number of values.
        """
        names = ", ".join(f"{name_sql(column)} {kind}" for column, (kind, _) in columns.items())
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} ({names})")
        rows = list(zip(*(values for _, values in columns.values()), strict=True))
        if rows:
            marks = ", ".join("?" * len(columns))
            self.connection.executemany(f"INSERT INTO {name} VALUES ({marks})", rows)

    @cached_property
    def layout(self) -> FlatLayout:
        """The rows of the history as flat columns, from when they are first asked for."""
        kept = None
        if self.content is not None:
            kept = KeptLayout(self.shop.workspace / KEPT_FOLDER, self.content)
        return FlatLayout(self.connection, self.provided, self.folder, kept)

    def keep(self, name: str, query: str) -> None:
        """Store the rows of a query in a table, until it is removed with `drop`."""
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {query}")

    def drop(self, name: str) -> None:
        """Remove the table that `keep` has made under a name."""
        self.connection.execute(f"DROP TABLE IF EXISTS {name}")

    def count(self, table: str) -> int:
        """Return the number of rows of a table."""
        return int(self._scalar(f"SELECT count(*) FROM {table}"))

    def span(self, table: str) -> tuple[int | None, int | None]:
        """Return the instants of the first and last row of a table; None where it has no clock."""
        happened = TABLES_BY_NAME[table].happened
        if happened is None:
            return None, None
        query = f"SELECT min({happened}), max({happened}) FROM {table}"
        first, last = self.connection.execute(query).fetchall()[0]
        return first, last

    def fingerprint(self) -> str:
        """Return a text that two logs share if they have the same rows, in any order."""
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

    Parameters
    ----------
    shop : Shop
        The settings of the shop.

    Raises
    ------
    InputError
        The tables have faults; the error carries all faults of all tables.
    """
    log, faults = read_valid_tables(shop)
    if faults:
        log.close()
        raise InputError(faults)
    return log


def read_valid_tables(shop: Shop) -> tuple[Log, list[Fault]]:
    """Read the tables that keep the contract, and return the faults of the others.

    Parameters
    ----------
    shop : Shop
        The settings of the shop.

    Returns
    -------
    log : Log
        If there are faults, it serves for a readiness report only: tables with faults are not in
        it, and neither are posted rows and the tables of the history.
    faults : list of Fault
        All faults of all tables; empty if the log is complete.

    Raises
    ------
    InputError
        There is no room for the log.
    """
    now = _now()
    scratch = open_work_database(shop)
    try:
        kept = KeptTables(scratch.connection, shop, scratch.folder)
        provided, faults = _read_tables(scratch, shop, kept, now)
        connection = LogConnection(scratch.connection, shop)
        span = read_span(scratch.connection) if "orders" in provided else None
        log = Log(
            connection,
            shop,
            provided,
            scratch.folder,
            scratch.close,
            span,
            reused_from=kept.reused_from,
            left_out=kept.left_out,
        )
        if not faults:
            log, faults = _complete(log, kept.keys)
        if faults and "identities" in log.provided:
            make_account_steps(log.connection, log.provided)
    except BaseException:
        scratch.close()
        raise
    return log, faults


def _complete(log: Log, keys: Mapping[str, str]) -> tuple[Log, list[Fault]]:
    """Return the log with posted rows and history tables added, and the faults that prevent it."""
    try:
        log = _with_history(log, keys)
    except InputError as error:
        return log, error.faults
    return log, list(_end_faults(log))


def _with_history(log: Log, keys: Mapping[str, str]) -> Log:
    """Return the log with the posted rows merged in and the tables of the history made."""
    provided, journal_seq, posted_until = merge_journal(log.connection, log.shop, log.provided)
    if "identities" in provided:
        make_account_steps(log.connection, provided)
    statements = make_history_tables(log.connection, log.shop, provided)
    content = None
    if journal_seq == 0 and keys.keys() == provided.keys():
        parts = [*statements, *(f"{table} {keys[table]}" for table in sorted(keys))]
        content = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
    return replace(
        log,
        provided=provided,
        posted_until=posted_until if log.shop.journal.complete else None,
        journal_seq=journal_seq,
        content=content,
    )


def _read_tables(
    scratch: WorkDatabase, shop: Shop, kept: KeptTables, now: int
) -> tuple[dict[str, frozenset[str]], list[Fault]]:
    """Read the shop's tables into the database; return the columns of each, and the faults."""
    connection = scratch.connection
    if shop.section.pseudonymise:
        set_key(connection, read_key())
    provided = kept.open_databases(now)
    faults: list[Fault] = []
    databases = Databases(shop.root)
    try:
        for table in (t for t in TABLES if t.name in shop.tables.keys() - provided.keys()):
            try:
                contract = shop.contract_of(table)
                provided[table.name] = _read_table(scratch, shop, contract, databases, kept, now)
            except InputError as error:
                faults += error.faults
            except (duckdb.Error, OSError) as error:
                faults.append(reading_fault(shop, table, error))
    finally:
        databases.close()
    in_order = {t.name: provided[t.name] for t in TABLES if t.name in provided}
    return in_order, list(dict.fromkeys(faults))


def _read_table(
    scratch: WorkDatabase,
    shop: Shop,
    table: Table,
    databases: Databases,
    kept: KeptTables,
    now: int,
) -> frozenset[str]:
    """Read, check and type one table; return the columns of it that the shop gives."""
    connection = scratch.connection
    copies = PlainCopies(scratch.folder)
    raw_table = open_raw_table(connection, shop, table, databases, copies)
    select = select_typed_sql(raw_table, shop.minor_digits)
    if shop.tables[table.name].order_per == "day":
        select = merge_days_sql(select)
    select = without_left_out_orders(connection, raw_table, select)
    paths = shop.tables[table.name].paths.values()
    if not paths:
        typed = _check_table(connection, raw_table, shop, select, now)
        kept.keep_of_database(typed, raw_table.types, now)
    else:
        # before the rows are checked: what is kept must be what was checked
        files = [file for path in paths for file in find_files(table, path, shop.root)]
        states = kept.read_states(table.name, files)
        if not kept.open(table.name, states, select):
            copies.make()
            kept.keep(_check_table(connection, raw_table, shop, select, now), states)
    close_raw_table(connection, raw_table)
    return frozenset(raw_table.types)


def _now() -> int:
    return time.time_ns() // 1000


def _check_table(
    connection: duckdb.DuckDBPyConnection, raw_table: RawTable, shop: Shop, select: str, now: int
) -> TypedTable:
    """Check the rows of an open table; raise an `InputError` with all of their faults."""
    left_out = hold_rows(connection, shop, raw_table)
    if faults := find_row_faults(connection, raw_table, shop.currency, now):
        raise InputError(faults)
    return TypedTable(raw_table.table.name, select, left_out_orders_sql(shop, raw_table), left_out)


def _end_faults(log: Log) -> Iterator[Fault]:
    """Yield a fault if all orders are of one instant, or if `shop.observed_until` ends no data."""
    first, last = (to_datetime(at) for at in (log.first_order_at, log.observed_until))
    if log.shop.section.observed_until is None:
        clocks = "SELECT min(ordered_at), max(greatest(known_at, ordered_at)) FROM orders"
        earliest, latest = log.fetch(clocks)[0]
        if earliest == latest:
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
