"""Summarises a training in sentences: what was predicted, how well, and what is not known."""

from datetime import timedelta

import numpy as np
import pandas as pd

from features.arrays import Flags
from training.evaluation.cumulative_gains import gain_curve
from training.evaluation.evaluation import Evaluation, JudgedOrigin
from training.evaluation.origin_scores import name_origin
from training.evaluation.pit_histograms import OF_RETURN
from training.metrics.probabilities import OURS, auc, ece
from training.report.number_format import as_percent, as_signed

_TOP = 0.1


def summarise_evaluation(
    evaluation: Evaluation, comparison: pd.DataFrame, pit_scores: pd.DataFrame
) -> list[str]:
    """State in a few sentences what was predicted and how well.

    Parameters
    ----------
    evaluation : Evaluation
        Forecasts and outcomes at the judged origins.
    comparison : DataFrame
        From `training.evaluation.origin_scores.compare_losses`.
    pit_scores : DataFrame
        From `training.evaluation.pit_histograms.pit_scores`, of the test origin.

    Returns
    -------
    list of str
        Sentences.
    """
    judged = evaluation.test
    bought = judged.bought_within(judged.horizon_days)
    sentences = [_what(judged), _level(judged, bought)]
    if bought.any() and not bought.all():
        sentences.append(_ranking(judged, bought))
    sentences += _window(pit_scores)
    return [*sentences, _rivals(judged, comparison)]


def _what(judged: JudgedOrigin) -> str:
    end = judged.cutoff + timedelta(days=judged.horizon_days)
    return (
        f"For each of {len(judged.labels):,} customers with a purchase known on "
        f"{judged.cutoff:%Y-%m-%d}, Nextbuy said how likely they were to buy again within "
        f"{judged.horizon_days} days (until {end:%Y-%m-%d}), and when. Then we looked at what "
        "they did."
    )


def _level(judged: JudgedOrigin, bought: Flags) -> str:
    chances = judged.laws[OURS][:, -1]
    return (
        f"It expected {chances.sum():,.0f} of them to buy ({as_percent(chances.mean())}); "
        f"{bought.sum():,} did ({as_percent(bought.mean())}). Among customers given about the "
        f"same chance, the share who bought was {100 * ece(bought, chances):.1f} percentage "
        "points off on average."
    )


def _ranking(judged: JudgedOrigin, bought: Flags) -> str:
    chances = judged.laws[OURS][:, -1]
    gain = gain_curve(bought, chances, np.array([_TOP]))[0]
    ceiling = min(1.0, _TOP / bought.mean())
    return (
        "Of one customer who bought and one who did not, it had ranked the buyer higher in "
        f"{as_percent(auc(bought, chances), 0)} of all such pairs. The {as_percent(_TOP, 0)} "
        f"ranked highest held {as_percent(gain, 0)} of the buyers; a perfect ranking would have "
        f"put {as_percent(ceiling, 0)} there, chance {as_percent(_TOP, 0)}."
    )


def _window(pit_scores: pd.DataFrame) -> list[str]:
    ours = pit_scores[(pit_scores["model"] == OURS) & (pit_scores["law"] == OF_RETURN)]
    return [
        f"Of those who came back, {as_percent(covered, 0)} did so in the window that should "
        "hold 80 %."
        for covered in ours["in_window_80"]
    ]


def _rivals(judged: JudgedOrigin, comparison: pd.DataFrame) -> str:
    """State against which rivals the error of the whole forecast is smaller beyond chance."""
    rows = comparison[
        (comparison["loss"] == "CRPS") & (comparison["origin"] == name_origin(judged))
    ]
    clear = rows["distinguishable"]
    groups = {
        "smaller than that of": rows["rival"][clear & (rows["percent"] < 0)],
        "not distinguishable from that of": rows["rival"][~clear],
        "larger than that of": rows["rival"][clear & (rows["percent"] > 0)],
    }
    parts = [f"{what} {_list(list(n), len(rows))}" for what, n in groups.items() if len(n)]
    closest = rows.iloc[int(rows["percent"].to_numpy().argmax())]
    return (
        f"The error of its forecasts (CRPS) was {'; '.join(parts)}. The strongest rival was "
        f"{closest['rival']}: against it, {as_signed(closest['percent'])} % "
        f"(95 % interval {as_signed(closest['low'])} to {as_signed(closest['high'])})."
    )


def _list(names: list[str], of: int) -> str:
    if len(names) == of > 1:
        return f"every one of the {of} simple rivals"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def list_unknowns(evaluation: Evaluation) -> list[str]:
    """List, as sentences, what the figures do not show.

    Parameters
    ----------
    evaluation : Evaluation
        Forecasts and outcomes at the judged origins.

    Returns
    -------
    list of str
    """
    judged = evaluation.test
    days = judged.horizon_days
    limits = [
        f"Judged is one stretch of {days} days. In another season, or after a change of the "
        "shop, the models may do better or worse.",
        "These are forecasts, not effects: they do not say what a message, a price or a voucher "
        "would change.",
        "Customers without a purchase by that day, and those who objected to profiling, are in "
        "no figure.",
        f"What happens after {days} days is not judged.",
    ]
    if judged.split == "valid":
        limits.insert(
            0,
            "The registered models know the data to its end, so that nothing is left to judge "
            "them on. Judged are the same models fitted one horizon earlier; some of their "
            "settings were chosen there, which flatters them a little.",
        )
    return limits
