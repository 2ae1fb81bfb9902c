"""What the plots of the report share: colours, panels, legends.

Colours are those of Okabe and Ito, told apart by the colour-blind; markers and dashes tell the
models apart in print.
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
    """Go through the models, ours last, so that it lies on top."""
    names = [name for name in table["model"].unique() if name != OURS]
    for name in [*names, OURS]:
        yield name, table[table["model"] == name]


def model_style(model: str, table: pd.DataFrame) -> dict[str, Any]:
    """Give how a model is drawn: the same in every plot of the same models."""
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
    """Give n colours, the strongest first."""
    return [_mix(share) for share in np.linspace(1, 0.4, n)]


def deepening_colours(n: int) -> list[tuple[float, ...]]:
    """Give n colours, the strongest last."""
    return [_mix(share) for share in np.linspace(0.45, 1, n)]


def _mix(share: float) -> tuple[float, ...]:
    """Mix our colour with white."""
    ours = np.array([0, 114, 178]) / 255
    return tuple(1 - share * (1 - ours))


def make_figure(height: float) -> Figure:
    """Make a figure as wide as the page."""
    return Figure(figsize=(_WIDTH, height), layout="constrained")


def make_panels(n: int, columns: int, height: float, **shared: Any) -> tuple[Figure, list[Axes]]:
    """Make a figure of n panels, row by row."""
    rows = -(-n // columns)
    figure = make_figure(height * rows + 0.5)
    grid = list(figure.subplots(rows, columns, squeeze=False, **shared).flat)
    for axes in grid[n:]:
        axes.set_visible(False)
    for axes in grid[:n]:
        style_axes(axes)
    return figure, grid[:n]


def style_axes(axes: Axes) -> None:
    """Leave of an axes what helps to read it."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(GRID_COLOUR)
    axes.tick_params(color=GRID_COLOUR, labelcolor=TEXT_COLOUR, labelsize=9)
    axes.grid(alpha=0.25, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.title.set_fontsize(10.5)


def label_in_percent(axes: Axes, which: str) -> None:
    """Label the axes `x`, `y` or `xy` in percent."""
    for name in which:
        axis = getattr(axes, f"{name}axis")
        axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
        axis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))


def add_legend(figure: Figure, axes: Axes) -> None:
    """Put the legend below the panels, where it covers nothing; ours stands first."""
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
