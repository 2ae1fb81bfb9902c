"""Holds the rows of customers as flat columns: all rows of a table, customer after customer.

Texts are codes of one list of words, which are in the order of their texts.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from features.arrays import Array, Floats, History, Indices, Ints
from features.history.record import RecordedHistory, record_columns
from features.history.recorded_table import RecordedTable, take_known
from features.history.words import Words

Codes = NDArray[np.int32]


@dataclass(frozen=True)
class FlatColumns:
    """The rows of n customers in some tables, with the columns of `record_columns`.

    Attributes
    ----------
    customers : int
        Number of customers, n; there may be no table at all.
    offsets : mapping of str to int array (n + 1,)
        Table -> where the rows of each customer begin, and at last where all rows end.
    numbers : mapping of str to array (number columns, rows of the table)
        Table -> numbers with NaN for a missing one.
    codes : mapping of str to int32 array (text columns, rows of the table)
        Table -> codes of texts, with -1 for a missing one.
    words : Words
        The texts by their codes.
    of_build : bool
        Whether the words are those of a build, which other customers' columns have too.
    """

    customers: int
    offsets: Mapping[str, Ints]
    numbers: Mapping[str, Floats]
    codes: Mapping[str, Codes]
    words: Words
    of_build: bool = False

    @property
    def rows(self) -> int:
        """Number of rows of all tables together."""
        return sum(int(offsets[-1]) for offsets in self.offsets.values())

    @property
    def most_rows(self) -> int:
        """Number of rows of the customer who has most, of all tables together."""
        if self.customers == 1:
            return self.rows
        ends: Ints = sum(self.offsets.values(), np.zeros(1, dtype=np.int64))
        return int(np.diff(ends).max(initial=0))

    def between(self, first: int, end: int) -> "FlatColumns":
        """Return the customers from the place `first` to before `end`, without a copy of rows."""
        rows = {t: slice(at[first], at[end]) for t, at in self.offsets.items()}
        return replace(
            self,
            customers=end - first,
            offsets={t: at[first : end + 1] - at[first] for t, at in self.offsets.items()},
            numbers={t: block[:, rows[t]] for t, block in self.numbers.items()},
            codes={t: block[:, rows[t]] for t, block in self.codes.items()},
        )

    def joined(self, places: Indices, bounds: Indices) -> "FlatColumns":
        """Return some customers, each joined from several, with copies of their rows.

        Parameters
        ----------
        places : (m,) int array
            Places of customers.
        bounds : (n + 1,) int array
            Customer i of the result has the rows of those at `places[bounds[i]:bounds[i + 1]]`.
        """
        offsets, numbers, codes = {}, {}, {}
        for table, at in self.offsets.items():
            counts = at[places + 1] - at[places]
            ends = np.concatenate(([0], np.cumsum(counts)))
            rows = np.repeat(at[places] - ends[:-1], counts) + np.arange(ends[-1])
            offsets[table] = ends[bounds]
            # indexing the second dimension by an array would give columns that do not lie together
            numbers[table] = np.take(self.numbers[table], rows, axis=1)
            codes[table] = np.take(self.codes[table], rows, axis=1)
        return replace(
            self, customers=len(bounds) - 1, offsets=offsets, numbers=numbers, codes=codes
        )


class Flattener:
    """Puts the histories of customers one after the other.

    Parameters
    ----------
    tables : sequence of str
        The tables that are wanted.
    literals : iterable of str
        Texts that get a code even if no row has them.
    """

    def __init__(self, tables: Sequence[str], literals: Iterable[str]) -> None:
        self._tables, self._literals = tables, frozenset(literals)
        self._kept = _translate(np.array([None], dtype=object), self._literals)

    def flatten(self, histories: Sequence[History]) -> FlatColumns:
        """Put histories one after the other, in the order given.

        Parameters
        ----------
        histories : sequence of History
            For each customer the tables in which there are rows; other tables may be left out.
            Where all of them are records of one build, their texts stay the codes that they are.

        Returns
        -------
        FlatColumns
        """
        recorded = [history for history in histories if isinstance(history, RecordedHistory)]
        builds = {id(history.words) for history in recorded}
        if len(builds) == 1 and len(recorded) == len(histories):
            return self._together(recorded, self._translation_of(recorded[0].words), of_build=True)
        words = Words(self._literals | _texts_of(histories, self._tables))
        codes = np.arange(len(words.decoded), dtype=np.int32)
        codes[-1] = -1
        records = [_as_record(history, self._tables, words) for history in histories]
        return self._together(records, _Translation(words.decoded, words, codes), of_build=False)

    def _translation_of(self, texts: Array) -> "_Translation":
        """Return the words of a build; those of the last one are kept."""
        kept = self._kept
        if kept.texts is not texts:
            kept = self._kept = _translate(texts, self._literals)
        return kept

    def _together(
        self, records: Sequence[RecordedHistory], translation: "_Translation", of_build: bool
    ) -> FlatColumns:
        offsets: dict[str, Ints] = {}
        numbers: dict[str, Floats] = {}
        codes: dict[str, Codes] = {}
        for table in self._tables:
            parts = [record.get(table) for record in records]
            given = [part for part in parts if part is not None]
            lengths = (0 if part is None else part.numbers.shape[1] for part in parts)
            offsets[table] = np.array([0, *accumulate(lengths)], dtype=np.int64)
            of_number, of_text = (len(names) for names in record_columns(table))
            numbers[table] = _side_by_side([part.numbers for part in given], of_number)
            block = _side_by_side([part.codes for part in given], of_text)
            codes[table] = take_known(translation.codes, block)
        return FlatColumns(len(records), offsets, numbers, codes, translation.words, of_build)


def _side_by_side(blocks: Sequence[Array], columns: int) -> Array:
    """Put blocks with the same columns side by side."""
    if len(blocks) == 1:
        return blocks[0]
    return np.concatenate(blocks, axis=1) if blocks else np.empty((columns, 0), dtype=np.intp)


def _texts_of(histories: Sequence[History], tables: Sequence[str]) -> set[str]:
    texts = {
        text
        for history in histories
        for table in tables
        if table in history
        for name in record_columns(table)[1]
        for text in history[table][name].tolist()
    }
    return {text for text in texts if text is not None}


def _as_record(history: History, tables: Sequence[str], words: Words) -> RecordedHistory:
    """Return a history in the blocks of a record, with the codes of some words."""
    record = RecordedHistory(words.decoded)
    for table in tables:
        if table in history:
            numbers, texts = record_columns(table)
            rows = history[table]
            unkeyed = np.full(len(next(iter(rows.values()))), np.nan)  # no feature reads the key
            block = [rows.get(name, unkeyed) for name in numbers]
            codes = [[words.codes[text] for text in rows[name].tolist()] for name in texts]
            record[table] = RecordedTable(
                (numbers, texts),
                np.array(block, dtype=np.float64),
                np.array(codes, dtype=np.intp).reshape(len(texts), len(unkeyed)),
                words.decoded,
            )
    return record


@dataclass(frozen=True)
class _Translation:
    """The codes of some texts among the words of a request.

    Attributes
    ----------
    texts : (n,) object array
        The texts, such as those of a build; the last one is None.
    words : Words
        The same, and the literals of the declarations.
    codes : (n,) int32 array
        The code of each text; -1 for the last one.
    """

    texts: Array
    words: Words
    codes: Codes


def _translate(texts: Array, literals: frozenset[str]) -> _Translation:
    words = Words(literals.union(texts[:-1].tolist()))
    codes = np.array([words.codes[text] for text in texts.tolist()], dtype=np.int32)
    return _Translation(texts, words, codes)
