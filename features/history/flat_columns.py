"""Holds the rows of customers as flat columns: all rows of a table, customer after customer.

Texts are codes of one list of words, which are in the order of their texts.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.arrays import Array, Floats, History, Ints
from features.history.record import RecordedHistory, record_columns
from features.history.words import Words

Codes = NDArray[np.int32]


@dataclass(frozen=True)
class FlatColumns:
    """The rows of n customers in some tables, with the columns of `record_columns`.

    Attributes
    ----------
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

    offsets: Mapping[str, Ints]
    numbers: Mapping[str, Floats]
    codes: Mapping[str, Codes]
    words: Words
    of_build: bool = False

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
        self._of_build = _translate_build(np.array([None], dtype=object), self._literals)

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
            return self._flatten_records(recorded)
        words = Words(self._literals | _texts_of(histories, self._tables))
        return self._together([_as_record(h, self._tables, words) for h in histories], words)

    def _flatten_records(self, histories: Sequence[RecordedHistory]) -> FlatColumns:
        """Put records of one build together, which numbered its texts in their order."""
        build = self._of_build
        if build.texts is not histories[0].words:
            build = self._of_build = _translate_build(histories[0].words, self._literals)
        flat = self._together(histories, build.words)
        codes = {table: build.codes[block] for table, block in flat.codes.items()}
        return FlatColumns(flat.offsets, flat.numbers, codes, flat.words, of_build=True)

    def _together(self, histories: Sequence[RecordedHistory], words: Words) -> FlatColumns:
        offsets: dict[str, Ints] = {}
        numbers: dict[str, Floats] = {}
        codes: dict[str, Codes] = {}
        for table in self._tables:
            lengths = [0]
            for history in histories:
                block = history.numbers.get(table)
                lengths.append(0 if block is None else block.shape[1])
            offsets[table] = np.array(lengths, dtype=np.int64).cumsum()
            of_number, of_text = (len(names) for names in record_columns(table))
            numbers[table] = _side_by_side([h.numbers for h in histories], table, of_number)
            codes[table] = _side_by_side([h.codes for h in histories], table, of_text)
        return FlatColumns(offsets, numbers, codes, words)


def _side_by_side(blocks: Sequence[Mapping[str, Array]], table: str, columns: int) -> Array:
    """Put the blocks that some histories have of a table side by side."""
    given = [of_history[table] for of_history in blocks if table in of_history]
    if len(given) == 1:
        return given[0]
    return np.concatenate(given, axis=1) if given else np.empty((columns, 0), dtype=np.intp)


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
            record.numbers[table] = np.array(block, dtype=np.float64)
            record.codes[table] = np.array(codes, dtype=np.int32).reshape(len(texts), len(unkeyed))
    return record


@dataclass(frozen=True)
class _TranslatedBuild:
    """The texts of a build among the words of a request.

    Attributes
    ----------
    texts : (n,) object array
        The texts of the build; the last one is None.
    words : Words
        The same, and the literals of the declarations.
    codes : (n,) int32 array
        The code of each text; -1 for the last one.
    """

    texts: Array
    words: Words
    codes: Codes


def _translate_build(texts: Array, literals: frozenset[str]) -> _TranslatedBuild:
    words = Words(literals.union(texts[:-1].tolist()))
    codes = np.array([words.codes[text] for text in texts.tolist()], dtype=np.int32)
    return _TranslatedBuild(texts, words, codes)
