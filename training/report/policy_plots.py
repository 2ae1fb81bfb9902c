"""Plots of the policy report: each function turns a table of `PolicyStudy` into a figure."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from training.channel.gain_verdicts import NOT_KNOWN
from training.metrics.probabilities import OURS
from training.report.plot_style import (
    GRID_COLOUR,
    OURS_COLOUR,
    SECOND_COLOUR,
    TEXT_COLOUR,
    label_in_percent,
    make_figure,
    make_panels,
    style_axes,
)

_ESTIMATORS = {
    "dr": (OURS_COLOUR, "o", "DR"),
    "snips": (SECOND_COLOUR, "s", "SNIPS"),
    "dros": ("#009E73", "^", "DR with shrinkage"),
    "mean": (TEXT_COLOUR, "D", "as it was"),
}


def value_plot(values: pd.DataFrame) -> Figure:
    """Plot what each policy is worth: a row per policy, an interval per estimator.

    Parameters
    ----------
    values : DataFrame
        `PolicyStudy.values`.

    Returns
    -------
    Figure
    """
    order = list(values["policy"].unique())[::-1]
    figure = make_figure(0.75 * len(order) + 1.2)
    axes = figure.subplots()
    style_axes(axes)
    for estimator_index, (kind, (colour, marker, label)) in enumerate(_ESTIMATORS.items()):
        rows = values[values["estimator"] == kind]
        shift = 0.0 if kind == "mean" else 0.2 * (1 - estimator_index)
        heights = [order.index(policy) + shift for policy in rows["policy"]]
        axes.hlines(heights, rows["low"], rows["high"], color=colour, linewidth=1.8)
        axes.plot(rows["value"], heights, marker, color=colour, markersize=5.5, label=label)
    axes.set_yticks(range(len(order)), _mark_not_known(order, values, "value"))
    axes.set(xlabel="share of decisions followed by a purchase")
    label_in_exact_percent(axes)
    figure.legend(loc="outside lower center", ncols=4, frameon=False, fontsize=9.5)
    return figure


def gain_plot(gains: pd.DataFrame) -> Figure:
    """Plot each policy's gain over the best fixed channel; markers are hollow if it may be 0.

    Parameters
    ----------
    gains : DataFrame
        `PolicyStudy.gains`, in %.

    Returns
    -------
    Figure
    """
    rows = gains.iloc[::-1]
    figure = make_figure(0.45 * len(rows) + 1.2)
    axes = figure.subplots()
    style_axes(axes)
    axes.axvline(0, color=GRID_COLOUR, linewidth=1)
    for height, row in enumerate(rows.to_dict("records")):
        colour = OURS_COLOUR if row["policy"] == OURS else TEXT_COLOUR
        clear = row["low"] > 0 or row["high"] < 0
        axes.hlines(height, row["low"], row["high"], color=colour, linewidth=2)
        axes.plot(row["gain"], height, "o", color=colour, mfc=colour if clear else "white")
    axes.set_yticks(range(len(rows)), _mark_not_known(list(rows["policy"]), rows, "gain"))
    axes.set_xlabel("more conversions than the best fixed channel, %")
    return figure


def _mark_not_known(policies: list[str], rows: pd.DataFrame, figure: str) -> list[str]:
    """Label policies with their names; one without a figure has an empty row that says why."""
    known = set(rows.loc[rows[figure].notna(), "policy"])
    return [name if name in known else f"{name}: {NOT_KNOWN}" for name in policies]


def uplift_plot(segments: pd.DataFrame) -> Figure:
    """Plot the uplift over no message: a panel per channel, a row per segment of customers.

    Parameters
    ----------
    segments : DataFrame
        `PolicyStudy.segments`.

    Returns
    -------
    Figure
    """
    arms, names = segments["arm"].unique(), list(segments["segment"].unique())[::-1]
    figure, panels = make_panels(len(arms), columns=2, height=0.42 * len(names) + 1.0, sharey=True)
    for axes, arm in zip(panels, arms, strict=True):
        rows = segments[segments["arm"] == arm]
        heights = [names.index(segment) for segment in rows["segment"]]
        axes.axvline(0, color=GRID_COLOUR, linewidth=1)
        axes.hlines(heights, rows["low"], rows["high"], color=OURS_COLOUR, linewidth=2)
        axes.plot(rows["uplift"], heights, "o", color=OURS_COLOUR)
        axes.set(title=arm, yticks=range(len(names)), yticklabels=names)
        axes.set_xlabel("uplift over no message")
        label_in_exact_percent(axes)
    return figure


def calibration_plot(calibration: pd.DataFrame) -> Figure:
    """Plot observed against predicted conversion rates: a panel per arm.

    Parameters
    ----------
    calibration : DataFrame
        `PolicyStudy.calibration`.

    Returns
    -------
    Figure
    """
    arms = calibration["arm"].unique()
    figure, panels = make_panels(len(arms), columns=3, height=2.8)
    for axes, arm in zip(panels, arms, strict=True):
        rows = calibration[calibration["arm"] == arm]
        top = 1.05 * max(rows["predicted"].max(), rows["high"].max())
        axes.plot([0, top], [0, top], color=GRID_COLOUR, linewidth=1)
        axes.vlines(rows["predicted"], rows["low"], rows["high"], color=OURS_COLOUR, linewidth=1.2)
        axes.plot(rows["predicted"], rows["observed"], "o", color=OURS_COLOUR, markersize=5)
        axes.set(title=arm, xlabel="predicted", xlim=(0, top), ylim=(0, top))
        label_in_percent(axes, "xy")
    for axes in panels[::3]:
        axes.set_ylabel("observed")
    return figure


def label_in_exact_percent(axes: Axes) -> None:
    """Label an x axis of shares in percent, with the decimals that small rates need.

    Parameters
    ----------
    axes : Axes
        The panel.
    """
    axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:g} %")
