"""Compares the feature pipeline with DuckDB's floor and with pandas (`make bench-features`).

Every figure is taken in a separate process, in CPU time rather than wall time, and compared with
what was measured beside it in the same run.
"""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.features.fifty_features import FIFTY
from benchmarks.features.warehouse import write_warehouse
from benchmarks.measured import Usage, measure
from benchmarks.rows import Row, report_each

_GROWTH = (0.125, 0.25, 0.5, 1.0)


def main() -> None:
    """Measure at four sizes, and everything else at the largest."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--orders", type=int, default=10_000_000)
    report_each("features", _measure(parser.parse_args().orders))


def _measure(orders: int) -> Iterator[Row]:
    yield Row("orders, millions", orders / 1e6)
    yield Row("fixed features", len(FIFTY))
    sizes, cpu = [round(orders * share) for share in _GROWTH], []
    with tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            path = Path(folder) / str(size)
            write_warehouse(path, size)
            read = measure("read", path)[0]
            compiled = measure("compile", path)[0]
            cpu.append(min(usage.cpu for usage in measure("fifty", path, 2)))
        yield _linear(sizes, cpu)
        yield _at_most("reading and checking the log, CPU s", read.cpu, 90)
        yield Row("reading and checking the log, GiB", read.gib)
        again = measure("read", path)[0]
        yield _at_most("the same log again, next command, CPU s", again.cpu, 3)
        yield Row("laying the log out, CPU s", measure("layout", path)[0].cpu)
        yield Row("compiling all features and fifty, CPU s", compiled.cpu)
        yield from _against_floor(path)
        yield from _against_pandas(path)
        yield from _twelve_cutoffs(path)


def _at_most(figure: str, value: float, limit: float) -> Row:
    return Row(figure, value, goal=f"<= {limit}", met=value <= limit)


def _against_floor(folder: Path) -> Iterator[Row]:
    """Compare features in a frame of pandas with the floor, statistics of everybody included."""
    floor = measure("floor", folder, 3)
    yield Row("floor, CPU s", *_spread([usage.cpu for usage in floor]))
    for name, task, limit in (("50 features", "fifty", 1), ("all features", "full", 2)):
        used = measure(task, folder, 2)
        yield Row(f"{name}, CPU s", *_spread([usage.cpu for usage in used]))
        ratio, low, high = _ratio(used, floor)
        yield Row(f"{name}, CPU over floor", ratio, low, high, f"<= {limit}", ratio <= limit)
    yield Row("all features, written as Parquet, CPU s", measure("file", folder)[0].cpu)


def _against_pandas(folder: Path) -> Iterator[Row]:
    """Compare with pandas, which reads the files itself; reading the log is not in ours."""
    ours, theirs = measure("fifty", folder, 2), measure("pandas", folder)
    ratio, low, high = _ratio(theirs, ours)
    figure = "50 features: CPU of pandas over ours"
    yield Row(figure, ratio, low, high, ">= 10", ratio >= 10)


def _twelve_cutoffs(folder: Path) -> Iterator[Row]:
    """Compare all features at twelve cutoffs with one, layout and writing of Parquet included."""
    one, twelve = measure("one", folder)[0], measure("twelve", folder)[0]
    yield _at_most("all features at 12 cutoffs, CPU over one", twelve.cpu / one.cpu, 8)
    yield _at_most("peak of anonymous memory, 12 cutoffs, GiB", twelve.anonymous_gib, 3)
    yield Row("peak of all memory, mapped pages included, 12 cutoffs, GiB", twelve.gib)


def _spread(values: list[float]) -> tuple[float, float, float]:
    return float(np.median(values)), min(values), max(values)


def _ratio(ours: list[Usage], theirs: list[Usage]) -> tuple[float, float, float]:
    """Divide the medians of the CPU; the bounds are the least and the most favourable pair."""
    mine, other = ([usage.cpu for usage in used] for used in (ours, theirs))
    value = float(np.median(mine) / np.median(other))
    return value, min(mine) / max(other), max(mine) / min(other)


def _linear(sizes: list[int], cpu: list[float]) -> Row:
    """Find the largest deviation from a straight line through the sizes."""
    line = np.polyval(np.polyfit(sizes, cpu, 1), sizes)
    worst = float(np.max(np.abs(np.array(cpu) / line - 1)) * 100)
    figure = "CPU at 4 sizes, largest deviation from a line, %"
    return Row(figure, worst, goal="<= 20", met=worst <= 20)


if __name__ == "__main__":
    main()
