"""Reliability by horizon: of those given a chance of 30 %, did 30 % buy?"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import binomtest

from features.arrays import Floats
from training.evaluation.evaluation import JudgedOrigin
from training.metrics.probabilities import ece, equal_mass_bins

BINS = 10


def reliability_table(judged: JudgedOrigin, bins: int = BINS) -> pd.DataFrame:
    """Compare predicted and observed rates, in bins of equal mass.

    Returns
    -------
    DataFrame
        One row per (days, model, bin): `days, model, customers, predicted, observed, low,
        high`; `low` to `high` is Wilson's 95 % interval of the observed rate.
    """
    tables = [
        _bins(judged.bought_within(days), law[:, days], bins).assign(days=days, model=model)
        for days in judged.horizons
        for model, law in judged.laws.items()
    ]
    return pd.concat(tables, ignore_index=True)


def reliability_errors(judged: JudgedOrigin) -> pd.DataFrame:
    """Sum up: one row per model, its expected calibration error in a column per horizon."""
    errors = {
        model: {h: ece(judged.bought_within(h), law[:, h]) for h in judged.horizons}
        for model, law in judged.laws.items()
    }
    return pd.DataFrame(errors).T.rename_axis("model").reset_index()


def _bins(outcome: NDArray[np.bool_], p: Floats, bins: int) -> pd.DataFrame:
    rows = []
    for members in equal_mass_bins(p, bins):
        low, high = rate_interval(int(outcome[members].sum()), len(members))
        rows.append(
            {
                "customers": len(members),
                "predicted": p[members].mean(),
                "observed": outcome[members].mean(),
                "low": low,
                "high": high,
            }
        )
    return pd.DataFrame(rows)


def rate_interval(count: int, of: int) -> tuple[float, float]:
    """Give Wilson's 95 % interval of a rate.

    >>> [round(side, 3) for side in rate_interval(5, 10)]
    [0.237, 0.763]
    """
    interval = binomtest(count, of).proportion_ci(0.95, method="wilson")
    return float(interval.low), float(interval.high)
