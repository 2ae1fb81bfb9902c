"""Judged origins made up of known laws."""

import numpy as np
import pandas as pd

from training.evaluation.evaluation import JudgedOrigin
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
            "customer_id": [f"secret-{row:04d}" for row in range(CUSTOMERS)],
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


def make_tiny_judged(laws: dict[str, list[list[float]]], days: list[int]) -> JudgedOrigin:
    """Make an origin of a few customers from laws and days of the next purchase."""
    rows = len(days)
    customers = pd.DataFrame(
        {
            "customer_id": [f"c{row}" for row in range(rows)],
            "cutoff": pd.Timestamp("2025-01-01", tz="UTC"),
            "frequency": 0,
            "rfm_segment": pd.Series(["new", None] * rows)[:rows],
        }
    )
    labels = pd.DataFrame({"days_to_next": days, "spend": [100.0 * (d > 0) for d in days]})
    labels["returned"] = labels["days_to_next"] > 0
    return JudgedOrigin("holdout", customers, labels, {n: np.array(law) for n, law in laws.items()})
