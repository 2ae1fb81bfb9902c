"""Holds the rows of customers as flat columns: all rows of a table, customer after customer.

Texts are codes in one sorted list of words, so that codes are in the order of their texts.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import accumulate, pairwise

from features.arrays import History
from features.history.layout import TEXT_COLUMNS


@dataclass(frozen=True)
class FlatColumns:
    """The rows of n customers in some tables.

    Attributes
    ----------
    offsets : mapping of str to sequence of int (n + 1)
        Table -> where the rows of each customer begin, and at last where all rows end.
    values : mapping of (str, str) to sequence (rows of the table)
        Table and column -> numbers with NaN for a missing one, or codes with -1.
    words : sequence of str
        All texts, sorted: the code of a text is its position.
    """

    offsets: Mapping[str, Sequence[int]]
    values: Mapping[tuple[str, str], Sequence[float]]
    words: Sequence[str]

    @property
    def customers(self) -> int:
        """Number of customers."""
        return len(next(iter(self.offsets.values()))) - 1

    @property
    def rows(self) -> int:
        """Number of rows of all tables together."""
        return sum(offsets[-1] for offsets in self.offsets.values())

    @property
    def most_rows(self) -> int:
        """Number of rows of the customer who has most, of all tables together."""
        ends = [sum(places) for places in zip(*self.offsets.values(), strict=True)]
        return max((b - a for a, b in pairwise(ends)), default=0)


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
    texts: dict[tuple[str, str], list[str | None]] = {}
    values: dict[tuple[str, str], Sequence[float]] = {}
    offsets: dict[str, Sequence[int]] = {}
    for table, names in columns.items():
        parts = [history.get(table) for history in histories]
        given = [part for part in parts if part is not None]
        lengths = (0 if part is None else len(next(iter(part.values()))) for part in parts)
        offsets[table] = [0, *accumulate(lengths)]
        for name in names:
            rows = [value for part in given for value in part[name].tolist()]
            (texts if name in TEXT_COLUMNS else values)[table, name] = rows
    named = {text for rows in texts.values() for text in rows if text is not None}
    known = sorted(named.union(words))
    codes: dict[str | None, float] = {word: code for code, word in enumerate(known)}
    codes[None] = -1
    for key, rows in texts.items():
        values[key] = [codes[text] for text in rows]
    return FlatColumns(offsets, values, known)
