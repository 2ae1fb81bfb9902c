"""Plots of the training report, read back from their marks."""

import numpy as np
import pandas as pd
import pytest

from training.evaluation.cumulative_gains import gain_table
from training.evaluation.evaluation import Evaluation
from training.evaluation.origin_scores import compare_losses
from training.evaluation.pit_histograms import OF_LAW, pit_table
from training.evaluation.reliability import reliability_table
from training.evaluation.sample_customers import sample_laws, sample_windows
from training.metrics.probabilities import OURS
from training.report.report_plots import (
    difference_plot,
    gain_plot,
    importance_plot,
    pit_plot,
    reliability_plot,
    samples_plot,
    segment_plot,
)


def test_reliability_has_a_panel_per_horizon(evaluation: Evaluation) -> None:
    figure = reliability_plot(reliability_table(evaluation.test))
    shown = [axes.get_title() for axes in figure.axes if axes.get_visible()]
    assert shown == [f"within {days} days" for days in (7, 14, 30, 60)]


def test_the_gain_starts_at_nobody_and_ends_at_everybody(evaluation: Evaluation) -> None:
    gain, lift = gain_plot(gain_table(evaluation.test, 60), 60).axes
    ours = next(line for line in gain.lines if line.get_label() == OURS)
    assert (ours.get_xdata()[0], ours.get_ydata()[0]) == (0, 0)
    assert (ours.get_xdata()[-1], ours.get_ydata()[-1]) == (1, 1)
    assert min(min(line.get_xdata()) for line in lift.lines if line.get_label() == OURS) == 0.05


def test_pit_bars_of_each_model_sum_to_one(evaluation: Evaluation) -> None:
    figure = pit_plot(pit_table(evaluation.test), OF_LAW)
    panels = {axes.get_title(): axes for axes in figure.axes if axes.get_visible()}
    assert set(panels) == set(evaluation.test.laws)
    for axes in panels.values():
        assert sum(bar.get_height() for bar in axes.patches) == pytest.approx(1)


def test_sample_customers_are_curves_and_windows(evaluation: Evaluation) -> None:
    windows = sample_windows(evaluation.test)
    curves, bars = samples_plot(sample_laws(evaluation.test), windows).axes
    assert len(curves.lines) == len(windows)
    labels = [label.get_text() for label in bars.get_yticklabels()]
    assert labels == [name.removeprefix("customer ") for name in windows["customer"]]


def test_differences_have_a_panel_per_loss_and_a_legend_of_origins(evaluation: Evaluation) -> None:
    figure = difference_plot(compare_losses(evaluation, draws=50))
    assert [axes.get_title() for axes in figure.axes] == ["CRPS", "log-loss"]
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["2025-01-31", "2025-04-01", "all origins"]


def test_a_rival_without_any_loss_has_no_marker_in_the_plot_of_differences() -> None:
    rows = [("CRPS", "2025-01-31", "base rate", np.inf, np.inf, np.inf, True)]
    rows += [("CRPS", "2025-01-31", "BG/NBD", -2.0, -3.0, -1.0, True)]
    columns = ["loss", "origin", "rival", "percent", "low", "high", "distinguishable"]
    axes = difference_plot(pd.DataFrame(rows, columns=columns)).axes[0]
    lowest, highest = axes.get_xlim()
    assert -5 < lowest < -3 and 0 <= highest < 1


def test_importance_has_a_bar_per_family_and_model() -> None:
    families = pd.DataFrame(
        {"family": ["RFM", "rhythm"], "churn": [0.7, 0.3], "timing": [0.4, 0.6]}
    )
    (axes,) = importance_plot(families).axes
    assert sorted(bar.get_width() for bar in axes.patches) == [0.3, 0.4, 0.6, 0.7]
    assert axes.yaxis_inverted()  # the first family stands on top


def test_segments_show_predicted_beside_observed() -> None:
    table = pd.DataFrame(
        {
            "group": ["champions", "at risk"],
            "predicted": [0.8, 0.2],
            "observed": [0.75, 0.25],
            "low": [0.7, 0.2],
            "high": [0.8, 0.3],
        }
    )
    (axes,) = segment_plot(table, 60).axes
    shown = {marks.get_label(): marks.get_offsets()[:, 0] for marks in axes.collections[1:]}
    assert np.asarray(shown["predicted"]).tolist() == [0.8, 0.2]
    assert np.asarray(shown["observed, 95 %"]).tolist() == [0.75, 0.25]
