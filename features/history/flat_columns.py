"""Holds the rows of customers as flat columns: all rows of a table, customer after customer.

Texts are codes in one sorted list of words, so that codes are in the order of their texts.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.arrays import Array, Floats, History, Ints, TableColumns
from features.history.layout import TEXT_COLUMNS

Codes = NDArray[np.int32]


@dataclass(frozen=True)
class FlatColumns:
    """The rows of n customers in some tables.

    Attributes
    ----------
    offsets : mapping of str to int array (n + 1,)
        Table -> where the rows of each customer begin, and at last where all rows end.
    values : mapping of (str, str) to array (rows of the table,)
        Table and column -> numbers with NaN for a missing one, or int32 codes with -1.
    words : sequence of str
        All texts, sorted: the code of a text is its position.
    """

    offsets: Mapping[str, Ints]
    values: Mapping[tuple[str, str], Floats | Codes]
    words: Sequence[str]

    @property
    def customers(self) -> int:
        """Number of customers."""
        return len(next(iter(self.offsets.values()))) - 1

    @property
    def rows(self) -> int:
        """Number of rows of all tables together."""
        return sum(int(offsets[-1]) for offsets in self.offsets.values())

    @property
    def most_rows(self) -> int:
        """Number of rows of the customer who has most, of all tables together."""
        ends: Ints = sum(self.offsets.values(), np.zeros(1, dtype=np.int64))
        return int(np.diff(ends).max(initial=0))


def flatten_histories(
    histories: Sequence[History], columns: Mapping[str, Set[str]], words: Iterable[str]
) -> FlatColumns:
    """Put the histories of customers one after the other, in the order given.

    Parameters
    ----------
    histories : sequence of History
        For each customer the tables in which there are rows; other tables may be left out.
    columns : mapping of str to set of str
        The columns that are wanted, by table.
    words : iterable of str
        Texts that get a code even if no row has them.

    Returns
    -------
    FlatColumns
    """
    values: dict[tuple[str, str], Floats | Codes] = {}
    texts: dict[tuple[str, str], list[str | None]] = {}
    offsets: dict[str, Ints] = {}
    for table, names in columns.items():
        parts = [history.get(table) for history in histories]
        given = [part for part in parts if part is not None]
        lengths = [0 if part is None else len(next(iter(part.values()))) for part in parts]
        offsets[table] = np.array([0, *lengths], dtype=np.int64).cumsum()
        for name in names:
            if name in TEXT_COLUMNS:
                texts[table, name] = _together(given, name, object).tolist()
            else:
                values[table, name] = _together(given, name, np.float64)
    known = {text for rows in texts.values() for text in rows}
    known.discard(None)
    ordered = sorted({str(text) for text in known}.union(words))
    codes: dict[str | None, int] = {word: code for code, word in enumerate(ordered)}
    codes[None] = -1
    for key, rows in texts.items():
        values[key] = np.array([codes[text] for text in rows], dtype=np.int32)
    return FlatColumns(offsets, values, ordered)


def _together(parts: Sequence[TableColumns], name: str, kind: Any) -> Array:
    """Put the values that customers have in one column one after the other."""
    if len(parts) == 1:
        return np.ascontiguousarray(parts[0][name], dtype=kind)
    return np.concatenate([np.empty(0, dtype=kind), *(part[name] for part in parts)])
