"""Packs one customer's history into the bytes of one record, and unpacks it."""

from collections.abc import Sequence
from functools import cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.arrays import Array
from features.history.layout import HISTORY_COLUMNS, ROW_KEY, TEXT_COLUMNS

_CODEC = "lz4_raw"


_SIZE_BYTES = 4


def record_columns(table: str) -> tuple[list[str], list[str]]:
    """Name the columns of a table as a record holds them: key and numbers, then texts.

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
    blocks : one float array (rows x `record_columns`) for each table of `HISTORY_COLUMNS`, in its order
        Texts are places in the build's `words`, -1 where missing.

    Returns
    -------
    bytes
        The size, then the numbers of rows and the columns, one after the other, compressed:
        columns that are mostly missing or repeated cost next to nothing.
    """
    counts = np.array([len(block) for block in blocks], dtype=float).tobytes()
    plain = counts + b"".join([block.tobytes("F") for block in blocks])
    packed: bytes = pa.compress(plain, codec=_CODEC, asbytes=True)
    return len(plain).to_bytes(_SIZE_BYTES, "little") + packed


def unpack_history(record: bytes, words: Array) -> dict[str, dict[str, Array]]:
    """Unpack a record made by `pack_history`.

    Parameters
    ----------
    words : object array
        The texts of the build; the last one is None.

    Returns
    -------
    dict of dict
        Table -> column -> array, float64 or objects; tables without rows are left out.
    """
    size = int.from_bytes(record[:_SIZE_BYTES], "little")
    plain = pa.decompress(memoryview(record)[_SIZE_BYTES:], size, codec=_CODEC)
    values = np.frombuffer(plain)
    place = len(HISTORY_COLUMNS)
    tables = {}
    for name, count in zip(HISTORY_COLUMNS, values[:place].astype(int).tolist(), strict=True):
        if count:
            numbers, texts = _columns(name)
            end = place + count * len(numbers)
            table = dict(zip(numbers, values[place:end].reshape(-1, count), strict=True))
            place = end
            if texts:
                end += count * len(texts)
                found = words[values[place:end].astype(np.intp)].reshape(-1, count)
                table.update(zip(texts, found, strict=True))
                place = end
            tables[name] = table
    return tables
