"""Rows of a benchmark: a figure, its interval, its goal, and whether it is met."""

import json
from collections.abc import Iterable
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).parent / "results"


class Row(msgspec.Struct):
    """One figure; `low` and `high` bound it where it has a spread."""

    figure: str
    value: float
    low: float | None = None
    high: float | None = None
    goal: str = ""
    met: bool | None = None

    def __post_init__(self) -> None:
        """Turn what numpy calls true into what JSON does."""
        self.met = None if self.met is None else bool(self.met)


def report_each(name: str, rows: Iterable[Row]) -> None:
    """Report rows that are measured one after the other: what there is, if one cannot be."""
    measured = []
    try:
        for row in rows:
            measured.append(row)
    finally:
        report(name, measured)


def report(name: str, rows: list[Row]) -> None:
    """Print the rows as a table and write them to `benchmarks/results/<name>.json`."""
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
