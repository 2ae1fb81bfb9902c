"""Colours, panels and legends that the report's plots share.

Colours are those of Okabe and Ito, which colour-blind readers can tell apart; markers and dashes
tell the models apart in print.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from training.metrics.probabilities import OURS

OURS_COLOUR, SECOND_COLOUR = "#0072B2", "#E69F00"
TEXT_COLOUR, GRID_COLOUR = "#333333", "#B3B3B3"
_RIVAL_STYLES = (
    ("#8C8C8C", (0, (1, 1.2)), "s"),
    ("#E69F00", (0, (4, 1.5)), "^"),
    ("#CC79A7", (0, (5, 1, 1, 1)), "v"),
    ("#009E73", (0, (2, 1)), "D"),
    ("#56B4E9", (0, (6, 2)), "P"),
    ("#D55E00", (0, (3, 1, 1, 1, 1, 1)), "X"),
)
_WIDTH = 9.0  # inches; the page scales it


def split_by_model(table: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Split a table by model, ours last, so that it is drawn on top.

    Parameters
    ----------
    table : DataFrame
        With a column `model`.

    Yields
    ------
    name : str
        A model.
    rows : DataFrame
        Its rows.
    """
    names = [name for name in table["model"].unique() if name != OURS]
    for name in [*names, OURS]:
        yield name, table[table["model"] == name]


def model_style(model: str, table: pd.DataFrame) -> dict[str, Any]:
    """Return the line style of a model: the same in every plot of the same models.

    Parameters
    ----------
    model : str
        Name of the model.
    table : DataFrame
        All that is plotted; the order of its column `model` decides on the styles.

    Returns
    -------
    dict of str to value
        Keyword arguments of `Axes.plot`, the label among them.
    """
    if model == OURS:
        return {"color": OURS_COLOUR, "marker": "o", "linewidth": 2.4, "label": model}
    rivals = [name for name in table["model"].unique() if name != OURS]
    colour, dashes, marker = _RIVAL_STYLES[rivals.index(model) % len(_RIVAL_STYLES)]
    return {
        "color": colour,
        "linestyle": dashes,
        "marker": marker,
        "linewidth": 1.2,
        "label": model,
    }


def fading_colours(n: int) -> list[tuple[float, ...]]:
    """Return n shades of our colour, the strongest first.

    Parameters
    ----------
    n : int
        Number of colours.

    Returns
    -------
    list of (float, float, float)
        Red, green and blue, 0..1.
    """
    return [_mix(share) for share in np.linspace(1, 0.4, n)]


def deepening_colours(n: int) -> list[tuple[float, ...]]:
    """Return n shades of our colour, the strongest last.

    Parameters
    ----------
    n : int
        Number of colours.

    Returns
    -------
    list of (float, float, float)
        Red, green and blue, 0..1.
    """
    return [_mix(share) for share in np.linspace(0.45, 1, n)]


def _mix(share: float) -> tuple[float, ...]:
    """Mix a share of our colour with white."""
    ours = np.array([0, 114, 178]) / 255
    return tuple(1 - share * (1 - ours))


def make_figure(height: float) -> Figure:
    """Make an empty figure as wide as the report's page.

    Parameters
    ----------
    height : float
        Inches.

    Returns
    -------
    Figure
    """
    return Figure(figsize=(_WIDTH, height), layout="constrained")


def make_panels(n: int, columns: int, height: float, **shared: Any) -> tuple[Figure, list[Axes]]:
    """Make a figure of n panels in the report's style, row by row.

    Parameters
    ----------
    n : int
        Number of panels.
    columns : int
        Panels in a row.
    height : float
        Inches of one row.
    shared : keyword arguments
        Passed on to `Figure.subplots`, such as `sharey=True`.

    Returns
    -------
    figure : Figure
        The figure.
    panels : list of Axes
        Its n panels.
    """
    rows = -(-n // columns)
    figure = make_figure(height * rows + 0.5)
    grid = list(figure.subplots(rows, columns, squeeze=False, **shared).flat)
    for axes in grid[n:]:
        axes.set_visible(False)
    for axes in grid[:n]:
        style_axes(axes)
    return figure, grid[:n]


def style_axes(axes: Axes) -> None:
    """Apply the report's style to a panel: grey axes, no frame, a faint grid.

    Parameters
    ----------
    axes : Axes
        The panel.
    """
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(GRID_COLOUR)
    axes.tick_params(color=GRID_COLOUR, labelcolor=TEXT_COLOUR, labelsize=9)
    axes.grid(alpha=0.25, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.title.set_fontsize(10.5)


def label_in_percent(axes: Axes, which: str) -> None:
    """Label axes that hold shares in percent, without decimals.

    Parameters
    ----------
    axes : Axes
        The panel.
    which : str
        `x`, `y` or `xy`.
    """
    for name in which:
        axis = getattr(axes, f"{name}axis")
        axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
        axis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))


def add_legend(figure: Figure, axes: Axes) -> None:
    """Add a legend below the panels, where it covers nothing; our model stands first.

    Parameters
    ----------
    figure : Figure
        The figure.
    axes : Axes
        The panel whose lines are named.
    """
    handles, labels = axes.get_legend_handles_labels()
    order = sorted(range(len(labels)), key=lambda index: labels[index] != OURS)
    figure.legend(
        [handles[index] for index in order],
        [labels[index] for index in order],
        loc="outside lower center",
        ncols=4,
        frameon=False,
        fontsize=9.5,
    )
