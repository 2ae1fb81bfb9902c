"""Judged origins made up of known laws, for the report's frames and page."""

import numpy as np
import pandas as pd
import pytest

from training.evaluation.evaluation import Evaluation, JudgedOrigin
from training.metrics.probabilities import OURS

CUSTOMERS, HORIZON = 600, 60


def make_judged(split: str, cutoff: str, seed: int) -> JudgedOrigin:
    """Draw outcomes from known laws: `Nextbuy` says them, `blunt` their mean, `wrong` too much."""
    rng = np.random.default_rng(seed)
    rate = np.random.default_rng(0).uniform(0.002, 0.06, CUSTOMERS)  # per day, of each customer
    days = np.ceil(rng.exponential(1 / rate)).astype(int)
    days[days > HORIZON] = 0
    law = -np.expm1(-np.arange(HORIZON + 1)[None, :] * rate[:, None])
    customers = pd.DataFrame(
        {
            "customer_id": [f"secret-{place:04d}" for place in range(CUSTOMERS)],
            "cutoff": pd.Timestamp(cutoff, tz="UTC"),
            "frequency": np.arange(CUSTOMERS) % 12,
            "rfm_segment": np.where(rate > 0.03, "champions", "at risk"),
            "expected_spend": 1000 * law[:, -1],
        }
    )
    labels = pd.DataFrame(
        {
            "days_to_next": days,
            "returned": days > 0,
            "purchase_days": (days > 0).astype(int),
            "spend": np.where(days > 0, 1000.0, 0.0),
        }
    )
    laws = {OURS: law, "blunt": np.tile(law.mean(axis=0), (CUSTOMERS, 1)), "wrong": law**0.5}
    return JudgedOrigin(split, customers, labels, laws)


@pytest.fixture(scope="session")
def evaluation() -> Evaluation:
    """Two origins of 600 customers with a horizon of 60 days."""
    return Evaluation(
        [make_judged("valid", "2025-01-31", seed=1), make_judged("holdout", "2025-04-01", seed=2)]
    )
