"""Computes cumulative gain and lift: how many buyers are among those ranked highest."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.arrays import Floats
from training.evaluation.evaluation import JudgedOrigin

_STEPS = 100


def gain_curve(outcome: NDArray[np.bool_], p: Floats, asked: Floats) -> Floats:
    """Compute the share of buyers among the customers with the highest probabilities.

    Of customers with equal p, whose order says nothing, a part is taken at random: the curve
    is a straight line over them.

    Parameters
    ----------
    outcome : bool array (n,)
        Who bought.
    p : array (n,)
        Probability to buy, by which customers are ranked.
    asked : array (k,)
        Shares of customers, 0..1, taken from the top of the ranking.

    Returns
    -------
    array (k,)
        Share of all buyers, 0..1, for each of `asked`; NaN where nobody bought.

    Examples
    --------
    >>> gain_curve(np.array([True, False, False]), np.array([0.9, 0.2, 0.2]), np.array([0.5]))
    array([1.])
    """
    if not outcome.any():
        return np.full(len(asked), np.nan)
    found = np.cumsum(outcome[np.argsort(-p, kind="stable")]) / outcome.sum()
    ends = np.cumsum(np.unique(-p, return_counts=True)[1])
    return np.interp(asked, np.r_[0, ends / len(p)], np.r_[0, found[ends - 1]])


def gain_table(judged: JudgedOrigin, days: int) -> pd.DataFrame:
    """Tabulate gain and lift of every model, ranked by the chance to buy within `days`.

    Parameters
    ----------
    judged : JudgedOrigin
        Forecasts and outcomes at one cutoff.
    days : int
        Days after the cutoff within which a purchase counts, 1..H.

    Returns
    -------
    DataFrame
        One row per (model, step of 1 % of customers): `model`, `asked` (share of customers),
        `found` (share of buyers among them), `lift` (found / asked).
    """
    asked = np.arange(1, _STEPS + 1) / _STEPS
    outcome = judged.bought_within(days)
    tables = []
    for model, law in judged.laws.items():
        found = gain_curve(outcome, law[:, days], asked)
        tables.append(
            pd.DataFrame({"model": model, "asked": asked, "found": found, "lift": found / asked})
        )
    return pd.concat(tables, ignore_index=True)
