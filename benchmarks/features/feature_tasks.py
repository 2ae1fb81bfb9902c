"""Tasks of `make bench-features`, each run in a process: `feature_tasks <task> <folder>`."""

import sys
from functools import partial
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pandas as pd

from benchmarks.features.fifty_features import FIFTY
from benchmarks.features.kept_log import keep_log, open_kept_log
from benchmarks.features.pandas_rival import compute_fifty
from benchmarks.features.warehouse import CUTOFF
from benchmarks.measured import use
from features.builds.feature_build import FeatureBuilder
from features.builds.shop_catalog import read_catalog
from features.catalog.relations import EVENT_DAYS, LINE_DAYS, MESSAGE_DAYS
from features.log.log import Log
from features.log.parquet_file import write_parquet
from features.windows import Window, cutoffs_before, read_cutoff, to_datetime

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
        task = partial(_OF_LOG[name], open_kept_log(folder), folder)
    sys.stdout.buffer.write(msgspec.json.encode(use(task)))


def _cutoff(log: Log) -> int:
    return read_cutoff(CUTOFF, log.shop.timezone)


def _floor(log: Log, _folder: Path) -> None:
    """Count, sum and max per key, over the rows of each table that may be read."""
    for table, key, value, happened, days in _FLOOR:
        known = Window(_cutoff(log), days).known_sql(happened, "known_at")
        log.connection.execute(
            "SELECT count(*), sum(n), max(total), max(most) FROM (SELECT count(*) AS n, "
            f"sum({value}) AS total, max({value}) AS most FROM {table} WHERE {known} "
            f"GROUP BY {key})"
        ).fetchall()


def _write(log: Log, folder: Path, cutoff: int, names: tuple[str, ...] | None) -> None:
    """Write everybody's features at a cutoff as Parquet, statistics of the population included."""
    catalog = read_catalog(log, cutoff)
    if names is not None:
        catalog = catalog.select(names)
    builder = FeatureBuilder(log, catalog)
    write_parquet(builder.schema, builder.batches(cutoff), folder / "features.parquet")


def _fifty(log: Log, folder: Path) -> None:
    _write(log, folder, _cutoff(log), FIFTY)


def _full(log: Log, folder: Path) -> None:
    _write(log, folder, _cutoff(log), None)


def _twelve(log: Log, folder: Path) -> None:
    """Write the full set at twelve cutoffs, four weeks apart."""
    cutoffs = cutoffs_before(_cutoff(log), 28, log.first_order_at, log.shop.timezone)
    for cutoff in islice(cutoffs, 12):
        _write(log, folder, cutoff, None)


def _pandas(folder: Path) -> None:
    cutoff = pd.Timestamp(to_datetime(read_cutoff(CUTOFF, _UTC)))
    compute_fifty(folder, cutoff).to_parquet(folder / "pandas.parquet")


_UTC = ZoneInfo("UTC")  # of the warehouse
_OF_FILES = {
    "read": keep_log,
    "pandas": _pandas,
}
_OF_LOG = {"floor": _floor, "fifty": _fifty, "full": _full, "twelve": _twelve}


if __name__ == "__main__":
    main()
