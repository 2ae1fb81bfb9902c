"""A table of a record: columns as a mapping gives them, texts made when they are read."""

import numpy as np
import pytest

from features.arrays import object_array
from features.errors import NextbuyError
from features.history.recorded_table import RecordedTable

_WORDS = object_array(["a", "b", None])


def _table() -> RecordedTable:
    numbers = np.array([[1.0, 2.0], [3.0, np.nan]])
    return RecordedTable((["x", "y"], ["t"]), numbers, np.array([[1, -1]]), _WORDS)


def test_it_is_a_mapping_of_columns() -> None:
    table = _table()
    assert (list(table), len(table), "t" in table, "z" in table) == (
        ["x", "y", "t"],
        3,
        True,
        False,
    )
    assert {name: values.tolist()[0] for name, values in table.items()} == {
        "x": 1.0, "y": 3.0, "t": "b",
    }  # fmt: skip
    assert table["t"].tolist() == ["b", None]
    assert table.get("z") is None
    with pytest.raises(KeyError, match="z"):
        table["z"]


def test_a_text_is_made_once() -> None:
    table = _table()
    assert table["t"] is table["t"]
    assert table["x"].base is not None  # no copy of the block


def test_a_text_that_the_build_does_not_have_means_a_damaged_store() -> None:
    damaged = RecordedTable((["x"], ["t"]), np.zeros((1, 1)), np.array([[3]]), _WORDS)
    with pytest.raises(NextbuyError, match="history store is damaged: a record names"):
        damaged["t"]
    assert damaged["x"].tolist() == [0.0]
