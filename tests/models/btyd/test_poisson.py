"""Tests of the formulas of Poisson purchases with a gamma rate."""

import numpy as np
import pytest

from models.btyd.poisson import (
    expected_poisson_purchases,
    log_poisson_likelihood,
    log_poisson_survival,
)


def test_survival_is_the_mean_of_exponential_survivals() -> None:
    rates = np.random.default_rng(0).gamma(2.0, 1 / 3.0, 400_000)  # per week
    survival = np.exp(log_poisson_survival(np.array([2.0]), np.array([3.0]), [7.0, 70.0]))[0]
    np.testing.assert_allclose(survival, np.exp(-np.outer([1, 10], rates)).mean(axis=1), rtol=0.02)


def test_likelihood_without_a_purchase_is_the_survival() -> None:
    likelihood = log_poisson_likelihood(2.0, 3.0, np.array([0.0]), np.array([10.0]))
    survival = log_poisson_survival(np.array([2.0]), np.array([3.0]), [70.0])[0]
    np.testing.assert_allclose(likelihood, survival)


def test_hardly_any_drop_out_leaves_the_mean_rate_times_the_time() -> None:
    shape, scale = np.array([2.0]), np.array([4.0])
    purchases = expected_poisson_purchases(1.0, np.array([1e7]), shape, scale, 28.0)
    assert purchases[0] == pytest.approx(2.0 / 4.0 * 4.0, rel=1e-4)
