"""The purchase history that a BTYD model reads: frequency, recency and T of each customer.

`frequency` is the number of repeat purchase days, `recency` the days from the first purchase to
the last one, and `T` the days from the first purchase to the cutoff.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from features.arrays import Floats

Days = Sequence[float] | Floats  # numbers of days after the cutoff

RFM = ("frequency", "recency", "T")  # the columns that every member reads
WEEK = 7.0  # days


def rfm_arrays(inputs: Mapping[str, Any] | pd.DataFrame) -> tuple[Floats, Floats, Floats]:
    """Return `frequency`, `recency` (days) and `T` (days) as arrays (rows,)."""
    x, t_x, T = (np.asarray(inputs[name], dtype=float) for name in RFM)
    return x, t_x, T


def count_distinct_histories(frame: pd.DataFrame) -> pd.DataFrame:
    """Return each distinct purchase history once, with its number of customers.

    Parameters
    ----------
    frame : DataFrame
        `frequency, recency, T`, one row per customer.

    Returns
    -------
    DataFrame
        `frequency, recency, T, weight`, one row per distinct history.
    """
    return frame.groupby(list(RFM)).size().reset_index(name="weight")
