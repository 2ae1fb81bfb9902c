"""Plots of the policy report, read back from their marks."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgba

from training.metrics.probabilities import OURS
from training.report.policy_plots import calibration_plot, gain_plot, uplift_plot, value_plot


def test_each_policy_is_a_row_with_a_mark_per_estimator() -> None:
    values = pd.DataFrame(
        {
            "policy": [OURS, OURS, "uniform", "uniform", "logged policy"],
            "estimator": ["dr", "snips", "dr", "snips", "mean"],
            "value": [0.05, 0.051, 0.04, 0.041, 0.045],
            "low": [0.04, 0.041, 0.03, 0.031, 0.044],
            "high": [0.06, 0.061, 0.05, 0.051, 0.046],
        }
    )
    (axes,) = value_plot(values).axes
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ["logged policy", "uniform", OURS]  # the first one stands on top
    shown = {line.get_label(): list(line.get_xdata()) for line in axes.lines}
    assert shown["DR"] == [0.05, 0.04]
    assert shown["as it was"] == [0.045]
    assert axes.xaxis.get_major_formatter()(0.0125) == "1.25 %"


def test_a_gain_that_may_be_nothing_has_a_hollow_marker() -> None:
    gains = pd.DataFrame(
        {"policy": [OURS, "uniform"], "gain": [5.0, 1.0], "low": [2.0, -1.0], "high": [8.0, 3.0]}
    )
    (axes,) = gain_plot(gains).axes
    _, uniform, ours = axes.lines  # the first one is the line at 0
    assert to_rgba(uniform.get_markerfacecolor()) == to_rgba("white")
    assert ours.get_markerfacecolor() == ours.get_color()


def test_a_policy_of_which_nothing_is_known_has_an_empty_row_that_says_so() -> None:
    gains = pd.DataFrame(
        {"policy": [OURS, "uniform"], "gain": [np.nan, 1.0]}
        | {"low": [np.nan, -1.0], "high": [np.nan, 3.0]}
    )
    values = gains.assign(estimator="dr", value=gains["gain"])
    for figure in (gain_plot(gains), value_plot(values)):
        names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
        assert names == ["uniform", f"{OURS}: not known"]


def test_uplift_has_a_panel_per_channel_and_a_row_per_segment() -> None:
    segments = pd.DataFrame(
        {
            "segment": ["0", "1-2", "0", "1-2"],
            "arm": ["email", "email", "sms", "sms"],
            "uplift": [0.01, 0.02, 0.0, -0.01],
            "low": [0.0, 0.01, -0.01, -0.02],
            "high": [0.02, 0.03, 0.01, 0.0],
        }
    )
    panels = uplift_plot(segments).axes
    assert [axes.get_title() for axes in panels] == ["email", "sms"]
    assert panels[1].lines[-1].get_xdata().tolist() == pytest.approx([0.0, -0.01])


def test_calibration_leaves_room_for_the_highest_rate() -> None:
    calibration = pd.DataFrame(
        {
            "arm": ["email", "email", "none"],
            "predicted": [0.02, 0.08, 0.01],
            "observed": [0.03, 0.07, 0.01],
            "low": [0.02, 0.05, 0.0],
            "high": [0.04, 0.10, 0.02],
        }
    )
    email, none = calibration_plot(calibration).axes[:2]
    assert email.get_xlim()[1] == pytest.approx(1.05 * 0.10)
    assert none.get_ylim()[1] == pytest.approx(1.05 * 0.02)
