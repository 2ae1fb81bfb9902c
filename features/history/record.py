"""Packs one customer's history into the bytes of a record, and unpacks it."""

from collections.abc import Sequence
from functools import cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.arrays import Array, Floats
from features.history.layout import HISTORY_COLUMNS, ROW_KEY, TEXT_COLUMNS

_CODEC = "lz4_raw"


_SIZE_BYTES = 4


def record_columns(table: str) -> tuple[list[str], list[str]]:
    """Return the columns of a table in the order of a record: the key and numbers, then the texts.

    >>> record_columns("reachability")
    (['row_key', 'known_at', 'reachable'], ['channel'])
    """
    numbers = [name for name in HISTORY_COLUMNS[table] if name not in TEXT_COLUMNS]
    return [ROW_KEY, *numbers], [name for name in HISTORY_COLUMNS[table] if name in TEXT_COLUMNS]


_columns = cache(record_columns)


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


class RecordedHistory(dict[str, dict[str, Array]]):
    """A history as its record holds it: table -> column -> (rows,) array, float64 or objects.

    A copy that is changed is a plain dictionary, without the codes.

    Attributes
    ----------
    words : (words,) object array
        The texts of the build; the last one is None.
    numbers : dict of str to (number columns, rows) array
        Table -> its numbers, in the order of `record_columns`.
    codes : dict of str to (text columns, rows) int array
        Table -> the indices of its texts in `words`, in the order of `record_columns`.
    """

    def __init__(self, words: Array) -> None:
        super().__init__()
        self.words = words
        self.numbers: dict[str, Floats] = {}
        self.codes: dict[str, Array] = {}


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
            numbers, texts = _columns(name)
            end = offset + count * len(numbers)
            history.numbers[name] = values[offset:end].reshape(-1, count)
            table = dict(zip(numbers, history.numbers[name], strict=True))
            offset = end
            if texts:
                end += count * len(texts)
                codes = values[offset:end].astype(np.intp).reshape(-1, count)
                table.update(zip(texts, words[codes], strict=True))
                history.codes[name] = codes
                offset = end
            history[name] = table
    return history
