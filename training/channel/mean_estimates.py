"""Estimates of means over decisions, with intervals over clusters that hold together.

A cluster is a customer, or a group of customers who are drawn together. It may have several
decisions, whose outcomes resemble each other, so that spreads are taken over clusters. The
intervals of several means hold together: they reach as far as the largest of their correlated t
statistics (Hothorn, Bretz & Westfall 2008).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from features.arrays import Floats

_DRAWS = 2000
_LEVEL = 0.95


@dataclass(frozen=True)
class Estimate:
    """An estimated mean with its standard error and interval over clusters.

    Attributes
    ----------
    value, error : float
        The estimate and its standard error, in the unit of the outcomes.
    low, high : float
        The 95 % interval; those of policies estimated together hold all at once.
    """

    value: float
    error: float
    low: float
    high: float


def mean_outcome(outcome: Floats, cluster: ArrayLike, *, seed: int = 0) -> Estimate:
    """Estimate a mean outcome with its 95 % interval over clusters.

    Parameters
    ----------
    outcome : array (n,)
        One value per decision.
    cluster : array (n,)
        The cluster of each decision.
    seed : int
        Seed of the draws behind the interval.

    Returns
    -------
    Estimate
    """
    return estimate_together([outcome], cluster, seed)[0]


def estimate_together(shares: Sequence[Floats], cluster: ArrayLike, seed: int) -> list[Estimate]:
    """Estimate the means of several columns of the same decisions.

    Parameters
    ----------
    shares : sequence of array (n,)
        One value per decision, by estimate; the mean is the estimate.
    cluster : array (n,)
        The cluster of each decision.
    seed : int
        Seed of the draws behind the intervals.

    Returns
    -------
    list of Estimate
        One for each column; their intervals hold all at once.
    """
    if not shares:
        return []
    codes = pd.factorize(np.asarray(cluster))[0]
    values = np.array([share.mean() for share in shares])
    by_cluster: Floats = np.column_stack(
        [np.bincount(codes, weights=share - share.mean()).astype(float) for share in shares]
    )
    clusters = len(by_cluster)
    inflation = clusters / max(clusters - 1, 1)
    errors = np.sqrt(inflation * (by_cluster**2).sum(axis=0)) / len(codes)
    reach = _largest_t(by_cluster, errors * len(codes), seed)
    return [
        Estimate(float(v), float(e), float(v - reach * e), float(v + reach * e))
        for v, e in zip(values, errors, strict=True)
    ]


def _largest_t(by_cluster: Floats, errors: Floats, seed: int) -> float:
    """Find the half-width, in standard errors, that covers all policies at once."""
    usable = errors > 0
    if not usable.any():
        return 0.0
    scaled = by_cluster[:, usable] / errors[usable]
    spread = np.linalg.cholesky(_keep_definite(scaled.T @ scaled))
    drawn = np.random.default_rng(seed).normal(size=(_DRAWS, spread.shape[0])) @ spread.T
    return float(np.quantile(np.abs(drawn).max(axis=1), _LEVEL))


def _keep_definite(covariance: Floats) -> Floats:
    """Add a little to the diagonal: equal policies would leave a singular covariance."""
    return np.asarray(covariance + 1e-10 * np.eye(len(covariance)))
