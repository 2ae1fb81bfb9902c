"""Tests of the weights by which several logits are summed."""

import numpy as np
import pytest
from scipy.special import expit

from models.purchase.stack import Stack, fit_stack

RNG = np.random.default_rng(5)
GOOD, NOISE = RNG.normal(size=20_000), RNG.normal(size=20_000)
BOUGHT = (RNG.random(20_000) < expit(0.8 * GOOD)).astype(float)
START = {"good": 0.5, "noise": 0.5}


def test_logits_are_added_up_by_weight() -> None:
    stack = Stack({"a": 2.0, "b": 0.25})
    score = stack.score({"a": np.array([1.0, -1.0]), "b": np.array([4.0, 8.0]), "c": np.zeros(2)})
    assert score.tolist() == [3.0, 0.0]


def test_the_weights_that_made_the_outcomes_are_found() -> None:
    stack = fit_stack({"good": GOOD, "noise": NOISE}, BOUGHT, START, ridge=1.0)
    assert stack.weights["good"] == pytest.approx(0.8, abs=0.05)
    assert stack.weights["noise"] == pytest.approx(0.0, abs=0.05)


def test_no_weight_is_below_zero() -> None:
    stack = fit_stack({"good": GOOD, "noise": -GOOD}, BOUGHT, START, ridge=0.0)
    assert stack.weights["noise"] >= 0


def test_with_few_rows_the_weights_stay_where_they_start() -> None:
    few = {"good": GOOD[:20], "noise": NOISE[:20]}
    stack = fit_stack(few, BOUGHT[:20], {"good": 0.0, "noise": 1.0}, ridge=1000.0)
    assert stack.weights["good"] == pytest.approx(0.0, abs=0.02)
    assert stack.weights["noise"] == pytest.approx(1.0, abs=0.02)


def test_a_known_shift_does_not_change_the_weights() -> None:
    shift = np.where(np.arange(20_000) % 2, 1.5, -1.5)
    bought = (RNG.random(20_000) < expit(0.8 * GOOD + shift)).astype(float)
    stack = fit_stack({"good": GOOD}, bought, {"good": 0.5}, ridge=1.0, shift=shift)
    assert stack.weights["good"] == pytest.approx(0.8, abs=0.06)


def test_rows_with_weight_zero_do_not_count() -> None:
    weight = np.r_[np.ones(10_000), np.zeros(10_000)]
    lied = np.r_[BOUGHT[:10_000], 1 - BOUGHT[10_000:]]
    logits = {"good": GOOD}
    stack = fit_stack(logits, lied, {"good": 0.5}, ridge=1.0, weight=weight)
    half = fit_stack({"good": GOOD[:10_000]}, BOUGHT[:10_000], {"good": 0.5}, ridge=1.0)
    assert stack.weights["good"] == pytest.approx(half.weights["good"], abs=1e-3)
