"""Baselines on slices whose outcomes can be worked out by hand."""

import numpy as np
import pandas as pd
import pytest

from models.purchase.slices import Slices
from training.purchase.baselines import (
    BASELINES,
    base_rate_law,
    days_since_last_law,
    empirical_law,
    mean_gap_law,
)

EARLY, LATE = pd.Timestamp("2024-01-31", tz="UTC"), pd.Timestamp("2024-02-28", tz="UTC")


def _slices(cutoffs: list[pd.Timestamp], silence: list[float], days_to_next: list[int]) -> Slices:
    frame = pd.DataFrame({"cutoff": cutoffs, "days_since_last": silence})
    labels = pd.DataFrame({"days_to_next": days_to_next})
    return Slices(0, 4, frame, labels.assign(returned=labels["days_to_next"] > 0), frame, {})


def test_the_empirical_law_counts_each_day_and_those_who_never_came() -> None:
    law = empirical_law(pd.Series([1, 3, 3, 0]), 4)
    assert law.tolist() == [0.0, 0.25, 0.25, 0.75, 0.75]


def test_the_base_rate_is_that_of_the_latest_slice_for_everybody() -> None:
    slices = _slices([EARLY, EARLY, LATE, LATE], [1.0, 1.0, 1.0, 1.0], [1, 1, 2, 0])
    law = base_rate_law(slices, pd.DataFrame({"days_since_last": [5.0, 90.0, 400.0]}))
    # half a customer who comes on any of four days, and half a one who does not, are added to two
    expected = [0.0, 0.125 / 3, 1.25 / 3, 1.375 / 3, 0.5]
    assert law.tolist() == [pytest.approx(expected)] * 3


def test_days_since_last_gives_the_law_of_those_silent_for_as_long() -> None:
    silence = [1.0] * 50 + [300.0] * 50
    slices = _slices([LATE] * 100, silence, [1] * 50 + [0] * 50)
    law = days_since_last_law(slices, pd.DataFrame({"days_since_last": [1.0, 300.0, 999.0]}))
    assert law[:, -1].tolist() == [1.0, 0.0, 0.0]


def test_the_mean_gap_waits_exponentially_and_a_gap_below_a_day_counts_as_one() -> None:
    slices = _slices([LATE], [1.0], [0])
    law = mean_gap_law(slices, pd.DataFrame({"gap_shrunken": [2.0, 0.1]}))
    assert law[0] == pytest.approx(1 - np.exp(-np.arange(5) / 2))
    assert law[1] == pytest.approx(1 - np.exp(-np.arange(5)))


def test_every_baseline_of_the_design_is_there() -> None:
    assert list(BASELINES) == [
        "base rate", "days since last", "mean gap", "BG/NBD", "MBG/NBD", "LightGBM-RFM",
    ]  # fmt: skip
