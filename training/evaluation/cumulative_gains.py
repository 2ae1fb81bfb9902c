"""Cumulative gain and lift: how many of the buyers are among those ranked highest."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.arrays import Floats
from training.evaluation.evaluation import JudgedOrigin

_STEPS = 100


def gain_curve(outcome: NDArray[np.bool_], p: Floats, asked: Floats) -> Floats:
    """Give the share of buyers found when the share `asked` with the highest p is asked.

    Of customers with equal p, whose order says nothing, a part is taken at random: the curve
    is a straight line over them. NaN where nobody bought.

    >>> gain_curve(np.array([True, False, False]), np.array([0.9, 0.2, 0.2]), np.array([0.5]))
    array([1.])
    """
    if not outcome.any():
        return np.full(len(asked), np.nan)
    found = np.cumsum(outcome[np.argsort(-p, kind="stable")]) / outcome.sum()
    ends = np.cumsum(np.unique(-p, return_counts=True)[1])
    return np.interp(asked, np.r_[0, ends / len(p)], np.r_[0, found[ends - 1]])


def gain_table(judged: JudgedOrigin, days: int) -> pd.DataFrame:
    """Give the gain and lift of every model, ranked by the chance to buy within `days`.

    Returns
    -------
    DataFrame
        One row per (model, step of 1 %): `model, asked, found, lift`.
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
