"""What the command line shows: progress, the holdout beside the baselines, answers, tables."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pandas as pd
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from features.log import Log
from features.windows import to_datetime


@contextmanager
def working(console: Console, what: str) -> Iterator[Callable[[str], None]]:
    """Show a spinner with the time while work goes on; the callable names what was done."""
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(what, total=1)
        yield lambda done: progress.update(task, description=f"{what}: {done}")
        progress.update(task, description=what, completed=1)


def show_tables(console: Console, log: Log) -> None:
    """Show the checked tables: rows, what they cover, which columns the shop gives."""
    table = Table(title=f"{log.shop.section.name}: every table keeps the contract")
    for name in ("table", "rows", "from", "to", "columns"):
        table.add_column(name, justify="right" if name == "rows" else "left", overflow="fold")
    for name, columns in log.provided.items():
        first, last = log.span(name)
        table.add_row(
            name,
            f"{log.count(name):,}",
            _date(first),
            _date(last),
            ", ".join(sorted(columns)),
        )
    console.print(table)


def show_holdout(console: Console, holdout: pd.DataFrame) -> None:
    """Show our forecast beside the baselines, the better figure of each column in bold."""
    origin = holdout["origin"].iloc[0]
    metrics = [name for name in _HOLDOUT if name in holdout]
    table = Table(
        title=f"{holdout['customers'].iloc[0]:,} customers, judged on what they did after "
        f"{origin:%Y-%m-%d}"
    )
    table.add_column("model")
    for name in metrics:
        table.add_column(_HOLDOUT[name][0], justify="right")
    best = {n: getattr(holdout[n], "max" if _HOLDOUT[n][1] else "min")() for n in metrics}
    for row in holdout.to_dict("records"):
        cells = [
            f"[bold]{row[n]:.3f}[/bold]" if row[n] == best[n] else f"{row[n]:.3f}" for n in metrics
        ]
        table.add_row(str(row["model"]), *cells)
    console.print(table)


# metric -> (heading, higher is better); those of a horizon that was not scored are left out
_HOLDOUT = {
    "crps": ("CRPS, days", False),
    "auc_30d": ("AUC 30 d", True),
    "auc_90d": ("AUC 90 d", True),
    "log_loss_90d": ("log-loss 90 d", False),
    "brier_90d": ("Brier 90 d", False),
    "ece_90d": ("ECE 90 d", False),
    "lift10_90d": ("lift at 10 %", True),
}


def show_answers(
    console: Console, answers: list[dict[str, Any]], done: dict[str, str], title: str
) -> None:
    """Show served answers next to what the customers did afterwards."""
    table = Table(title=title)
    for name in (
        "customer",
        "p(churn)",
        "30 d",
        "expected",
        "if back: 80 % window",
        "spend",
    ):
        table.add_column(name)
    with_channel = any(answer["channel"] for answer in answers)
    if with_channel:
        table.add_column("ask by")
    table.add_column("what they did", style="bold")
    for answer in answers:
        channel = [_channel(answer)] if with_channel else []
        table.add_row(*_cells(answer), *channel, done.get(answer["customer_id"], "nothing"))
    console.print(table)


def _cells(answer: dict[str, Any]) -> list[str]:
    if answer["next_purchase"] is None:
        return [answer["customer_id"], answer["status"], "", "", "", ""]
    following, value = answer["next_purchase"], answer["value"]
    low, high = following["if_returns"]["window_80"]
    spend = value["expected_spend"]
    return [
        answer["customer_id"],
        f"{answer['churn']['p_churn']:.2f} {answer['churn']['band']}",
        f"{following['p_within']['30']:.2f}",
        (following["expected_at"] or "not in horizon")[:14].removesuffix("T00:"),
        f"{low[5:10]} to {high[5:10]}",
        "" if spend is None else f"{spend:.2f} {value['currency']}",
    ]


def _channel(answer: dict[str, Any]) -> str:
    channel = answer["channel"]
    if channel is None:
        return ""
    first = next(r for r in channel["ranking"] if r["channel"] == channel["recommended"])
    return f"{channel['recommended']} ({100 * first['uplift']:+.1f} points)"


def _date(instant: int | None) -> str:
    return "" if instant is None else f"{to_datetime(instant):%Y-%m-%d}"
