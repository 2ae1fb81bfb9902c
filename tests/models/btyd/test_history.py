"""Tests of the purchase histories that BTYD models read."""

import numpy as np
import pandas as pd

from models.btyd.history import count_distinct_histories, rfm_arrays


def test_equal_histories_are_counted_once() -> None:
    frame = pd.DataFrame(
        {"frequency": [0, 2, 0, 0], "recency": [0, 9, 0, 0], "T": [30, 40, 30, 31]}
    )
    counted = count_distinct_histories(frame)
    assert sorted(map(tuple, counted.to_numpy().tolist())) == [
        (0, 0, 30, 2), (0, 0, 31, 1), (2, 9, 40, 1),
    ]  # fmt: skip
    assert counted["weight"].sum() == len(frame)


def test_columns_by_name_become_arrays_of_floats_in_the_order_of_the_models() -> None:
    x, t_x, T = rfm_arrays({"T": [30], "frequency": np.array([2]), "recency": [9]})
    assert (x.tolist(), t_x.tolist(), T.tolist()) == ([2.0], [9.0], [30.0])
    assert x.dtype == t_x.dtype == T.dtype == float
