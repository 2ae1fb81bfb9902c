"""Means over decisions, and intervals that count customers."""

import numpy as np
import pytest

from training.channel.mean_estimates import estimate_together, mean_outcome


def test_the_interval_of_a_mean_counts_customers_and_not_their_decisions() -> None:
    rng = np.random.default_rng(0)
    by_customer = (rng.random(500) < 0.3).astype(float)
    once = mean_outcome(by_customer, np.arange(500))
    often = mean_outcome(np.repeat(by_customer, 4), np.repeat(np.arange(500), 4))
    assert often.error == pytest.approx(once.error, rel=1e-9)
    assert once.error == pytest.approx(by_customer.std(ddof=1) / np.sqrt(500), rel=1e-9)
    assert (once.low + once.high) / 2 == pytest.approx(by_customer.mean())


@pytest.mark.parametrize(("level", "reach"), [(0.95, 2.236), (0.98, 2.574)])
def test_intervals_of_two_unrelated_means_reach_as_far_as_their_level_asks(
    level: float, reach: float
) -> None:
    """The reach is the normal quantile at (1 + sqrt(level)) / 2, by Sidak for two means."""
    rng = np.random.default_rng(1)
    columns = [rng.normal(size=4000), rng.normal(size=4000)]
    for estimate in estimate_together(columns, np.arange(4000), 0, level):
        half_width = (estimate.high - estimate.low) / 2 / estimate.error
        assert half_width == pytest.approx(reach, rel=0.04)
