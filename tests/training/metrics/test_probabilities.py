"""Metrics against numbers worked out by hand."""

import math

import numpy as np
import pandas as pd
import pytest

from training.metrics.probabilities import (
    auc,
    brier,
    central_window_coverage,
    ece,
    frequency_buckets,
    lift_at,
    mean_log_loss,
    score_law,
)

OUTCOME = np.array([True, False, True, False])
P = np.array([0.9, 0.6, 0.4, 0.1])


def test_probability_scores_are_those_worked_out_by_hand() -> None:
    assert auc(OUTCOME, P) == 0.75
    assert brier(OUTCOME, P) == pytest.approx((0.01 + 0.36 + 0.36 + 0.01) / 4)
    expected = -(math.log(0.9) + math.log(0.4) + math.log(0.4) + math.log(0.9)) / 4
    assert mean_log_loss(OUTCOME, P) == pytest.approx(expected)
    # two bins: (.1, .4) with rate .5, (.6, .9) with rate .5
    assert ece(OUTCOME, P, bins=2) == pytest.approx(0.25)
    assert lift_at(OUTCOME, P, share=0.25) == 2.0


def test_rows_with_equal_probabilities_are_treated_alike_whatever_their_order() -> None:
    outcome = np.arange(1500) < 500
    constant = np.full(1500, 1 / 3)
    assert ece(outcome, constant) == pytest.approx(0, abs=1e-12)
    assert lift_at(outcome, constant) == pytest.approx(1)
    tied = np.where(np.arange(1500) < 1000, 0.5, 0.1)
    assert lift_at(outcome, tied) == pytest.approx(1.5)


def test_one_outcome_only_has_no_auc_and_no_lift() -> None:
    nobody = np.zeros(4, dtype=bool)
    assert math.isnan(auc(nobody, P))
    assert math.isnan(lift_at(nobody, P))
    assert mean_log_loss(nobody, np.zeros(4)) < 1e-5


def test_the_coverage_of_true_laws_is_the_nominal_one() -> None:
    rng = np.random.default_rng(0)
    law = np.tile(np.linspace(0, 1, 91), (20_000, 1))
    days = rng.integers(1, 91, 20_000)
    assert central_window_coverage(days, law, 0.8) == pytest.approx(0.8, abs=0.01)


def test_frequency_buckets_part_the_customers() -> None:
    buckets = frequency_buckets(np.array([0.0, 1.0, 2.0, 3.0, 9.0, 10.0, 500.0]))
    assert {name: int(rows.sum()) for name, rows in buckets.items()} == {
        "0": 1, "1-2": 2, "3-9": 2, "10_up": 2,
    }  # fmt: skip
    assert "10_up" not in frequency_buckets(np.array([0.0]))


@pytest.mark.parametrize(("horizon", "days"), [(90, {"30d", "90d"}), (21, {"21d"})])
def test_a_law_is_scored_at_30_days_and_at_the_horizon(horizon: int, days: set[str]) -> None:
    labels = pd.DataFrame({"days_to_next": [1, 0, 5]})
    scores = score_law(labels, np.tile(np.linspace(0, 0.5, horizon + 1), (3, 1)))
    assert {name.rsplit("_", 1)[1] for name in scores if "_" in name} == days
