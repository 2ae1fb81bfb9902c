"""The PIT against random draws, laws that are true, and numbers worked out by hand."""

import numpy as np
import pytest

from training.evaluation.evaluation import Evaluation
from training.evaluation.pit_histograms import (
    OF_LAW,
    OF_RETURN,
    largest_deviation,
    pit_distribution,
    pit_histogram,
    pit_scores,
    pit_spans_given_return,
    pit_spans_of_law,
    pit_table,
    window_coverage,
)
from training.metrics.probabilities import OURS

LAW = np.array([[0.0, 0.2, 0.5, 0.8], [0.0, 0.1, 0.1, 0.4]])


def test_the_mass_of_a_day_is_spread_between_the_law_before_it_and_at_it() -> None:
    low, high = pit_spans_of_law(np.array([2, 0]), LAW)
    assert low.tolist() == [0.2, 0.4]
    assert high.tolist() == [0.5, 1.0]
    # the first row: .05 of .3 below .25, .25 above; the second: .1 of .6 in .4 to .5, then .25 each
    expected = [(1 / 6) / 2, (5 / 6 + 1 / 6) / 2, (5 / 12) / 2, (5 / 12) / 2]
    assert pit_histogram((low, high), bins=4) == pytest.approx(expected)


def test_given_a_return_the_law_ends_at_1_and_the_others_are_left_out() -> None:
    low, high = pit_spans_given_return(np.array([3, 0]), LAW)
    assert (low.tolist(), high.tolist()) == ([0.625], [1.0])


def test_a_return_that_was_impossible_falls_to_the_lower_end() -> None:
    spans = pit_spans_given_return(np.array([1]), np.zeros((1, 4)))
    assert pit_histogram(spans, bins=4).tolist() == [1, 0, 0, 0]


def test_the_histogram_is_the_mean_of_randomised_ones() -> None:
    rng = np.random.default_rng(0)
    edges = np.sort(rng.random((50, 2)), axis=1)
    low, high = edges[:, 0], edges[:, 1]
    draws = rng.uniform(low, high, size=(4000, 50))
    slower = np.histogram(draws, bins=10, range=(0, 1))[0] / draws.size
    assert pit_histogram((low, high)) == pytest.approx(slower, abs=0.002)
    at = [0.1, 0.37, 0.9]
    assert pit_distribution((low, high), at) == pytest.approx(
        [(draws <= level).mean() for level in at], abs=0.003
    )


def test_true_laws_are_calibrated_and_wrong_ones_are_not(evaluation: Evaluation) -> None:
    scores = pit_scores(evaluation.test).set_index(["model", "law"])
    assert scores.loc[(OURS, OF_RETURN), "in_window_80"] == pytest.approx(0.8, abs=0.05)
    assert scores.loc[(OURS, OF_LAW), "largest_deviation"] < 0.04
    assert scores.loc[("wrong", OF_LAW), "largest_deviation"] > 0.06


def test_the_window_holds_what_lies_between_its_quantiles() -> None:
    spans = np.array([0.0, 0.4]), np.array([0.2, 0.6])
    assert window_coverage(spans, 0.8) == pytest.approx((0.5 + 1) / 2)
    assert largest_deviation(spans, bins=2) == pytest.approx(0.25)


def test_every_histogram_adds_up_to_1(evaluation: Evaluation) -> None:
    table = pit_table(evaluation.test)
    assert table.groupby(["model", "law"])["share"].sum().to_numpy() == pytest.approx(1)
    assert set(table["law"]) == {OF_RETURN, OF_LAW}
