"""Shows a policy study in the terminal: what each way of choosing a channel is worth."""

from collections.abc import Hashable, Mapping, Sequence
from math import isnan
from textwrap import wrap
from typing import Any

from rich.console import Console
from rich.table import Table

from training.channel.gain_verdicts import NOT_KNOWN, explain_not_known
from training.channel.study import ESTIMATORS, LOGGED, PolicyStudy
from training.metrics.probabilities import OURS

FigureRow = Mapping[Hashable, Any]
_VERDICT_WIDTH = 19  # of an interval of gains


def show_study(console: Console, study: PolicyStudy) -> None:
    """Show the value of every policy by every estimator, and its gain over the best fixed channel.

    Values are conversions per 100 decisions; intervals cover 95 %. A study of messages that were
    not drawn at random is shown as confounded, and a policy of which too little was drawn as not
    known.
    """
    kind = "confounded: propensities are estimated" if study.estimated else "drawn at random"
    table = Table(
        title=f"conversions per 100 decisions, by {study.judged:,} of {study.sends:,} ({kind})"
    )
    table.add_column("policy", overflow="fold")
    for heading in ("DR", "SNIPS", "DRos", "effective"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("over best fixed, %\nand verdict", no_wrap=True)
    gains = {row["policy"]: row for row in study.gains.to_dict("records")}
    for policy, rows in study.values.groupby("policy", sort=False):
        cells = _cells(rows.to_dict("records"), gains.get(policy), study.estimated)
        table.add_row(str(policy), *cells, style="bold" if policy == OURS else None)
    console.print(table)
    console.print(
        "95 % intervals over customers: of all policies at once, of the log by itself.",
        highlight=False,
    )
    console.print(
        f"To tell two channels 10 % apart takes {study.needed:,} sends of each.", highlight=False
    )
    if study.hidden_odds is not None:
        console.print(
            "A hidden reason that multiplies the odds of being sent the best fixed channel by "
            f"{study.hidden_odds:.2f} for those who buy anyway would explain its lead.",
            highlight=False,
        )


def _cells(rows: Sequence[FigureRow], gain: FigureRow | None, estimated: bool) -> list[str]:
    by_estimator = {row["estimator"]: row for row in rows}
    if rows[0]["policy"] == LOGGED:
        return [_rate(by_estimator["mean"]), "", "", "", "as it was"]
    if isnan(rows[0]["value"]):
        why = explain_not_known(rows[0]["drawn_share"], estimated=estimated)
        return [NOT_KNOWN, "", "", f"{rows[0]['effective']:,.0f}", _verdict(why)]
    lead = "" if gain is None else _lead(gain)
    others = (f"{100 * by_estimator[kind]['value']:.1f}" for kind in ESTIMATORS[1:])
    return [_rate(by_estimator["dr"]), *others, f"{rows[0]['effective']:,.0f}", lead]


def _rate(row: FigureRow) -> str:
    value, low, high = (100 * row[name] for name in ("value", "low", "high"))
    return f"{value:.1f}\n[{low:.1f}, {high:.1f}]"


def _lead(gain: FigureRow) -> str:
    verdict = _verdict(gain["verdict"])
    return verdict if isnan(gain["gain"]) else f"{_interval(gain)}\n{verdict}"


def _verdict(verdict: str) -> str:
    """Break a verdict and its reason into lines that are no wider than an interval."""
    return "\n".join(line for part in verdict.split(": ") for line in wrap(part, _VERDICT_WIDTH))


def _interval(gain: FigureRow) -> str:
    return f"{gain['gain']:+.1f} [{gain['low']:+.1f}, {gain['high']:+.1f}]"
