"""What the report's plots share."""

import pandas as pd
import pytest

from training.metrics.probabilities import OURS
from training.report.plot_style import (
    OURS_COLOUR,
    add_legend,
    deepening_colours,
    fading_colours,
    label_in_percent,
    make_panels,
    model_style,
    split_by_model,
)

TABLE = pd.DataFrame({"model": [OURS, "BG/NBD", OURS, "base rate"], "value": [1, 2, 3, 4]})


def test_our_model_is_drawn_last_with_all_its_rows() -> None:
    parts = list(split_by_model(TABLE))
    assert [name for name, _ in parts] == ["BG/NBD", "base rate", OURS]
    assert parts[-1][1]["value"].tolist() == [1, 3]


def test_models_have_styles_of_their_own() -> None:
    styles = {name: model_style(name, TABLE) for name in TABLE["model"].unique()}
    assert styles[OURS]["color"] == OURS_COLOUR
    assert styles["BG/NBD"]["marker"] != styles["base rate"]["marker"]
    assert {name: style["label"] for name, style in styles.items()} == {n: n for n in styles}


def test_shades_run_from_strong_to_weak_and_back() -> None:
    fading, deepening = fading_colours(3), deepening_colours(3)
    assert fading[0] == pytest.approx(deepening[-1])
    assert [sum(colour) for colour in fading] == sorted(sum(colour) for colour in fading)
    assert [sum(c) for c in deepening] == sorted((sum(c) for c in deepening), reverse=True)


def test_panels_that_are_not_needed_are_hidden() -> None:
    figure, panels = make_panels(4, columns=3, height=2.0)
    assert len(panels) == 4
    assert [axes.get_visible() for axes in figure.axes] == [True] * 4 + [False] * 2


def test_shares_are_labelled_in_percent_and_the_legend_names_us_first() -> None:
    figure, (axes,) = make_panels(1, columns=1, height=2.0)
    for name, rows in split_by_model(TABLE):
        axes.plot(rows["value"], rows["value"], label=name)
    label_in_percent(axes, "y")
    assert axes.yaxis.get_major_formatter()(0.25) == "25 %"
    add_legend(figure, axes)
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [OURS, "BG/NBD", "base rate"]
