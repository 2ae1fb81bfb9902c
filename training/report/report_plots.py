"""Plots of the training report: each function turns a table into a figure."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from training.metrics.probabilities import OURS
from training.report.plot_style import (
    GRID_COLOUR,
    OURS_COLOUR,
    SECOND_COLOUR,
    TEXT_COLOUR,
    add_legend,
    deepening_colours,
    fading_colours,
    label_in_percent,
    make_figure,
    make_panels,
    model_style,
    split_by_model,
    style_axes,
)


def reliability_plot(table: pd.DataFrame) -> Figure:
    """Plot observed against predicted rates: a panel per horizon, our 95 % intervals as bars.

    Parameters
    ----------
    table : DataFrame
        From `training.evaluation.reliability.reliability_table`.

    Returns
    -------
    Figure
    """
    horizons = table["days"].unique()
    figure, panels = make_panels(len(horizons), columns=3, height=3.0)
    for axes, days in zip(panels, horizons, strict=True):
        of_day = table[table["days"] == days]
        top = 1.05 * max(of_day["predicted"].max(), of_day["observed"].max())
        axes.plot([0, top], [0, top], color=GRID_COLOUR, linewidth=1)
        for model, rows in split_by_model(of_day):
            axes.plot(
                rows["predicted"], rows["observed"], **model_style(model, table), markersize=4
            )
        _add_interval(axes, of_day[of_day["model"] == OURS])
        axes.set(title=f"within {days} days", xlabel="predicted", xlim=(0, top), ylim=(0, top))
        label_in_percent(axes, "xy")
    for axes in panels[::3]:
        axes.set_ylabel("observed")
    add_legend(figure, panels[0])
    return figure


def _add_interval(axes: Axes, ours: pd.DataFrame) -> None:
    axes.vlines(ours["predicted"], ours["low"], ours["high"], color=OURS_COLOUR, linewidth=1.2)


def gain_plot(table: pd.DataFrame, days: int) -> Figure:
    """Plot the cumulative gain, and the lift from the first 5 % of customers on.

    Parameters
    ----------
    table : DataFrame
        From `training.evaluation.cumulative_gains.gain_table`.
    days : int
        Days within which a purchase counts; named on the axis.

    Returns
    -------
    Figure
    """
    figure, (gain, lift) = make_panels(2, columns=2, height=4.0)
    for model, rows in split_by_model(table):
        style = model_style(model, table) | {"marker": ""}
        gain.plot(np.r_[0, rows["asked"]], np.r_[0, rows["found"]], **style)
        later = rows[rows["asked"] >= 0.05]
        lift.plot(later["asked"], later["lift"], **style)
    gain.plot([0, 1], [0, 1], color=GRID_COLOUR, linewidth=1)
    lift.axhline(1, color=GRID_COLOUR, linewidth=1)
    gain.set(title="gain", xlabel="customers asked, the likeliest first", xlim=(0, 1), ylim=(0, 1))
    gain.set_ylabel(f"of all buyers within {days} days")
    lift.set(title="lift", xlabel="customers asked, the likeliest first", xlim=(0, 1))
    lift.set(ylabel="times as many as at random", ylim=(0.95, None))
    label_in_percent(gain, "xy")
    label_in_percent(lift, "x")
    add_legend(figure, gain)
    return figure


def pit_plot(table: pd.DataFrame, law: str) -> Figure:
    """Plot the PIT histograms of one kind of law: a panel per model.

    Parameters
    ----------
    table : DataFrame
        From `training.evaluation.pit_histograms.pit_table`.
    law : str
        Which rows of the table's column `law`: given a return, or the whole law.

    Returns
    -------
    Figure
    """
    of_law = table[table["law"] == law]
    models = of_law["model"].unique()
    width = 1 / (of_law["left"].nunique())
    figure, panels = make_panels(len(models), columns=4, height=2.1, sharey=True)
    for axes, model in zip(panels, models, strict=True):
        rows = of_law[of_law["model"] == model]
        colour = OURS_COLOUR if model == OURS else "#9DB7C7"
        axes.bar(rows["left"], rows["share"], width, align="edge", color=colour, edgecolor="white")
        axes.axhline(width, color=TEXT_COLOUR, linewidth=1, linestyle="--")
        axes.set(title=model, xlim=(0, 1), xticks=[0, 0.5, 1], xticklabels=["0", "0.5", "1"])
        label_in_percent(axes, "y")
    for axes in panels[::4]:
        axes.set_ylabel("of outcomes")
    figure.suptitle(law, fontsize=12, weight="bold", color=TEXT_COLOUR)
    figure.supxlabel("where the outcome fell in its predicted law", fontsize=10, color=TEXT_COLOUR)
    return figure


def samples_plot(laws: pd.DataFrame, windows: pd.DataFrame) -> Figure:
    """Plot the forecasts of sample customers: F(h) by day, and their windows given a return.

    Parameters
    ----------
    laws : DataFrame
        From `training.evaluation.sample_customers.sample_laws`.
    windows : DataFrame
        From `training.evaluation.sample_customers.sample_windows`.

    Returns
    -------
    Figure
    """
    figure = make_figure(3.8)
    curves, bars = figure.subplots(1, 2, width_ratios=(1.15, 1))
    colours = fading_colours(len(windows))
    for colour, (label, rows) in zip(colours, laws.groupby("customer", sort=False), strict=True):
        curves.plot(rows["days"], rows["p_within"], color=colour, linewidth=2)
        _annotate_end(curves, rows, str(label), windows["p_within"])
    last = int(laws["days"].max())
    curves.set(title="chance to buy within h days", xlabel="days h after the cutoff")
    curves.set(xlim=(0, last), ylim=(0, 1))
    label_in_percent(curves, "y")
    _draw_windows(bars, windows, colours, last)
    for axes in (curves, bars):
        style_axes(axes)
    return figure


def _annotate_end(axes: Axes, rows: pd.DataFrame, label: str, ends: "pd.Series[float]") -> None:
    """Write the label at the end of its curve, moved apart where two ends are close."""
    end = rows["p_within"].iloc[-1]
    above = sorted(e for e in ends if e > end)
    shift = -6 if above and above[0] - end < 0.05 else 0
    axes.annotate(
        label.removeprefix("customer "),
        (rows["days"].iloc[-1], end),
        xytext=(5, shift),
        textcoords="offset points",
        va="center",
        color=TEXT_COLOUR,
        weight="bold",
        annotation_clip=False,
    )


def _draw_windows(axes: Axes, windows: pd.DataFrame, colours: Sequence[Any], last: int) -> None:
    heights = np.arange(len(windows))
    axes.hlines(heights, windows["p10"], windows["p90"], color=colours, linewidth=3)
    axes.hlines(heights, windows["p25"], windows["p75"], color=colours, linewidth=9)
    axes.scatter(windows["p50"], heights, color="white", edgecolor=TEXT_COLOUR, zorder=3, s=28)
    back = windows["days_to_next"] > 0
    axes.scatter(
        windows["days_to_next"][back],
        heights[back] - 0.32,
        marker="v",
        color=TEXT_COLOUR,
        zorder=3,
        s=36,
    )
    axes.set(title="if they are back: when", xlabel="days after the cutoff", xlim=(0, last))
    axes.set_yticks(heights, [label.removeprefix("customer ") for label in windows["customer"]])
    axes.set_ylim(len(windows) - 0.5, -0.7)


def difference_plot(table: pd.DataFrame) -> Figure:
    """Plot our loss against each rival's: a panel per loss, a marker per origin.

    Parameters
    ----------
    table : DataFrame
        From `training.evaluation.origin_scores.compare_losses`, in %.

    Returns
    -------
    Figure
    """
    rivals, origins = table["rival"].unique(), table["origin"].unique()
    losses = table["loss"].unique()
    figure, panels = make_panels(
        len(losses), columns=2, height=0.9 + 0.16 * len(origins) * len(rivals)
    )
    shades = deepening_colours(len(origins))
    for axes, loss in zip(panels, losses, strict=True):
        axes.axvline(0, color=TEXT_COLOUR, linewidth=1)
        for origin_index, origin in enumerate(origins):
            rows = table[(table["loss"] == loss) & (table["origin"] == origin)]
            shift = 0.22 * (origin_index - (len(origins) - 1) / 2)
            _draw_differences(axes, rows, shift, shades[origin_index], str(origin))
        axes.set_yticks(np.arange(len(rivals)), rivals if axes is panels[0] else [])
        axes.set(title=loss, xlabel="ours against the rival's, %")
        axes.set_ylim(len(rivals) - 0.5, -0.5)
    if len(origins) > 1:
        add_legend(figure, panels[0])
    return figure


def _draw_differences(
    axes: Axes, rows: pd.DataFrame, shift: float, colour: Any, label: str
) -> None:
    """Draw one origin: markers are filled where the rival's loss is distinguishable from ours.

    A rival without any loss has no marker, since ours is infinitely many % of it.
    """
    rows = rows.replace(np.inf, np.nan)
    heights = np.arange(len(rows)) + shift
    axes.hlines(heights, rows["low"], rows["high"], color=colour, linewidth=2)
    clear = rows["distinguishable"].to_numpy(dtype=bool)
    axes.scatter(rows["percent"][clear], heights[clear], color=colour, s=26, zorder=3)
    axes.scatter(
        rows["percent"][~clear], heights[~clear], color="white", edgecolor=colour, s=26, zorder=3
    )
    axes.plot([], [], color=colour, marker="o", markersize=5, linewidth=2, label=label)


def importance_plot(families: pd.DataFrame) -> Figure:
    """Plot what the models rely on: a bar per family of features and model.

    Parameters
    ----------
    families : DataFrame
        From `training.evaluation.feature_importance.family_table`.

    Returns
    -------
    Figure
    """
    models = [name for name in families if name != "family"]
    figure = make_figure(0.9 + 0.34 * len(families))
    axes = figure.subplots()
    height = 0.8 / len(models)
    for model_index, (model, colour) in enumerate(
        zip(models, (OURS_COLOUR, SECOND_COLOUR), strict=False)
    ):
        heights = np.arange(len(families)) + height * (model_index - (len(models) - 1) / 2)
        axes.barh(heights, families[model], height * 0.92, color=colour, label=model)
    axes.set_yticks(np.arange(len(families)), families["family"])
    axes.set(xlabel="share of what the splits gained")
    axes.invert_yaxis()
    label_in_percent(axes, "x")
    style_axes(axes)
    axes.grid(visible=False, axis="y")
    add_legend(figure, axes)
    return figure


def segment_plot(table: pd.DataFrame, days: int) -> Figure:
    """Plot predicted beside observed shares of buyers by segment, with 95 % intervals.

    Parameters
    ----------
    table : DataFrame
        From `training.evaluation.segments.segment_table`.
    days : int
        Days within which a purchase counts; named on the axis.

    Returns
    -------
    Figure
    """
    figure = make_figure(1.0 + 0.32 * len(table))
    axes = figure.subplots()
    heights = np.arange(len(table))
    axes.hlines(heights, table["low"], table["high"], color=SECOND_COLOUR, linewidth=6, alpha=0.45)
    axes.scatter(
        table["observed"], heights, color=SECOND_COLOUR, marker="s", s=34, label="observed, 95 %"
    )
    axes.scatter(table["predicted"], heights, color=OURS_COLOUR, s=34, zorder=3, label="predicted")
    axes.set_yticks(heights, table["group"])
    axes.set(xlabel=f"buy within {days} days", xlim=(0, 1))
    axes.set_ylim(len(table) - 0.5, -0.5)
    label_in_percent(axes, "x")
    style_axes(axes)
    add_legend(figure, axes)
    return figure
