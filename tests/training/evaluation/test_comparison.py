"""Differences of losses over origins."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from training.evaluation.comparison import BacktestComparison, compare_at_origins
from training.metrics.probabilities import OURS


@pytest.fixture
def compare_losses() -> Callable[..., BacktestComparison]:
    """Compare CRPS of ours with a rival's, a row per customer."""

    def compare(ours: np.ndarray, rivals: np.ndarray) -> BacktestComparison:
        parts = [
            pd.DataFrame(
                {
                    "customer_id": [f"c{n}" for n in range(len(crps))],
                    "frequency": 0.0,
                    "days_to_next": 1,
                    "crps": crps,
                    "p_30d": 0.5,
                    "model": name,
                }
            )
            for name, crps in ((OURS, ours), ("rival", rivals))
        ]
        return compare_at_origins([pd.Timestamp("2024-01-01", tz="UTC")], [pd.concat(parts)])

    return compare


def test_a_difference_within_chance_is_not_distinguishable(compare_losses: Callable) -> None:
    rng = np.random.default_rng(0)
    noise = rng.random(200)
    found = compare_losses(1 + noise, 1 + rng.permutation(noise))
    assert not found.differences["distinguishable"].any()
    assert compare_losses(1 + noise, 2 + noise).differences["distinguishable"].all()
