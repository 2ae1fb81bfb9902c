"""Names rows of blocks: arguments of the generated functions that lie in few arrays."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from features.arrays import Array


@dataclass(frozen=True)
class BlockRows:
    """Rows of some arrays with two dimensions, each row an argument by itself.

    Attributes
    ----------
    blocks : sequence of array (rows, values)
        The arrays.
    places : sequence of (int, int)
        For each argument its block, and its row in the block.
    """

    blocks: Sequence[Array]
    places: Sequence[tuple[int, int]]

    def lists(self) -> list[list[float]]:
        """Return the values of each row."""
        return [self.blocks[block][row].tolist() for block, row in self.places]

    def addresses(self) -> list[int]:
        """Return where each row begins in memory.

        Raises
        ------
        ValueError
            The values of a row do not lie one after the other.
        """
        starts = [(address_of(block), block.strides[0]) for block in self.blocks]
        return [starts[block][0] + row * starts[block][1] for block, row in self.places]


def address_of(array: Array) -> int:
    """Return where an array begins in memory.

    Raises
    ------
    ValueError
        Its values, or those of its rows, do not lie one after the other.
    """
    if array.size and array.shape[-1] > 1 and array.strides[-1] != array.itemsize:
        raise ValueError(
            f"expected values that lie one after the other, got strides {array.strides} for values "
            f"of {array.itemsize} bytes; take a copy in C's order"
        )
    if array.flags.c_contiguous:
        address: int = pa.py_buffer(array).address  # six times as fast as numpy's own ways to ask
        return address
    return int(array.ctypes.data)
