"""The rows of a log by account, as columns in files that are mapped into memory.

A log may be larger than memory, and what is read again costs nothing.
"""

import os
from dataclasses import dataclass
from math import prod
from pathlib import Path

import msgspec
import numpy as np

from features.arrays import Array, object_array
from features.history.flat_columns import FlatColumns
from features.history.record import record_columns
from features.history.words import Words

_HEADER = "header.msgpack"


@dataclass(frozen=True)
class FlatLog:
    """The rows of a log by account.

    Attributes
    ----------
    accounts : (n,) object array
        The accounts, in alphabetical order.
    columns : FlatColumns
        Their rows of all tables that features read, in the order of time; rows at one instant are
        in the order of their values, whatever their order in the shop's files was. There are no
        row keys: their place holds zeros.
    """

    accounts: Array
    columns: FlatColumns


class _Header(msgspec.Struct, frozen=True):
    """What a log has beside its arrays; the rows are by table."""

    accounts: list[str]
    words: list[str]
    rows: dict[str, int]


class LogFiles:
    """The files of a log in a folder: one for each array, and a header.

    Parameters
    ----------
    folder : Path
        The folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def make_columns(self, table: str, rows: int) -> tuple[Array, Array]:
        """Make the files of a table's columns and map them: those of numbers, those of texts."""
        shapes = _shapes(table, rows)
        return (
            self._make(f"{table}-numbers", shapes[0], np.float64),
            self._make(f"{table}-codes", shapes[1], np.int32),
        )

    def finish(self, flat: FlatLog) -> None:
        """Write what a log has beside the columns of its tables."""
        columns = flat.columns
        for table, offsets in columns.offsets.items():
            np.save(self._path(f"{table}-offsets"), offsets, allow_pickle=False)
        rows = {table: int(offsets[-1]) for table, offsets in columns.offsets.items()}
        header = _Header(flat.accounts.tolist(), columns.words.texts, rows)
        (self._folder / _HEADER).write_bytes(msgspec.msgpack.encode(header))

    def read(self) -> FlatLog:
        """Map the columns of a log whose files are complete.

        Raises
        ------
        FileNotFoundError
            A file is not there.
        ValueError
            A file is not what was written.
        """
        header = msgspec.msgpack.decode((self._folder / _HEADER).read_bytes(), type=_Header)
        offsets, numbers, codes = {}, {}, {}
        for table, rows in header.rows.items():
            shapes = _shapes(table, rows)
            numbers[table] = self._open(f"{table}-numbers", shapes[0], np.float64)
            codes[table] = self._open(f"{table}-codes", shapes[1], np.int32)
            bounds = (len(header.accounts) + 1,)
            offsets[table] = self._open(f"{table}-offsets", bounds, np.int64)
        columns = FlatColumns(
            len(header.accounts), offsets, numbers, codes, Words(header.words), of_build=True
        )
        return FlatLog(object_array(header.accounts), columns)

    def _make(self, name: str, shape: tuple[int, ...], dtype: type) -> Array:
        if prod(shape) == 0:
            return np.empty(shape, dtype)
        path = self._path(name)
        array = np.lib.format.open_memmap(path, "w+", dtype, shape)
        with path.open("r+b") as file:
            # now, because a disk that is full at a later write would end the process
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
        return array

    def _open(self, name: str, shape: tuple[int, ...], dtype: type) -> Array:
        if prod(shape) == 0:
            return np.empty(shape, dtype)
        array: Array = np.load(self._path(name), mmap_mode="r", allow_pickle=False)
        if array.shape != shape or array.dtype != dtype:
            raise ValueError(f"{name} has the shape {array.shape}, not {shape}")
        return array

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.npy"


def _shapes(table: str, rows: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the shapes of a table's columns of numbers and of texts."""
    numbers, texts = record_columns(table)
    return (len(numbers), rows), (len(texts), rows)
