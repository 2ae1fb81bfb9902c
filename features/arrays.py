"""Type aliases of numpy arrays and of histories that all packages share, and arrays of texts."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Indices = NDArray[np.intp]  # positions of rows or columns in another array

TableColumns = Mapping[str, Array]  # the columns of one customer's rows in one table
History = Mapping[str, TableColumns]  # one customer's history, by table
FeatureColumns = Mapping[str, Array]  # name of a feature -> one value per customer


def object_array(values: Iterable[Any]) -> Array:
    """Return an object array of texts, with None for missing ones."""
    return np.array([None if value is None else str(value) for value in values], dtype=object)
