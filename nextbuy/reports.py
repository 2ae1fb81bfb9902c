"""What the command line shows: progress, the holdout beside the baselines, answers, tables."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pandas as pd
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from features.log import Log
from features.windows import to_datetime


@contextmanager
def working(console: Console, what: str, steps: int = 1) -> Iterator[Callable[[str], None]]:
    """Show a progress bar while work goes on; the callable names a step that is done."""
    with Progress(
        TextColumn("{task.description}"), BarColumn(20), TimeElapsedColumn(), console=console
    ) as progress:
        task = progress.add_task(what, total=steps)
        yield lambda done: progress.update(task, advance=1, description=f"{what}: {done}")
        progress.update(task, description=what, completed=steps)


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
    """Show our forecast beside the baselines, the best figure of each column in bold."""
    metrics = {name: how for name, how in _HOLDOUT.items() if name in holdout}
    table = Table(
        title=f"{holdout['customers'].iloc[0]:,} customers, judged on what they did after "
        f"{holdout['origin'].iloc[0]:%Y-%m-%d}"
    )
    table.add_column("model", no_wrap=True)
    for heading, _ in metrics.values():
        table.add_column(heading, justify="right", no_wrap=True)
    best = {name: holdout[name].agg(better) for name, (_, better) in metrics.items()}
    for row in holdout.to_dict("records"):
        figures = [(f"{row[name]:.3f}", row[name] == best[name]) for name in metrics]
        table.add_row(row["model"], *(f"[bold]{f}[/bold]" if b else f for f, b in figures))
    console.print(table)


# metric -> (heading, which of two is better); a horizon that was not scored is left out
_HOLDOUT = {
    "crps": ("CRPS\ndays", "min"),
    "auc_30d": ("AUC\n30 d", "max"),
    "auc_90d": ("AUC\n90 d", "max"),
    "log_loss_90d": ("log-loss\n90 d", "min"),
    "ece_90d": ("ECE\n90 d", "min"),
    "lift10_90d": ("lift\n10 %", "max"),
}


def show_answers(
    console: Console, answers: Sequence[dict[str, Any]], done: dict[str, str], title: str
) -> None:
    """Show served answers next to what the customers did afterwards."""
    by_channel = any(answer["channel"] for answer in answers)
    last = "ask by\n(uplift)" if by_channel else "expected\nspend"
    table = Table(title=title)
    for heading in ("customer", "churn", "30 d", "if back,\n80 % window", last, "what they\ndid"):
        table.add_column(heading, no_wrap=True)
    for answer in answers:
        shown = _channel(answer) if by_channel else _spend(answer)
        did = done.get(answer["customer_id"], "nothing")
        table.add_row(answer["customer_id"], *_timing(answer), shown, f"[bold]{did}[/bold]")
    console.print(table)


def _timing(answer: dict[str, Any]) -> list[str]:
    following = answer["next_purchase"]
    if following is None:
        return ["", "", answer["status"]]
    low, high = following["if_returns"]["window_80"]
    return [
        f"{answer['churn']['p_churn']:.2f}",
        f"{following['p_within']['30']:.2f}",
        f"{low[5:10]} to {high[5:10]}",
    ]


def _spend(answer: dict[str, Any]) -> str:
    value = answer["value"]
    if value is None or value["expected_spend"] is None:
        return ""
    return f"{value['expected_spend']:.2f} {value['currency']}"


def _channel(answer: dict[str, Any]) -> str:
    channel = answer["channel"]
    if channel is None:
        return ""
    chosen = next(r for r in channel["ranking"] if r["channel"] == channel["recommended"])
    if not chosen["uplift"]:
        return str(chosen["channel"])
    return f"{chosen['channel']} {100 * chosen['uplift']:+.1f} pt"


def _date(instant: int | None) -> str:
    return "" if instant is None else f"{to_datetime(instant):%Y-%m-%d}"
