"""Rows of blocks, as lists and as addresses."""

import ctypes

import numpy as np
import pytest

from features.engines.generated.block_rows import BlockRows


def test_each_row_is_an_argument_by_itself() -> None:
    blocks = [np.arange(6.0).reshape(2, 3), np.arange(8.0, 12.0).reshape(4, 1), np.empty((2, 0))]
    rows = BlockRows(blocks, [(1, 3), (0, 1), (2, 0)])
    assert rows.lists() == [[11.0], [3.0, 4.0, 5.0], []]
    last, second, _ = (
        ctypes.cast(address, ctypes.POINTER(ctypes.c_double)) for address in rows.addresses()
    )
    assert (last[0], second[0], second[2]) == (11.0, 3.0, 5.0)


def test_some_values_of_every_row_are_found_where_they_lie() -> None:
    rows = BlockRows([np.arange(6.0).reshape(2, 3)[:, 1:]], [(0, 1)])
    (address,) = rows.addresses()
    found = ctypes.cast(address, ctypes.POINTER(ctypes.c_double))
    assert rows.lists() == [[4.0, 5.0]]
    assert (found[0], found[1]) == (4.0, 5.0)


def test_rows_whose_values_lie_apart_are_refused() -> None:
    """Indexing the second dimension by an array gives such blocks."""
    block = np.arange(6.0).reshape(2, 3)[:, np.array([0, 2])]
    with pytest.raises(ValueError, match="one after the other"):
        BlockRows([block], [(0, 0)]).addresses()
