"""Means over decisions, and intervals that count customers."""

import numpy as np
import pytest
from scipy.stats import norm

from training.channel.mean_estimates import estimate_together, mean_outcome


def test_the_interval_of_a_mean_counts_customers_and_not_their_decisions() -> None:
    rng = np.random.default_rng(0)
    by_customer = (rng.random(500) < 0.3).astype(float)
    once = mean_outcome(by_customer, np.arange(500))
    often = mean_outcome(np.repeat(by_customer, 4), np.repeat(np.arange(500), 4))
    assert often.error == pytest.approx(once.error, rel=1e-9)
    assert once.error == pytest.approx(by_customer.std(ddof=1) / np.sqrt(500), rel=1e-9)
    assert (once.low + once.high) / 2 == pytest.approx(by_customer.mean())


@pytest.mark.parametrize("means", [1, 2, 10])
def test_intervals_of_means_that_vary_apart_reach_so_far_that_all_hold_at_once(means: int) -> None:
    """Each then holds with the root of 95 %: 10 of them reach 2.8 standard errors."""
    columns = np.random.default_rng(0).normal(size=(means, 10_000))
    found = estimate_together(list(columns), np.arange(10_000), seed=0)
    expected = norm.ppf((1 + 0.95 ** (1 / means)) / 2)
    for estimate in found:
        for end in (estimate.high - estimate.value, estimate.value - estimate.low):
            assert end / estimate.error == pytest.approx(expected, abs=0.08)


def test_a_mean_that_is_asked_for_ten_times_has_the_interval_of_one() -> None:
    column = np.random.default_rng(0).normal(size=10_000)
    for estimate in estimate_together([column] * 10, np.arange(10_000), seed=0):
        assert estimate.high - estimate.value == pytest.approx(1.96 * estimate.error, rel=0.04)
