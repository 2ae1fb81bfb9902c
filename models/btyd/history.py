"""What a BTYD model knows of a customer: frequency, recency and T."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from features.arrays import Floats

Days = Sequence[float] | Floats

RFM = ("frequency", "recency", "T")  # the inputs of every question, in days
WEEK = 7.0


def rfm_arrays(inputs: Mapping[str, Any] | pd.DataFrame) -> tuple[Floats, Floats, Floats]:
    """Take `frequency, recency, T` out of columns by name, one value per row."""
    x, t_x, T = (np.asarray(inputs[name], dtype=float) for name in RFM)
    return x, t_x, T


def count_equal(frame: pd.DataFrame) -> pd.DataFrame:
    """Give each distinct history once, with its number of customers.

    `frequency, recency, T` -> `frequency, recency, T, weight`, one row per distinct history.
    """
    return frame.groupby(list(RFM)).size().reset_index(name="weight")
