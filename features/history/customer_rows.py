"""Lays the histories of customers out as arrays, one customer's or those of many in one."""

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
    """Rows of `n` customers, sorted by customer.

    Attributes
    ----------
    customer : int array
        For each row the customer's place in the batch, never decreasing.
    columns : dict of str to array
        Columns of equal length.
    """

    customer: NDArray[np.intp]
    columns: Mapping[str, Array]
    n: int

    def __getitem__(self, name: str) -> Array:
        return self.columns[name]

    def where(self, mask: NDArray[np.bool_], names: Iterable[str] | None = None) -> "CustomerRows":
        """Keep the rows where the mask is true, and of the columns the named ones."""
        columns = self.columns if names is None else {name: self.columns[name] for name in names}
        places = mask.nonzero()[0]
        if len(places) == len(mask):
            return CustomerRows(self.customer, columns, self.n)
        return CustomerRows(self.customer, columns, self.n).take(places)

    def take(self, places: NDArray[np.intp]) -> "CustomerRows":
        """Keep the rows at some places, in that order."""
        columns = {name: values.take(places) for name, values in self.columns.items()}
        return CustomerRows(self.customer.take(places), columns, self.n)

    @cached_property
    def starts(self) -> NDArray[np.intp]:
        """Place of the first row of each customer that has rows."""
        return run_starts(self.customer)

    @cached_property
    def present(self) -> NDArray[np.intp]:
        """The customers that have rows, in order."""
        return self.customer[self.starts]


_NO_NUMBERS, _NO_TEXTS = np.empty(0), np.empty(0, object)


def run_starts(*keys: Array) -> NDArray[np.intp]:
    """Find where runs of equal keys begin.

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
    """Count the rows of runs that begin at `starts`.

    >>> run_lengths(np.array([0, 1, 2]), 4).tolist()
    [1, 1, 2]
    """
    lengths = np.empty(len(starts), np.intp)
    np.subtract(starts[1:], starts[:-1], out=lengths[:-1])
    lengths[-1:] = total - starts[-1:]
    return lengths


HistoryBatch = Mapping[str, CustomerRows]  # the tables of a batch of customers


def batch_histories(tables: Sequence[History]) -> HistoryBatch:
    """Put the tables of several customers into one batch, in the order given.

    Parameters
    ----------
    tables : one mapping of table name to columns for each customer
        A table in which a customer has no rows may be left out; in the batch every table of
        `HISTORY_COLUMNS` is there, empty or not.
    """
    return {
        name: _stack([t.get(name) for t in tables], names)
        for name, names in HISTORY_COLUMNS.items()
    }


def _stack(parts: Sequence[TableColumns | None], names: Sequence[str]) -> CustomerRows:
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
    """Make an object array of texts, missing ones as None."""
    return np.array([None if value is None else str(value) for value in values], dtype=object)
