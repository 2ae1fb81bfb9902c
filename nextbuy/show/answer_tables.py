"""Shows progress, features, scores, answers, decisions and reasons in the terminal."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pandas as pd
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from features.catalog.glossary import GlossaryEntry
from features.contract.tables import DRAW_REASONS


@contextmanager
def working(console: Console, title: str, steps: int = 1) -> Iterator[Callable[[str], None]]:
    """Show a progress bar while the body of the `with` statement runs.

    Parameters
    ----------
    console : Console
        The terminal.
    title : str
        What the work is called.
    steps : int
        Number of steps until the bar is full.

    Yields
    ------
    callable
        To be called with the name of each step that is done; advances the bar.
    """
    with Progress(
        TextColumn("{task.description}"), BarColumn(20), TimeElapsedColumn(), console=console
    ) as progress:
        task = progress.add_task(title, total=steps)
        yield lambda done: progress.update(task, advance=1, description=f"{title}: {done}")
        progress.update(task, description=title, completed=steps)


def show_features(console: Console, entries: Sequence[GlossaryEntry]) -> None:
    """Show the dictionary of the features, grouped by family."""
    table = Table(title=f"{len(entries)} features", box=box.SIMPLE_HEAD)
    table.add_column("feature", overflow="fold")
    for heading in ("what", "unit", "tables", "days"):
        table.add_column(heading, overflow="fold")
    for family in dict.fromkeys(entry.family for entry in entries):
        table.add_row(f"[bold]{escape(family)}[/bold]")
        for entry in (e for e in entries if e.family == family):
            days = "" if entry.lookback is None else str(entry.lookback)
            row = (entry.name, entry.description, entry.unit, ", ".join(entry.tables), days)
            table.add_row(*map(escape, row))
        table.add_section()
    console.print(table)


def show_holdout(console: Console, holdout: pd.DataFrame) -> None:
    """Show the scores of our forecast and of every baseline, the best of each column in bold.

    Parameters
    ----------
    console : Console
        The terminal.
    holdout : DataFrame
        One row per model: `model, origin, customers` and scores, as in `BacktestComparison`.
    """
    table = Table(
        title=f"{holdout['customers'].iloc[0]:,} customers, judged on what they did after "
        f"{holdout['origin'].iloc[0]:%Y-%m-%d}"
    )
    score_columns(table, holdout)
    add_scores(table, holdout)
    console.print(table)


def score_columns(table: Table, scores: pd.DataFrame) -> None:
    """Add the columns `model` and one per shown score to a table of the terminal."""
    table.add_column("model", overflow="fold")
    for name in _shown_scores(scores):
        metric, _, days = name.rpartition("_")
        heading = _METRICS[metric or name][0]
        heading = f"{heading}\n{days[:-1]} d" if metric else heading
        table.add_column(heading, justify="right", overflow="fold")


def add_scores(table: Table, scores: pd.DataFrame) -> None:
    """Add one row per model to a table of the terminal, the best of each column in bold."""
    best = {
        name: scores[name].agg(_METRICS[name.rpartition("_")[0] or name][1])
        for name in _shown_scores(scores)
    }
    for row in scores.to_dict("records"):
        figures = [(f"{row[name]:.3f}", row[name] == best[name]) for name in best]
        table.add_row(row["model"], *(f"[bold]{f}[/bold]" if b else f for f, b in figures))


# Heading of each metric, and whether the smallest or the largest is best.
_METRICS = {
    "crps": ("CRPS\ndays", "min"),
    "auc": ("AUC", "max"),
    "log_loss": ("log-loss", "min"),
    "ece": ("ECE", "min"),
    "lift10": ("lift 10 %", "max"),
}


def _shown_scores(scores: pd.DataFrame) -> list[str]:
    """Choose the shown scores: the AUC at every horizon, the others at the longest horizon."""
    ranked = [str(name) for name in scores if str(name).startswith("auc_")]
    longest = max(int(name[4:-1]) for name in ranked)
    return ["crps", *ranked, *(f"{name}_{longest}d" for name in ("log_loss", "ece", "lift10"))]


def show_answers(
    console: Console, answers: Sequence[dict[str, Any]], purchases: dict[str, str], title: str
) -> None:
    """Show served answers next to what the customers did afterwards.

    Parameters
    ----------
    console : Console
        The terminal.
    answers : sequence of dict
        Answers of `POST /v1/predict`.
    purchases : dict of str to str
        What each customer did, by id; those left out did nothing.
    title : str
        Title of the table.
    """
    by_channel = any(answer["channel"] for answer in answers)
    last = "ask by\n(uplift)" if by_channel else "expected\nspend"
    table = Table(title=title)
    table.add_column("customer", overflow="fold")
    for heading in ("churn", "30 d", "if back,\n80 % window"):
        table.add_column(heading, no_wrap=True)
    for heading in (last, "what they\ndid"):
        table.add_column(heading, overflow="fold")
    for answer in answers:
        shown = _channel(answer) if by_channel else _spend(answer)
        did = purchases.get(answer["customer_id"], "nothing")
        table.add_row(escape(answer["customer_id"]), *_timing(answer), shown, f"[bold]{did}[/bold]")
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


def show_decisions(console: Console, decided: pd.DataFrame) -> None:
    """Show counts of an audience's decisions, and of the reasons why there are no other decisions.

    Parameters
    ----------
    console : Console
        The terminal.
    decided : DataFrame
        One row per customer: `status, channel, arm, reason`, as `decide_audience` returns them.
    """
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("channel", overflow="fold")
    for draw_reason in DRAW_REASONS:
        table.add_column(draw_reason, justify="right", overflow="fold")
    made = decided[decided["status"] == "ok"]
    for channel, rows in made.groupby("channel"):
        counts = [int((rows["arm"] == draw_reason).sum()) for draw_reason in DRAW_REASONS]
        table.add_row(escape(str(channel)), *(f"{count:,}" for count in counts))
    table.add_section()
    others = decided.loc[decided["status"] != "ok", "reason"].value_counts()
    for reason, count in others.items():
        table.add_row(
            f"no message: {escape(str(reason))}", *[""] * (len(DRAW_REASONS) - 1), f"{count:,}"
        )
    console.print(table)


def show_explanations(console: Console, response: dict[str, Any]) -> None:
    """Show the reasons for each customer's answers, the weightiest reason first.

    Parameters
    ----------
    console : Console
        The terminal.
    response : dict
        Response of `POST /v1/explain`.
    """
    for explanation in response["explanations"]:
        customer, churn = explanation["customer_id"], explanation["churn"]
        following = explanation["next_purchase"]
        reason = f": {explanation['reason']}" if explanation["reason"] else ""
        console.print(f"{customer} is {explanation['status']}{reason}", style="bold", markup=False)
        if churn is not None:
            days = churn["horizon_days"]
            title = f"p_churn {churn['p_churn']:.2f}: no purchase within {days} days"
            _show_reasons(console, title, "to buy again", churn)
        if following is not None:
            title = f"if back, then by {following['median_at'][:10]} as likely as not"
            _show_reasons(console, title, "to be back soon", following)
        if explanation["channel"] is not None:
            _show_channel(console, explanation["channel"])


_SMALLEST = 0.005  # smallest effect with a row of its own: a smaller one would be shown as 0.00
_UP, _DOWN = "[green]↑[/green]", "[red]↓[/red]"
_ARROWS = {"raises": _UP, "lowers": _DOWN, "for": _UP, "against": _DOWN}


def _show_reasons(console: Console, title: str, outcome: str, explained: dict[str, Any]) -> None:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("family", overflow="fold")
    table.add_column(f"chance\n{outcome}", justify="right", no_wrap=True)
    table.add_column("what is known", overflow="fold")
    shown = [r for r in explained["reasons"] if abs(r["effect"]) >= _SMALLEST]
    for reason in shown:
        table.add_row(escape(reason["family"]), _effect(reason), escape(reason["sentence"]))
    if left := explained["reasons"][len(shown) :]:
        table.add_row(f"{len(left)} more", f"{sum(r['effect'] for r in left):+.2f}", "")
    table.add_section()
    table.add_row("an average customer", f"{explained['baseline']:+.2f}", "")
    table.add_row("together, on the logit scale", f"{explained['score']:+.2f}", "")
    console.print(table)


def _show_channel(console: Console, explained: dict[str, Any]) -> None:
    """Show why a channel is recommended over the runner-up, and which channels are not eligible."""
    chosen, second = explained["recommended"], explained["runner_up"]
    title = f"ask by {chosen}" if chosen != "none" else "send nothing"
    table = Table(
        title=escape(f"{title} ({explained['level']}, {explained['basis']}){_lead(explained)}"),
        title_justify="left",
        box=box.SIMPLE_HEAD,
    )
    table.add_column("what counts", overflow="fold")
    against = f"for {chosen}\nover {second}" if second else ""
    table.add_column(escape(against), justify="right", overflow="fold")
    table.add_column("what is known", overflow="fold")
    for reason in explained["reasons"]:
        table.add_row(escape(reason["family"]), _effect(reason), escape(reason["sentence"]))
    for excluded in explained["excluded"]:
        table.add_row("not eligible", "", escape(excluded["sentence"]))
    if second:
        table.add_section()
        total = sum(reason["effect"] or 0.0 for reason in explained["reasons"])
        table.add_row("together, on the logit scale", f"{total:+.2f}", "")
    console.print(table)


def _lead(explained: dict[str, Any]) -> str:
    if explained["lead"] is None:
        return ""
    return f": {explained['lead']:.2f} {explained['currency']} over {explained['runner_up']}"


def _effect(reason: dict[str, Any]) -> str:
    if reason["effect"] is None:
        return ""
    return f"{_ARROWS[reason['direction']]} {reason['effect']:+.2f}"
