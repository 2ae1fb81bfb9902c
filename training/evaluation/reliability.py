"""Compares predicted probabilities with observed rates, for several horizons."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import binomtest

from features.arrays import Floats
from training.evaluation.evaluation import JudgedOrigin
from training.metrics.probabilities import ece, equal_mass_bins

BINS = 10


def reliability_table(judged: JudgedOrigin, bins: int = BINS) -> pd.DataFrame:
    """Compare predicted and observed rates of every model, in bins of equal mass.

    Parameters
    ----------
    judged : JudgedOrigin
        Forecasts and outcomes at one cutoff.
    bins : int
        Number of bins at most; customers with equal probabilities share a bin.

    Returns
    -------
    DataFrame
        One row per (days, model, bin): `days, model, customers, predicted, observed, low,
        high`, rates 0..1; `low` to `high` is Wilson's 95 % interval of the observed rate.
    """
    tables = [
        _bins(judged.bought_within(days), law[:, days], bins).assign(days=days, model=model)
        for days in judged.horizons
        for model, law in judged.laws.items()
    ]
    return pd.concat(tables, ignore_index=True)


def reliability_errors(judged: JudgedOrigin) -> pd.DataFrame:
    """Tabulate every model's expected calibration error at each horizon.

    Parameters
    ----------
    judged : JudgedOrigin
        Forecasts and outcomes at one cutoff.

    Returns
    -------
    DataFrame
        One row per model: `model`, and a column per horizon, named by its days, with the mean
        distance between predicted and observed rates, 0..1.
    """
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
    """Compute Wilson's 95 % interval of a rate.

    Parameters
    ----------
    count, of : int
        Number of hits, and of all.

    Returns
    -------
    low, high : float
        0..1.

    Examples
    --------
    >>> [round(side, 3) for side in rate_interval(5, 10)]
    [0.237, 0.763]
    """
    interval = binomtest(count, of).proportion_ci(0.95, method="wilson")
    return float(interval.low), float(interval.high)
