"""Means over decisions, and intervals that count customers."""

import numpy as np
import pytest

from training.channel.mean_estimates import mean_outcome


def test_the_interval_of_a_mean_counts_customers_and_not_their_decisions() -> None:
    rng = np.random.default_rng(0)
    by_customer = (rng.random(500) < 0.3).astype(float)
    once = mean_outcome(by_customer, np.arange(500))
    often = mean_outcome(np.repeat(by_customer, 4), np.repeat(np.arange(500), 4))
    assert often.error == pytest.approx(once.error, rel=1e-9)
    assert once.error == pytest.approx(by_customer.std(ddof=1) / np.sqrt(500), rel=1e-9)
    assert (once.low + once.high) / 2 == pytest.approx(by_customer.mean())
