"""Rows of a benchmark's result: a figure, its interval, its goal, and whether it is met."""

import json
import os
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).parent / "results"
MEASURED = "measured.json"


class Row(msgspec.Struct):
    """One figure of a benchmark.

    Attributes
    ----------
    figure : str
        What was measured, with its unit.
    value : float
        The figure.
    low, high : float or None
        Bounds, where it has a spread.
    goal : str
        What is to be reached; empty where there is none.
    met : bool or None
        Whether it was; None where there is no goal.
    """

    figure: str
    value: float
    low: float | None = None
    high: float | None = None
    goal: str = ""
    met: bool | None = None

    def __post_init__(self) -> None:
        """Turn numpy's booleans into Python's, which JSON has."""
        self.met = None if self.met is None else bool(self.met)

    def cells(self) -> tuple[str, ...]:
        """Write the row as the cells of a table, numbers to four digits."""
        numbers = ["" if x is None else f"{x:.4g}" for x in (self.value, self.low, self.high)]
        met = "" if self.met is None else "yes" if self.met else "NO"
        return (self.figure, *numbers, self.goal, met)


class Measured(msgspec.Struct):
    """When a benchmark was run, of which commit, on how many cores, and how busy they were.

    `load` is the machine's load average of the last fifteen minutes, the benchmark's own included.
    """

    commit: str
    date: str
    cores: int
    load: float


def report_each(name: str, rows: Iterable[Row]) -> None:
    """Report rows that are measured one after the other, even if a later one fails.

    Parameters
    ----------
    name : str
        Name of the benchmark.
    rows : iterable of Row
        Measured while they are read.
    """
    measured = []
    try:
        for row in rows:
            measured.append(row)
    finally:
        report(name, measured)


def report(name: str, rows: list[Row]) -> None:
    """Print the rows as a table and write them to `benchmarks/results/<name>.json`.

    Parameters
    ----------
    name : str
        Name of the benchmark.
    rows : list of Row
        What was measured.
    """
    table = Table(title=name)
    for heading in ("figure", "value", "low", "high", "goal", "met"):
        table.add_column(heading)
    for row in rows:
        table.add_row(*row.cells())
    Console(width=100).print(table)
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps([msgspec.structs.asdict(row) for row in rows], indent=1)
    (RESULTS / f"{name}.json").write_text(text + "\n")
    _note(name)


def _note(name: str) -> None:
    """Note beside the results when and of which code they were measured."""
    path = RESULTS / MEASURED
    known = json.loads(path.read_text()) if path.exists() else {}
    now = Measured(
        _commit(), f"{datetime.now(UTC):%Y-%m-%d}", os.cpu_count() or 1, os.getloadavg()[2]
    )
    known[name] = msgspec.structs.asdict(now)
    path.write_text(json.dumps(known, indent=1) + "\n")


def _commit() -> str:
    """Name the commit; what is not committed yet is said."""
    root = Path(__file__).parent
    commit = _git(root, "rev-parse", "--short=10", "HEAD")
    return f"{commit} with changes" if _git(root, "status", "--porcelain", "-uno") else commit


def _git(folder: Path, *arguments: str) -> str:
    return subprocess.check_output(["git", "-C", str(folder), *arguments], text=True).strip()
