"""Measures answers for one customer, and for a thousand, from a history store of a million.

The customers that are asked for have 30 orders of two lines, 100 events and 60 messages, all within
what the store keeps: the warehouse's customers are quieter, so these are planted beside them, their
rows drawn from its tables. The second half of `make bench-features`.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import duckdb
import msgspec

from benchmarks.features.asking_tasks import REDIS, Asked, redis_answers
from benchmarks.features.warehouse import write_warehouse
from benchmarks.rows import Row, report_each
from features.windows import DAY

PLANTED = 3000
_ORDERS, _LINES = 30, 2  # lines of each order
_END = 20_087 * DAY  # when the warehouse ends, 2024-12-30
_KEY = 1_000_000_000_000  # above all keys of the warehouse
# table: rows of a customer, key, instant, over how many days, late clocks
_ROWS = {
    "orders": (_ORDERS, "order_id", "ordered_at", 1000, ("known_at", "cancelled_at")),
    "events": (100, "event_id", "occurred_at", 180, ()),
    "messages": (
        60, "message_id", "sent_at", 360,
        ("delivered_at", "opened_at", "clicked_at", "converted_at", "unsubscribed_at"),
    ),
}  # fmt: skip


def main() -> None:
    """Measure a store of as many customers as the command line says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--customers", type=int, default=1_000_000)
    report_each("ask", _measure(parser.parse_args().customers))


def _measure(customers: int) -> Iterator[Row]:
    """Build both stores of a warehouse of so many customers, and ask."""
    yield Row("customers in the history store, millions", customers / 1e6)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_busy_warehouse(folder, customers)
        _run("build", folder)
        yield from _one(folder, "embedded store, interpreted", "sqlite")
        yield _thousand(folder, "embedded store, interpreted", "sqlite")
        cpu = _run("compile", folder).cpu
        yield Row("compiling the full catalog, CPU s, once", cpu, goal="<= 40", met=cpu <= 40)
        yield from _one(folder, "embedded store", "sqlite", goal=0.12)
        yield _thousand(folder, "embedded store", "sqlite", goal=12_000)
        if redis_answers():
            try:
                _run("build_redis", folder)
                yield from _one(folder, "Redis", "redis")
                yield _thousand(folder, "Redis", "redis")
            finally:
                _run("clear_redis", folder)
        else:
            yield Row(f"Redis is left out: none answers at {REDIS}", 0)
        yield from _one(folder, "by DuckDB queries", "duckdb")
        yield from _one(folder, "by pandas", "pandas")


def _one(folder: Path, where: str, task: str, goal: float | None = None) -> list[Row]:
    asked = _run(task, folder)
    p50 = Row(f"one customer, all features, {where}: p50, ms", asked.p50)
    if goal is not None:
        p50.goal, p50.met = f"<= {goal:g}", asked.p50 <= goal
    return [p50, Row(f"one customer, all features, {where}: p99, ms", asked.p99)]


def _thousand(folder: Path, where: str, task: str, goal: float | None = None) -> Row:
    rate = _run(f"{task}_thousand", folder).per_second
    row = Row(f"1,000 ids, {where}: customers per CPU second", rate)
    if goal is not None:
        row.goal, row.met = f">= {goal:g}", rate >= goal
    return row


def _run(task: str, folder: Path) -> Asked:
    command = [sys.executable, "-m", "benchmarks.features.asking_tasks", task, str(folder)]
    return msgspec.json.decode(subprocess.check_output(command), type=Asked)


def write_busy_warehouse(folder: Path, customers: int, planted: int = PLANTED) -> None:
    """Write the warehouse, and `<table>_busy.parquet` with the planted customers beside it.

    Parameters
    ----------
    folder : Path
        Where to write it.
    customers : int
        Customers of the warehouse.
    planted : int
        Busy customers.
    """
    path = write_warehouse(folder, 10 * customers)
    path.write_text(path.read_text().replace('.parquet"', '*.parquet"'))
    with duckdb.connect() as connection:
        for table, (count, key, happened, days, late) in _ROWS.items():
            rows = planted * count
            at = f"({_END} - (n * 7919 % {rows} + 1) * {days * DAY // rows})"
            replaced = [f"{_KEY} + n AS {key}", f"{_KEY} + n % {planted} AS customer_id"]
            for clock in (happened, *late):
                instant = f"{at} + epoch_us({clock}) - epoch_us({happened})"
                replaced.append(f"make_timestamptz({instant}) AS {clock}")
            _plant(connection, folder, table, rows, replaced)
        orders = planted * _ORDERS
        order = [f"{_KEY} + n % {orders} AS order_id"]
        _plant(connection, folder, "order_lines", orders * _LINES, order)
        _plant(connection, folder, "customers", planted, [f"{_KEY} + n AS customer_id"])


def _plant(
    connection: duckdb.DuckDBPyConnection, folder: Path, table: str, count: int, columns: list[str]
) -> None:
    """Write rows drawn from a table, over and over where it has too few, with other keys."""
    source = f"'{folder / table}.parquet'"
    connection.execute(
        f"COPY (SELECT * EXCLUDE n REPLACE ({', '.join(columns)}) FROM "
        f"(SELECT *, row_number() OVER () - 1 AS n FROM (SELECT drawn.* FROM "
        f"(FROM {source} USING SAMPLE {count} ROWS (reservoir, 0)) AS drawn, "
        f"range({count} // least({count}, (SELECT count(*) FROM {source})) + 1) LIMIT {count}))"
        f") TO '{folder / table}_busy.parquet' (FORMAT parquet)"
    )


if __name__ == "__main__":
    main()
