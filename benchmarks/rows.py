"""Rows of a benchmark's result: a figure, its interval, its goal, and whether it is met."""

import json
from collections.abc import Iterable
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).parent / "results"


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
        numbers = ["" if x is None else f"{x:.4g}" for x in (row.value, row.low, row.high)]
        met = "" if row.met is None else "yes" if row.met else "NO"
        table.add_row(row.figure, *numbers, row.goal, met)
    Console(width=100).print(table)
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps([msgspec.structs.asdict(row) for row in rows], indent=1)
    (RESULTS / f"{name}.json").write_text(text + "\n")
