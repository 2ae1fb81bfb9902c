"""Predicted against observed rates, by horizon."""

import pytest

from training.evaluation.evaluation import Evaluation
from training.evaluation.reliability import reliability_errors, reliability_table
from training.metrics.probabilities import OURS


def test_reliability_is_the_mean_chance_and_the_rate_of_each_bin(evaluation: Evaluation) -> None:
    table = reliability_table(evaluation.test, bins=5)
    ours = table[(table["model"] == OURS) & (table["days"] == 30)]
    assert ours["customers"].sum() == len(evaluation.test.labels)
    assert ((ours["low"] <= ours["predicted"]) & (ours["predicted"] <= ours["high"])).sum() >= 4
    whole = (ours["observed"] * ours["customers"]).sum()
    assert whole == pytest.approx(evaluation.test.bought_within(30).sum())
    blunt = table[(table["model"] == "blunt") & (table["days"] == 30)]
    assert len(blunt) == 1  # everybody has the same chance: one bin
    errors = reliability_errors(evaluation.test).set_index("model")
    assert errors.columns.tolist() == [7, 14, 30, 60]
    assert (errors.loc[OURS] < errors.loc["wrong"]).all()
