"""Packs one customer's history into the bytes of a record, and unpacks it."""

from collections.abc import Sequence
from functools import cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.arrays import Array
from features.history.layout import HISTORY_COLUMNS, ROW_KEY, TEXT_COLUMNS
from features.history.recorded_table import RecordedTable

_CODEC = "lz4_raw"


_SIZE_BYTES = 4


@cache
def record_columns(table: str) -> tuple[list[str], list[str]]:
    """Return the columns of a table in the order of a record: the key and numbers, then the texts.

    >>> record_columns("reachability")
    (['row_key', 'known_at', 'reachable'], ['channel'])
    """
    numbers = [name for name in HISTORY_COLUMNS[table] if name not in TEXT_COLUMNS]
    return [ROW_KEY, *numbers], [name for name in HISTORY_COLUMNS[table] if name in TEXT_COLUMNS]


def pack_history(blocks: Sequence[NDArray[np.float64]]) -> bytes:
    """Pack one customer's rows into a record.

    Parameters
    ----------
    blocks : sequence of (rows, columns) float64 array
        One array for each table of `HISTORY_COLUMNS`, in that order, with the columns of
        `record_columns`. A text is its index in the build's list of words, -1 where missing.

    Returns
    -------
    bytes
        The size, then the numbers of rows and all columns one after the other, compressed with
        LZ4: columns that are mostly missing or repeated cost next to nothing.
    """
    counts = np.array([len(block) for block in blocks], dtype=float).tobytes()
    plain = counts + b"".join([block.tobytes("F") for block in blocks])
    packed: bytes = pa.compress(plain, codec=_CODEC, asbytes=True)
    return len(plain).to_bytes(_SIZE_BYTES, "little") + packed


class RecordedHistory(dict[str, RecordedTable]):
    """A history as its record holds it, by table. Features read its blocks without a copy.

    A copy in which rows are changed is a plain dictionary.

    Attributes
    ----------
    words : (words,) object array
        The texts of the build; the last one is None.
    """

    def __init__(self, words: Array) -> None:
        super().__init__()
        self.words = words


def unpack_history(record: bytes, words: Array) -> RecordedHistory:
    """Unpack a record that `pack_history` made.

    Parameters
    ----------
    record : bytes
        The record.
    words : (words,) object array
        The texts of the build; the last one is None.

    Returns
    -------
    RecordedHistory
        Tables without rows are left out.
    """
    size = int.from_bytes(record[:_SIZE_BYTES], "little")
    plain = pa.decompress(memoryview(record)[_SIZE_BYTES:], size, codec=_CODEC)
    values = np.frombuffer(plain)
    offset = len(HISTORY_COLUMNS)
    history = RecordedHistory(words)
    for name, count in zip(HISTORY_COLUMNS, values[:offset].astype(int).tolist(), strict=True):
        if count:
            names = record_columns(name)
            parts = []
            for columns in names:
                end = offset + count * len(columns)
                parts.append(values[offset:end].reshape(len(columns), count))
                offset = end
            history[name] = RecordedTable(names, parts[0], parts[1].astype(np.intp), words)
    return history
