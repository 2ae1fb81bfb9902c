"""Plots of a run, read back from their lines."""

import numpy as np
import pytest

from training.runs.run_plots import calibration_plot, lift_plot

OUTCOME = np.array([True, False, True, False])


def test_calibration_shows_a_bin_for_each_distinct_chance() -> None:
    figure = calibration_plot(OUTCOME, {"ours": np.array([0.2, 0.2, 0.8, 0.8])}, "within 30 days")
    line, perfect = figure.axes[0].lines
    assert line.get_xdata() == pytest.approx([0.2, 0.8])
    assert line.get_ydata() == pytest.approx([0.5, 0.5])
    assert list(perfect.get_xdata()) == [0, 0.8]
    assert figure.axes[0].get_title() == "within 30 days"


def test_the_gain_curve_ranks_by_probability_and_takes_ties_in_one_step() -> None:
    laws = {"ranked": np.array([0.9, 0.1, 0.8, 0.2]), "blunt": np.full(4, 0.5)}
    ranked, blunt, _ = lift_plot(OUTCOME, laws, "title").axes[0].lines
    assert ranked.get_ydata().tolist() == [0, 0.5, 1.0, 1.0, 1.0]
    assert blunt.get_xdata().tolist() == [0, 1]
    assert blunt.get_ydata().tolist() == [0, 1.0]


def test_the_gain_of_nobody_is_drawn_flat() -> None:
    nobody = np.zeros(4, dtype=bool)
    line, _ = lift_plot(nobody, {"ours": np.linspace(0, 1, 4)}, "title").axes[0].lines
    assert not line.get_ydata().any()
