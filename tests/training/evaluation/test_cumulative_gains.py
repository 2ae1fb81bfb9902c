"""Cumulative gain and lift of ranked customers."""

import numpy as np
import pytest

from training.evaluation.cumulative_gains import gain_curve, gain_table
from training.evaluation.evaluation import Evaluation
from training.metrics.probabilities import OURS, lift_at


def test_gain_agrees_with_lift_and_draws_ties_at_random(evaluation: Evaluation) -> None:
    judged = evaluation.test
    table = gain_table(judged, 60).set_index(["model", "asked"])
    lift = lift_at(judged.bought_within(60), judged.laws[OURS][:, 60], 0.1)
    assert table.loc[(OURS, 0.1), "lift"] == pytest.approx(lift)
    assert table.loc["blunt", "lift"].to_numpy() == pytest.approx(1)
    nobody = gain_curve(np.zeros(3, dtype=bool), np.ones(3), np.array([0.5]))
    assert np.isnan(nobody).all()
