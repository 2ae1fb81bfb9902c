"""`nextbuy backtest` in the terminal and as JSON."""

import json
from collections.abc import Iterator
from typing import Any

import pandas as pd
from rich.console import Console
from rich.table import Table

from nextbuy.show.answer_tables import add_scores, score_columns
from training.evaluation.comparison import Comparison
from training.metrics.probabilities import ALL

_ORIGINS_IN_A_TABLE = 4  # so that it fits into a terminal of 80 columns
_BUCKETS = {"0": "0", "1-2": "1-2", "3-9": "3-9", "10_up": "10+"}


def show_backtest(console: Console, found: Comparison) -> None:
    """Show the scores over all origins, CRPS against each rival and at each origin."""
    console.print(_overall(found))
    console.print(_differences(found.differences))
    if found.scores["origin"].nunique() > 1:
        for table in _by_origin(found.scores):
            console.print(table)
    console.print(_by_frequency(found.pooled))


def to_json(found: Comparison) -> str:
    """Write `scores`, `pooled` and `differences` as lists of rows; what is not defined is null."""
    instants = [origin.isoformat() for origin in found.scores["origin"]]
    tables = {
        "scores": found.scores.assign(origin=instants),
        "pooled": found.pooled,
        "differences": found.differences,
    }
    return json.dumps({name: _records(table) for name, table in tables.items()}, indent=1)


def _overall(found: Comparison) -> Table:
    of_all = found.pooled[found.pooled["frequency"] == ALL]
    origins = ", ".join(f"{at:%Y-%m-%d}" for at in found.scores["origin"].drop_duplicates())
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
    """Show CRPS by origin, where a mean over them may hide a season."""
    of_all = scores[scores["frequency"] == ALL]
    crps = of_all.pivot_table(index="model", columns="origin", values="crps", sort=False)
    for start in range(0, len(crps.columns), _ORIGINS_IN_A_TABLE):
        yield _of_origins(crps.iloc[:, start : start + _ORIGINS_IN_A_TABLE])


def _of_origins(crps: pd.DataFrame) -> Table:
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
    return [
        {str(name): None if value != value else value for name, value in row.items()}
        for row in table.to_dict("records")
    ]
