"""Rows of blocks, as lists and as addresses."""

import ctypes

import numpy as np

from features.engines.generated.block_rows import BlockRows


def test_each_row_is_an_argument_by_itself() -> None:
    blocks = [np.arange(6.0).reshape(2, 3), np.arange(8.0, 12.0).reshape(4, 1), np.empty((2, 0))]
    rows = BlockRows(blocks, [(1, 3), (0, 1), (2, 0)])
    assert rows.lists() == [[11.0], [3.0, 4.0, 5.0], []]
    last, second, _ = (
        ctypes.cast(address, ctypes.POINTER(ctypes.c_double)) for address in rows.addresses()
    )
    assert (last[0], second[0], second[2]) == (11.0, 3.0, 5.0)
