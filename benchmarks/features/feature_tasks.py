"""Tasks of `make bench-features`, each run in a process: `feature_tasks <task> <folder>`."""

import shutil
import sys
from collections.abc import Callable
from functools import partial
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pandas as pd

from benchmarks.features.fifty_features import FIFTY
from benchmarks.features.pandas_rival import compute_fifty
from benchmarks.features.warehouse import CUTOFF
from benchmarks.measured import use
from features.builds.feature_build import FeatureBuilder
from features.builds.shop_catalog import read_catalog
from features.catalog.relations import EVENT_DAYS, LINE_DAYS, MESSAGE_DAYS
from features.log.kept_layout import KEPT_LAYOUT
from features.log.kept_tables import KEPT_FOLDER
from features.log.log import Log, read_log
from features.shop.shop import read_shop
from features.sources.parquet_file import write_parquet
from features.windows import Window, cutoffs_before, read_cutoff, to_datetime

Task = Callable[[], object]
_MANY = 10**9  # customers: the functions are worth compiling
# table, key, value, clock of the floor; what relations over the table read at the most
_FLOOR = (
    ("orders", "customer_id", "amount", "ordered_at", None),
    ("floor_lines", "order_id", "unit_price", "ordered_at", LINE_DAYS),
    ("events", "customer_id", "occurred_at", "occurred_at", EVENT_DAYS),
    ("messages", "customer_id", "sent_at", "sent_at", MESSAGE_DAYS),
)


def main() -> None:
    """Run the task that the command line names, and write its usage as JSON."""
    name, folder = sys.argv[1], Path(sys.argv[2])
    if name in _OF_FILES:
        task = partial(_OF_FILES[name], folder)
    else:
        task = _OF_LOG[name](_open(folder), folder)
    sys.stdout.buffer.write(msgspec.json.encode(use(task)))


def _open(folder: Path) -> Log:
    """Read the log of a folder's shop, or open what an earlier process has kept of it."""
    return read_log(read_shop(folder / "nextbuy.toml"))


def _cutoff(log: Log) -> int:
    return read_cutoff(CUTOFF, log.shop.timezone)


def _floor(log: Log, _folder: Path) -> Task:
    """Count, sum and max per key, over the rows of each table that may be read."""
    log.connection.execute(
        "CREATE TEMP TABLE floor_lines AS SELECT order_id, unit_price, ordered_at, known_at "
        "FROM order_lines JOIN orders USING (order_id)"
    )
    return lambda: _group(log)


def _group(log: Log) -> None:
    for table, key, value, happened, days in _FLOOR:
        known = Window(_cutoff(log), days).known_sql(happened, "known_at")
        log.connection.execute(
            "SELECT count(*), sum(n), max(total), max(most) FROM (SELECT count(*) AS n, "
            f"sum({value}) AS total, max({value}) AS most FROM {table} WHERE {known} "
            f"GROUP BY {key})"
        ).fetchall()


def _builder(log: Log, names: tuple[str, ...] | None) -> FeatureBuilder:
    catalog = read_catalog(log, _cutoff(log))
    return FeatureBuilder(log, catalog if names is None else catalog.select(names))


def _laid_out(log: Log, names: tuple[str, ...] | None) -> FeatureBuilder:
    """Return a builder whose log is laid out and whose functions are compiled and loaded."""
    builder = _builder(log, names)
    builder.prepare(_MANY)
    return builder


def _forget_layout(log: Log) -> None:
    """Remove the layout that an earlier process has kept."""
    for path in (log.shop.workspace / KEPT_FOLDER).glob(f"{KEPT_LAYOUT}-*"):
        shutil.rmtree(path)


def _layout(log: Log, _folder: Path) -> Task:
    _forget_layout(log)
    builder = _builder(log, None)
    return lambda: builder.prepare(0)


def _compile(log: Log, _folder: Path) -> Task:
    """Compile the functions of all features and of fifty, statistics included."""
    builders = [_builder(log, names) for names in (None, FIFTY)]
    return lambda: [builder.prepare(_MANY) for builder in builders]


def _fifty(log: Log, _folder: Path) -> Task:
    builder = _laid_out(log, FIFTY)
    return lambda: builder.frame(_cutoff(log))


def _full(log: Log, _folder: Path) -> Task:
    builder = _laid_out(log, None)
    return lambda: builder.frame(_cutoff(log))


def _file(log: Log, folder: Path) -> Task:
    builder = _laid_out(log, None)
    path = folder / "features.parquet"
    return lambda: write_parquet(builder.schema, builder.batches(_cutoff(log)), path)


def _layout_and_one(log: Log, folder: Path) -> Task:
    """Write the full set at one cutoff, from the log as it was read."""
    _forget_layout(log)
    return lambda: _write(log, folder, 1)


def _layout_and_twelve(log: Log, folder: Path) -> Task:
    """Write the full set at twelve cutoffs, four weeks apart, from the log as it was read."""
    _forget_layout(log)
    return lambda: _write(log, folder, 12)


def _write(log: Log, folder: Path, count: int) -> None:
    builder = _laid_out(log, None)
    cutoffs = cutoffs_before(_cutoff(log), 28, log.first_order_at, log.shop.timezone)
    for cutoff in islice(cutoffs, count):
        write_parquet(builder.schema, builder.batches(cutoff), folder / "features.parquet")


def _pandas(folder: Path) -> None:
    cutoff = pd.Timestamp(to_datetime(read_cutoff(CUTOFF, _UTC)))
    compute_fifty(folder, cutoff).to_parquet(folder / "pandas.parquet")


_UTC = ZoneInfo("UTC")  # of the warehouse
_OF_FILES: dict[str, Callable[[Path], object]] = {
    "read": lambda folder: _open(folder).close(),
    "pandas": _pandas,
}
# Each makes what is not measured, and returns what is.
_OF_LOG: dict[str, Callable[[Log, Path], Task]] = {
    "floor": _floor,
    "layout": _layout,
    "compile": _compile,
    "fifty": _fifty,
    "full": _full,
    "file": _file,
    "one": _layout_and_one,
    "twelve": _layout_and_twelve,
}


if __name__ == "__main__":
    main()
