"""Writes the report of a policy study, to be read before money is spent on a channel."""

from collections.abc import Hashable, Iterator, Mapping
from typing import Any

import pandas as pd

from training.channel.gain_verdicts import (
    BETTER,
    MAX_SHARE,
    MIN_DRAWN_SHARE,
    MIN_EFFECTIVE,
    NOT_KNOWN,
)
from training.channel.policies import BEST_FIXED
from training.channel.policy_value import LEAST_DRAWN_SHARE
from training.channel.study import ESTIMATORS, NEEDED_EFFECT, PolicyStudy
from training.metrics.probabilities import OURS
from training.report.number_format import as_signed
from training.report.policy_plots import calibration_plot, gain_plot, uplift_plot, value_plot
from training.report.report_content import ModelReport, Plot, ReportCurrency, Section
from training.report.report_tables import ReportTable

_NAMES = {"dr": "DR", "snips": "SNIPS", "dros": "DR with shrinkage"}


def make_policy_report(
    study: PolicyStudy, attributed: pd.DataFrame, window_days: int, money: ReportCurrency
) -> ModelReport:
    """Make the report of a policy study: sentences, plots and tables.

    Parameters
    ----------
    study : PolicyStudy
        Values, gains, segments and calibration.
    attributed : DataFrame
        From `training.channel.attribution.attribute_orders`.
    window_days : int
        Days after a decision within which a purchase counts.
    money : ReportCurrency
        The shop's currency.

    Returns
    -------
    ModelReport
    """
    sections = [
        _values(study, window_days),
        _gains(study, money),
        *_uplift(study),
        _calibration(study),
        _attributed(attributed, window_days, money),
    ]
    return ModelReport(
        "through which channel to ask",
        "What each way of choosing a channel is worth, in purchases.",
        list(_summary(study)),
        list(_unknown(study)),
        sections,
    )


def _summary(study: PolicyStudy) -> Iterator[str]:
    if study.estimated:
        yield (
            "Confounded: nothing was drawn at random in this log, so who was sent what was "
            "guessed from what is known of the customers. The values below are associations; "
            "no uplift is claimed, and the recommendation is one order for everybody."
        )
        if study.hidden_odds is not None:
            yield _sensitivity(study.hidden_odds)
    else:
        yield (
            f"{study.judged:,} of {study.sends:,} decisions were drawn with a logged chance; "
            "all values are estimated from these."
        )
        yield _verdict(study)
    yield (
        f"To tell two channels apart that differ by {100 * NEEDED_EFFECT:.0f} %, a test needs "
        f"{study.needed:,} sends of each (80 % power at the log's mean rate)."
    )


def _verdict(study: PolicyStudy) -> str:
    ours = next(row for row in study.gains.to_dict("records") if row["policy"] == OURS)
    subject = "Choosing by customer against the best fixed channel"
    if pd.isna(ours["gain"]):
        return f"{subject}: {ours['verdict']}. Draw at random among these arms first."
    interval = f"{as_signed(ours['gain'])} % [{as_signed(ours['low'])}, {as_signed(ours['high'])}]"
    sentence = f"{subject}: {interval}, {ours['verdict']}."
    if ours["verdict"] == BETTER:
        return sentence
    return f"{sentence} Until it is better, the best fixed channel does for everybody."


def _sensitivity(odds: float) -> str:
    if odds <= 1:
        return "Even taken at face value the best fixed channel does not beat no message."
    return (
        "The lead of the best fixed channel over no message would be gone if something unseen "
        f"multiplied the odds of being sent it by {odds:.2f} for those who buy anyway."
    )


def _unknown(study: PolicyStudy) -> Iterator[str]:
    yield (
        "What a policy does to customers in the long run: a purchase counts within the window "
        "after the decision, and nothing after it."
    )
    yield "How channels would do that were never drawn, or for customers who could not be sent one."
    if not study.estimated:
        yield (
            "Values hold for the customers and weeks of the log; a season or a new campaign is "
            "not in them."
        )


def _values(study: PolicyStudy, window_days: int) -> Section:
    return Section(
        "values",
        "What each policy is worth",
        f"The share of decisions followed by a purchase within {window_days} days, had the "
        "policy decided. Three estimators: where they disagree, believe none. The lines are "
        "95 % intervals that hold for all policies at once. The effective sample is how many "
        f"decisions the value rests on; with less than {MIN_EFFECTIVE:,}, or one decision "
        f"weighing over {100 * MAX_SHARE:.0f} %, nothing is claimed. Drawn is the share of the "
        "policy's decisions whose arm could have been drawn for that customer: with less than "
        f"{100 * MIN_DRAWN_SHARE:.0f} % nothing is claimed, and with less than "
        f"{100 * LEAST_DRAWN_SHARE:.0f} % the value is not known.",
        {"values": Plot(value_plot(study.values), "Value of each policy by three estimators")},
        [_value_table(study.values)],
    )


