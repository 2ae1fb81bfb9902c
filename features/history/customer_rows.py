"""Rows of customers as arrays: the histories of several customers in one set of tables."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.arrays import Array, History, TableColumns
from features.history.layout import HISTORY_COLUMNS, TEXT_COLUMNS


@dataclass(frozen=True)
class CustomerRows:
    """The rows of `n` customers in one table, sorted by customer.

    Attributes
    ----------
    customer : (rows,) intp array
        For each row the index of its customer in the batch, never decreasing.
    columns : mapping of str to (rows,) array
        Column -> its values, floats or text objects.
    n : int
        Number of customers, those without rows included.
    """

    customer: NDArray[np.intp]
    columns: Mapping[str, Array]
    n: int

    def __getitem__(self, name: str) -> Array:
        """Return the values of a column, one for each row."""
        return self.columns[name]

    def where(self, mask: NDArray[np.bool_], names: Iterable[str] | None = None) -> "CustomerRows":
        """Return the rows at which a mask is true.

        Parameters
        ----------
        mask : (rows,) bool array
            True for the rows to keep.
        names : iterable of str or None
            The columns to keep; None keeps all.
        """
        columns = self.columns if names is None else {name: self.columns[name] for name in names}
        row_indices = mask.nonzero()[0]
        if len(row_indices) == len(mask):
            return CustomerRows(self.customer, columns, self.n)
        return CustomerRows(self.customer, columns, self.n).take(row_indices)

    def take(self, row_indices: NDArray[np.intp]) -> "CustomerRows":
        """Return the rows at some row indices, in that order."""
        columns = {name: values.take(row_indices) for name, values in self.columns.items()}
        return CustomerRows(self.customer.take(row_indices), columns, self.n)

    @cached_property
    def starts(self) -> NDArray[np.intp]:
        """Row index of the first row of each customer that has rows."""
        return run_starts(self.customer)

    @cached_property
    def present(self) -> NDArray[np.intp]:
        """Indices of the customers that have rows, in order."""
        return self.customer[self.starts]


_NO_NUMBERS, _NO_TEXTS = np.empty(0), np.empty(0, object)


def run_starts(*keys: Array) -> NDArray[np.intp]:
    """Return the indices at which runs of equal keys begin.

    Parameters
    ----------
    *keys : (rows,) arrays
        Two neighbouring rows belong to one run if all their keys are equal.

    Examples
    --------
    >>> run_starts(np.array([1, 1, 2, 2]), np.array([5, 6, 6, 6])).tolist()
    [0, 1, 2]
    """
    changes = np.empty(len(keys[0]), bool)
    changes[:1] = True
    np.not_equal(keys[0][1:], keys[0][:-1], out=changes[1:])
    for key in keys[1:]:
        changes[1:] |= key[1:] != key[:-1]
    return changes.nonzero()[0]


def run_lengths(starts: NDArray[np.intp], total: int) -> NDArray[np.intp]:
    """Return the number of rows of each run.

    Parameters
    ----------
    starts : (runs,) intp array
        Indices at which the runs begin.
    total : int
        Number of rows of all runs together.

    Examples
    --------
    >>> run_lengths(np.array([0, 1, 2]), 4).tolist()
    [1, 1, 2]
    """
    lengths = np.empty(len(starts), np.intp)
    np.subtract(starts[1:], starts[:-1], out=lengths[:-1])
    lengths[-1:] = total - starts[-1:]
    return lengths


HistoryBatch = Mapping[str, CustomerRows]  # the tables of a batch of customers


def batch_histories(tables: Sequence[History]) -> HistoryBatch:
    """Put the histories of several customers into one batch, in the order given.

    Parameters
    ----------
    tables : sequence of History
        For each customer the tables in which there are rows; other tables may be left out.

    Returns
    -------
    dict of str to CustomerRows
        Every table of `HISTORY_COLUMNS`, empty or not.
    """
    return {
        name: _stack([t.get(name) for t in tables], names)
        for name, names in HISTORY_COLUMNS.items()
    }


def _stack(parts: Sequence[TableColumns | None], names: Sequence[str]) -> CustomerRows:
    """Put the rows that several customers have in one table under each other."""
    lengths = [0 if part is None else len(next(iter(part.values()))) for part in parts]
    given = [part for part in parts if part is not None]
    if len(given) == 1:
        columns = given[0]
    elif given:
        columns = {name: np.concatenate([part[name] for part in given]) for name in names}
    else:
        columns = {name: _NO_TEXTS if name in TEXT_COLUMNS else _NO_NUMBERS for name in names}
    return CustomerRows(np.arange(len(parts)).repeat(lengths), columns, len(parts))


def object_array(values: Iterable[Any]) -> Array:
    """Return an object array of texts, with None for missing ones."""
    return np.array([None if value is None else str(value) for value in values], dtype=object)
