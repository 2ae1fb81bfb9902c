"""Shows a back-test in the terminal and writes it as JSON."""

import json
import math
from collections.abc import Iterator
from typing import Any

import pandas as pd
from rich.console import Console
from rich.table import Table

from nextbuy.show.answer_tables import add_scores, score_columns
from training.evaluation.comparison import BacktestComparison
from training.metrics.probabilities import ALL_CUSTOMERS

_ORIGINS_IN_A_TABLE = 4  # so that it fits into a terminal of 80 columns
_BUCKETS = {"0": "0", "1-2": "1-2", "3-9": "3-9", "10_up": "10+"}


def show_backtest(console: Console, comparison: BacktestComparison) -> None:
    """Show scores over all origins, differences to each rival, scores by origin and frequency."""
    console.print(_overall(comparison))
    console.print(_differences(comparison.differences))
    if comparison.scores["origin"].nunique() > 1:
        for table in _by_origin(comparison.scores):
            console.print(table)
    console.print(_by_frequency(comparison.pooled))


def to_json(comparison: BacktestComparison) -> str:
    """Write the tables `scores`, `pooled` and `differences` of a back-test as one JSON object.

    Each table is a list of rows, and each row an object by column (see `BacktestComparison`). A
    score that is not defined, or not finite, is null; an origin is an ISO 8601 instant.
    """
    instants = [origin.isoformat() for origin in comparison.scores["origin"]]
    tables = {
        "scores": comparison.scores.assign(origin=instants),
        "pooled": comparison.pooled,
        "differences": comparison.differences,
    }
    return json.dumps({name: _records(table) for name, table in tables.items()}, indent=1)


def _overall(comparison: BacktestComparison) -> Table:
    of_all = comparison.pooled[comparison.pooled["frequency"] == ALL_CUSTOMERS]
    origins = ", ".join(f"{at:%Y-%m-%d}" for at in comparison.scores["origin"].drop_duplicates())
    table = Table(title=f"{of_all['customers'].iloc[0]:,} rows of customers, judged from {origins}")
    score_columns(table, of_all)
    add_scores(table, of_all)
    return table


def _differences(differences: pd.DataFrame) -> Table:
    table = Table(title="our CRPS against each rival's, paired over customers")
    table.add_column("rival", overflow="fold")
    table.add_column("%", justify="right", no_wrap=True)
    table.add_column("95 % interval", justify="right", no_wrap=True)
    table.add_column("")
    for row in differences.to_dict("records"):
        better = "better" if row["percent"] < 0 else "worse"
        verdict = better if row["distinguishable"] else "not distinguishable"
        interval = f"[{row['low']:+.1f}, {row['high']:+.1f}]"
        table.add_row(row["rival"], f"{row['percent']:+.1f}", interval, verdict)
    return table


def _by_origin(scores: pd.DataFrame) -> Iterator[Table]:
    """Make tables of the CRPS by origin, since a mean over origins may hide a season."""
    of_all = scores[scores["frequency"] == ALL_CUSTOMERS]
    crps = of_all.pivot_table(index="model", columns="origin", values="crps", sort=False)
    for start in range(0, len(crps.columns), _ORIGINS_IN_A_TABLE):
        yield _crps_table(crps.iloc[:, start : start + _ORIGINS_IN_A_TABLE])


def _crps_table(crps: pd.DataFrame) -> Table:
    table = Table(title="CRPS by origin, days")
    table.add_column("model", overflow="fold")
    for origin in crps:
        table.add_column(f"{origin:%Y-%m-%d}", justify="right", no_wrap=True)
    best = crps.min()
    for model, row in crps.iterrows():
        figures = zip(row, row == best, strict=True)
        table.add_row(
            str(model), *(f"[bold]{v:.3f}[/bold]" if b else f"{v:.3f}" for v, b in figures)
        )
    return table


def _by_frequency(pooled: pd.DataFrame) -> Table:
    table = Table(title="by frequency, the days with a purchase after the first")
    buckets = [name for name in _BUCKETS if name in set(pooled["frequency"])]
    score_columns(table, pooled)
    for name in buckets:
        part = pooled[pooled["frequency"] == name]
        table.add_row(f"[bold]{_BUCKETS[name]}: {part['customers'].iloc[0]:,} rows[/bold]")
        add_scores(table, part)
        table.add_section()
    return table


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    defined = table.astype(object).where(table.notna() & ~table.isin([math.inf, -math.inf]), None)
    return [{str(name): value for name, value in row.items()} for row in defined.to_dict("records")]
