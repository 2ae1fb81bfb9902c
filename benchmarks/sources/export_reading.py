"""Measures from an export to a checked log: Shopify beside Parquet, MariaDB beside PostgreSQL.

Each pair is read in turn, a few times, each time in a fresh process and an empty workspace. A row
gives the median of the ratios, with the least and the largest.
"""

import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from benchmarks.measured import Usage
from benchmarks.rows import Row, report_each
from benchmarks.sources.made_up_orders import (
    drop_databases,
    write_databases,
    write_parquet,
    write_shopify,
)
from nextbuy.init.given_tables import look_at
from nextbuy.init.presets_draft import draft_from_presets
from nextbuy.init.shop_draft import render_shop

ORDERS, FEWER = 1_000_000, 100_000
REPEATS = 3


def measure_all(folder: Path) -> Iterator[Row]:
    """Yield the rows of the benchmark, one measurement after the other."""
    (folder / "few").mkdir()
    few, shopify = _shopify(folder / "few", FEWER), _shopify(folder, ORDERS)
    parquet = write_parquet(folder, ORDERS)
    pairs = [(_read(shopify), _read(parquet)) for _ in range(REPEATS)]
    yield from _ratios(f"{ORDERS:,} Shopify orders, CPU of Parquet's", pairs, 5.0)
    yield _seconds("Shopify", [theirs for theirs, _ in pairs])
    # of what no file stands behind; the peak of all memory starts with that of this process
    memory = [theirs.anonymous_gib / _read(few).anonymous_gib for theirs, _ in pairs]
    yield _row(f"the same, peak memory of that of {FEWER:,} orders", memory, 1.1)
    try:
        configs = write_databases(folder, ORDERS)
        pairs = [(_read(configs["MariaDB"]), _read(configs["PostgreSQL"])) for _ in range(REPEATS)]
    finally:
        drop_databases()
    yield from _ratios(f"{ORDERS:,} orders of MariaDB, CPU of PostgreSQL's", pairs, 1.5)
    yield _seconds("MariaDB", [theirs for theirs, _ in pairs])


def _shopify(folder: Path, orders: int) -> Path:
    """Write an export and the settings that the preset makes of it."""
    export = write_shopify(folder, orders)
    config = folder / "shopify.toml"
    given = look_at([str(export)], folder, None)
    config.write_text(render_shop(draft_from_presets(["shopify"], given, {}, config)))
    return config


def _read(config: Path) -> Usage:
    """Read a shop in a fresh process; nothing is kept from an earlier reading."""
    shutil.rmtree(config.parent / ".nextbuy", ignore_errors=True)
    command = [sys.executable, "-m", "benchmarks.sources.reading_task", str(config)]
    return msgspec.json.decode(subprocess.check_output(command), type=Usage)


def _ratios(figure: str, pairs: list[tuple[Usage, Usage]], goal: float) -> Iterator[Row]:
    yield _row(figure, [ours.cpu / theirs.cpu for ours, theirs in pairs], goal)


def _row(figure: str, values: list[float], goal: float) -> Row:
    middle = statistics.median(values)
    return Row(figure, middle, min(values), max(values), f"<= {goal:g}", middle <= goal)


def _seconds(what: str, usages: list[Usage]) -> Row:
    seconds = [usage.cpu for usage in usages]
    return Row(f"{what}, CPU in s", statistics.median(seconds), min(seconds), max(seconds))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        report_each("sources", measure_all(Path(folder)))