def _value_table(values: pd.DataFrame) -> ReportTable:
    cells = {
        (row["policy"], row["estimator"]): (
            NOT_KNOWN
            if pd.isna(row["value"])
            else f"{100 * row['value']:.2f} [{100 * row['low']:.2f}, {100 * row['high']:.2f}]"
        )
        for row in values.to_dict("records")
    }
    as_it_was = {policy: text for (policy, kind), text in cells.items() if kind == "mean"}
    by_policy = values.drop_duplicates("policy")
    rows = [
        [
            row["policy"],
            *(cells.get((row["policy"], k), as_it_was.get(row["policy"], "")) for k in ESTIMATORS),
            "" if pd.isna(row["effective"]) else f"{row['effective']:,.0f}",
            "" if pd.isna(row["largest_share"]) else f"{100 * row['largest_share']:.2f} %",
            "" if pd.isna(row["drawn_share"]) else f"{100 * row['drawn_share']:.0f} %",
        ]
        for row in by_policy.to_dict("records")
    ]
    return ReportTable(
        "Conversions per 100 decisions, with 95 % intervals.",
        [
            "policy",
            *(_NAMES[k] for k in ESTIMATORS),
            "effective sample",
            "largest weight",
            "drawn",
        ],
        rows,
        strong=frozenset(i for i, row in enumerate(rows) if row[0] == OURS),
    )


def _gains(study: PolicyStudy, money: ReportCurrency) -> Section:
    margins = study.margins.set_index("policy")
    scale = 1000 / 10**money.digits
    rows = [
        [
            row["policy"],
            _gain(row),
            _money(margins.loc[row["policy"]], scale),
            row["verdict"],
        ]
        for row in study.gains.to_dict("records")
    ]
    return Section(
        "gains",
        f"Against the {BEST_FIXED} channel",
        "How many more conversions than sending everybody the one channel that did best on "
        "other customers. Right of 0 is more; where the line crosses 0 the marker is hollow and "
        "the two are not distinguishable.",
        {"gains": Plot(gain_plot(study.gains), "Gain of each policy over the best fixed channel")},
        [
            ReportTable(
                "Gain in conversions, and in margin less the messages' cost per 1,000 decisions.",
                ["policy", "conversions, %", f"{money.currency} per 1,000", "verdict"],
                rows,
                strong=frozenset(i for i, row in enumerate(rows) if row[0] == OURS),
            )
        ],
    )


def _gain(row: Mapping[Hashable, Any]) -> str:
    if pd.isna(row["gain"]):
        return ""
    return f"{as_signed(row['gain'])} [{as_signed(row['low'])}, {as_signed(row['high'])}]"


def _money(margin: "pd.Series[float]", scale: float) -> str:
    if pd.isna(margin["gain"]):
        return ""
    gain, low, high = (scale * margin[name] for name in ("gain", "low", "high"))
    return f"{gain:+,.0f} [{low:+,.0f}, {high:+,.0f}]"


def _uplift(study: PolicyStudy) -> Iterator[Section]:
    if not len(study.segments):
        return
    yield Section(
        "uplift",
        "Uplift by segment",
        "What a message added over no message, by days with a purchase after the first, among "
        "customers who could have been drawn for either: there the difference is the message's. "
        "Lines are 95 % intervals of one segment and channel each; of twenty, one misses by "
        "chance.",
        {"uplift": Plot(uplift_plot(study.segments), "Uplift over no message by segment")},
        [
            ReportTable(
                "Uplift in percentage points.",
                ["repeat purchases", "channel", "uplift", "sends"],
                [
                    [
                        row["segment"],
                        row["arm"],
                        f"{100 * row['uplift']:+.2f} [{100 * row['low']:+.2f}, "
                        f"{100 * row['high']:+.2f}]",
                        f"{row['sends']:,}",
                    ]
                    for row in study.segments.to_dict("records")
                ],
                words=2,
            )
        ],
    )


def _calibration(study: PolicyStudy) -> Section:
    return Section(
        "calibration",
        "Are the chances right?",
        "Of decisions given a chance of 5 % by a model that had not seen the customer, were 5 % "
        "followed by a purchase? Points on the grey line: yes. Lines are 95 % intervals.",
        {
            "calibration": Plot(
                calibration_plot(study.calibration), "Predicted and observed rates by channel"
            )
        },
    )


def _attributed(attributed: pd.DataFrame, window_days: int, money: ReportCurrency) -> Section:
    return Section(
        "attributed",
        "Attributed orders",
        f"For the books: each order is credited to one message of the {window_days} days before "
        "it, the last one clicked, else the last one sent. It says who was written to before "
        "they bought, not what the message changed; nothing above rests on it.",
        {},
        [
            ReportTable(
                "Orders and their amounts by the channel that is credited.",
                ["channel", "messages", "orders", f"amount, {money.currency}"],
                [
                    [
                        row["channel"],
                        f"{row['messages']:,}",
                        f"{row['orders']:,}",
                        f"{row['amount'] / 10**money.digits:,.0f}",
                    ]
                    for row in attributed.to_dict("records")
                ],
            )
        ],
    )
