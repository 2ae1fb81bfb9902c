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
            cpu.append(min(usage.cpu for usage in measure("fifty", path, 2)))
        yield _linear(sizes, cpu)
        yield Row("reading and checking the log, CPU s", read.cpu)
        yield Row("reading and checking the log, GiB", read.gib)
        yield from _against_floor(path)
        yield from _against_pandas(path)
        yield _memory("all features at 12 cutoffs, peak GiB", measure("twelve", path))


def _against_floor(folder: Path) -> Iterator[Row]:
    floor = measure("floor", folder, 3)
    yield Row("floor, CPU s", *_spread([usage.cpu for usage in floor]))
    for name, task, limit in (("50 features", "fifty", 4), ("all features", "full", 8)):
        used = measure(task, folder, 2)
        yield Row(f"{name}, CPU s", *_spread([usage.cpu for usage in used]))
        ratio, low, high = _ratio(used, floor, "cpu")
        yield Row(f"{name}, CPU over floor", ratio, low, high, f"<= {limit}", ratio <= limit)
        yield _memory(f"{name}, peak GiB", used)


def _memory(figure: str, used: list[Usage]) -> Row:
    peak = max(usage.gib for usage in used)
    return Row(figure, peak, goal="< 6", met=peak < 6)


def _against_pandas(folder: Path) -> Iterator[Row]:
    """Compare with pandas, which reads the files itself; reading the log is not in ours."""
    ours, theirs = measure("fifty", folder, 2), measure("pandas", folder)
    for name, figure in (("cpu", "CPU"), ("gib", "peak memory")):
        ratio, low, high = _ratio(theirs, ours, name)
        label = f"50 features: {figure} of pandas over ours"
        yield Row(label, ratio, low, high, ">= 2.5", ratio >= 2.5)


def _spread(values: list[float]) -> tuple[float, float, float]:
    return float(np.median(values)), min(values), max(values)


def _ratio(ours: list[Usage], theirs: list[Usage], name: str) -> tuple[float, float, float]:
    """Divide the medians; the bounds are those of the least and the most favourable pair."""
    mine, other = ([getattr(usage, name) for usage in used] for used in (ours, theirs))
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
