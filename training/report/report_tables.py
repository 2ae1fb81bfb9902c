"""Tables of the report: each function formats a table of figures as headings and texts."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from training.evaluation.pit_histograms import OF_LAW, OF_RETURN
from training.metrics.probabilities import OURS
from training.report.number_format import as_percent, as_signed

NOT_DISTINGUISHABLE = "not distinguishable"
_ASKED = (0.05, 0.1, 0.2, 0.3, 0.5)
_TOP_FEATURES = 10
_NOTHING = "\N{EN DASH}"


@dataclass(frozen=True)
class ReportTable:
    """A table of texts, ready to be shown.

    Attributes
    ----------
    caption : str
        What the table shows.
    headings : sequence of str
        One per column.
    rows : sequence of sequence of str
        Cells, row by row.
    words : int
        How many columns, from the left, hold words; the others hold figures.
    strong : frozenset of int
        Indices of the rows of our model.
    """

    caption: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: int = 1
    strong: frozenset[int] = frozenset()


def format_differences(differences: pd.DataFrame) -> ReportTable:
    """Format our loss against each rival's: a row per rival, a column per origin.

    Parameters
    ----------
    differences : DataFrame
        The rows of one loss from `training.evaluation.origin_scores.compare_losses`, in %.

    Returns
    -------
    ReportTable
    """
    cells = {
        (row["rival"], row["origin"]): _difference(row) for row in differences.to_dict("records")
    }
    rivals, origins = differences["rival"].unique(), differences["origin"].unique()
    return ReportTable(
        f"{differences['loss'].iloc[0]} against each rival's in %, with the 95 % interval; "
        "below 0 ours is smaller.",
        ["rival", *origins],
        [[rival, *(cells[rival, origin] for origin in origins)] for rival in rivals],
    )


def _difference(row: Mapping[Hashable, Any]) -> str:
    percent, low, high = (as_signed(row[name]) for name in ("percent", "low", "high"))
    shown = f"{percent} [{low}, {high}]"
    return shown if row["distinguishable"] else f"{shown}, {NOT_DISTINGUISHABLE}"


def format_scores(scores: pd.DataFrame) -> ReportTable:
    """Format every model's scores: a row per origin and model.

    Parameters
    ----------
    scores : DataFrame
        From `training.evaluation.origin_scores.score_origins`.

    Returns
    -------
    ReportTable
    """
    last = max(int(name[4:-1]) for name in map(str, scores) if name.startswith("auc_"))
    columns = {
        "crps": "CRPS, days",
        f"auc_{last}d": f"AUC {last} d",
        f"log_loss_{last}d": f"log-loss {last} d",
        f"brier_{last}d": f"Brier {last} d",
        f"ece_{last}d": f"ECE {last} d",
        f"lift10_{last}d": "lift 10 %",
    }
    rows = [
        [row["origin"], row["split"], row["model"], *(_figure(row[name]) for name in columns)]
        for row in scores.to_dict("records")
    ]
    return ReportTable(
        "All scores by origin. Lower is better for CRPS, log-loss, Brier and ECE (expected "
        "calibration error); higher for AUC and lift.",
        ["origin", "split", "model", *columns.values()],
        rows,
        words=3,
        strong=_ours(scores["model"]),
    )


def format_errors(errors: pd.DataFrame) -> ReportTable:
    """Format every model's expected calibration error, in percentage points, by horizon.

    Parameters
    ----------
    errors : DataFrame
        From `training.evaluation.reliability.reliability_errors`.

    Returns
    -------
    ReportTable
    """
    days = [name for name in errors if name != "model"]
    return ReportTable(
        "Expected calibration error in percentage points: the mean distance between predicted "
        "and observed, over 15 groups.",
        ["model", *(f"{h} d" for h in days)],
        [
            [row["model"], *(f"{100 * row[h]:.1f}" for h in days)]
            for row in errors.to_dict("records")
        ],
        strong=_ours(errors["model"]),
    )


def format_gains(gains: pd.DataFrame) -> ReportTable:
    """Format the share of buyers among the highest-ranked 5 to 50 % of customers, by model.

    Parameters
    ----------
    gains : DataFrame
        From `training.evaluation.cumulative_gains.gain_table`.

    Returns
    -------
    ReportTable
    """
    by_model = gains.pivot_table(index="model", columns="asked", values="found", sort=False)
    return ReportTable(
        "Share of all buyers found when this share of customers is asked.",
        ["model", *(f"{as_percent(share, 0)} asked" for share in _ASKED)],
        [
            [str(model), *(as_percent(row[share]) for share in _ASKED)]
            for model, row in by_model.iterrows()
        ],
        strong=_ours(by_model.index),
    )


def format_pit_scores(scores: pd.DataFrame) -> ReportTable:
    """Format how well each model's forecast laws are calibrated: a row per model.

    Parameters
    ----------
    scores : DataFrame
        From `training.evaluation.pit_histograms.pit_scores`.

    Returns
    -------
    ReportTable
    """
    models = scores["model"].unique()
    cells = {(row["model"], row["law"]): row for row in scores.to_dict("records")}
    return ReportTable(
        "How many returns fell in their 80 % window, and how far the fullest or emptiest bar is "
        "from 10 % (of the whole law: D-calibration), in percentage points.",
        ["model", "in the 80 % window", "deviation, given a return", "deviation, whole law"],
        [
            [model, *_pit_cells(cells.get((model, OF_RETURN)), cells[model, OF_LAW])]
            for model in models
        ],
        strong=_ours(models),
    )


def _pit_cells(given: Mapping[Hashable, Any] | None, law: Mapping[Hashable, Any]) -> list[str]:
    of_return = (
        [_NOTHING, _NOTHING]
        if given is None
        else [as_percent(given["in_window_80"]), f"{100 * given['largest_deviation']:.1f}"]
    )
    return [*of_return, f"{100 * law['largest_deviation']:.1f}"]


def format_samples(windows: pd.DataFrame, days: int) -> ReportTable:
    """Format the forecasts of sample customers: a row per customer.

    Parameters
    ----------
    windows : DataFrame
        From `training.evaluation.sample_customers.sample_windows`.
    days : int
        The horizon in days; named in a heading.

    Returns
    -------
    ReportTable
    """
    rows = [
        [
            row["customer"],
            as_percent(row["p_within"]),
            f"{row['p50']:.0f}",
            f"{row['p25']:.0f} to {row['p75']:.0f}",
            f"{row['p10']:.0f} to {row['p90']:.0f}",
            f"bought on day {row['days_to_next']}" if row["days_to_next"] else "no purchase",
        ]
        for row in windows.to_dict("records")
    ]
    return ReportTable(
        "Days after the cutoff; windows given a return.",
        ["customer", f"buys within {days} d", "median", "50 % window", "80 % window", "happened"],
        rows,
    )


def format_groups(
    groups: pd.DataFrame, what: str, days: int, currency: str, digits: int
) -> ReportTable:
    """Format predicted and observed purchases and spend: a row per group of customers.

    Parameters
    ----------
    groups : DataFrame
        From `training.evaluation.segments`, money in minor units.
    what : str
        What the groups are, such as `segment`; heading of their column.
    days : int
        The horizon in days; named in the caption.
    currency : str
        ISO code.
    digits : int
        Decimals of the currency.

    Returns
    -------
    ReportTable
    """

    def money(minor: float) -> str:
        return _NOTHING if minor != minor else f"{minor / 10**digits:,.{digits}f}"

    rows = [
        [
            row["group"].replace("10_up", "10 and more"),
            f"{row['customers']:,}",
            as_percent(row["share"]),
            as_percent(row["predicted"]),
            as_percent(row["observed"]),
            f"{100 * row['low']:.0f} to {as_percent(row['high'], 0)}",
            money(row["expected_spend"]),
            money(row["spend"]),
        ]
        for row in groups.to_dict("records")
    ]
    return ReportTable(
        f"By {what}: who buys within {days} days, and spend per customer in {currency}.",
        [
            what,
            "customers",
            "of all",
            "predicted",
            "observed",
            "95 % of observed",
            f"expected spend, {currency}",
            f"spend, {currency}",
        ],
        rows,
    )


def format_features(importance: pd.DataFrame) -> ReportTable:
    """Format the ten features with the largest shares of gain: a row per feature.

    Parameters
    ----------
    importance : DataFrame
        From `training.evaluation.feature_importance.importance_table`.

    Returns
    -------
    ReportTable
    """
    models = list(importance["model"].unique())
    shares = importance.pivot_table(
        index=["feature", "description", "family"], columns="model", values="share", fill_value=0.0
    )
    top = shares.loc[shares.mean(axis=1).sort_values(ascending=False).index[:_TOP_FEATURES]]
    return ReportTable(
        f"The {len(top)} features that the corrections gain most from.",
        ["feature", "what it is", "family", *models],
        [
            [*names, *(as_percent(share) for share in row)]
            for names, row in zip(top.index.tolist(), top[models].to_numpy(), strict=True)
        ],
        words=3,
    )


def _figure(value: float) -> str:
    return _NOTHING if value != value else f"{value:.3f}"


def _ours(models: Iterable[str]) -> frozenset[int]:
    return frozenset(index for index, model in enumerate(models) if model == OURS)
