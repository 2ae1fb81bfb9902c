"""Holds the rows of customers as flat columns: all rows of a table, customer after customer.

Texts are codes of one list of words, which are in the order of their texts.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.arrays import Array, Floats, History, Ints
from features.history.layout import TEXT_COLUMNS
from features.history.record import RecordedHistory, record_columns
from features.history.words import Words

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
    words : Words
        The texts by their codes.
    """

    offsets: Mapping[str, Ints]
    values: Mapping[tuple[str, str], Floats | Codes]
    words: Words

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
    columns : mapping of str to set of str
        The columns that are wanted, by table.
    literals : iterable of str
        Texts that get a code even if no row has them.
    """

    def __init__(self, columns: Mapping[str, Set[str]], literals: Iterable[str]) -> None:
        self._columns, self._literals = columns, frozenset(literals)
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
        values: dict[tuple[str, str], Floats | Codes] = {}
        offsets: dict[str, Ints] = {}
        for table, names in self._columns.items():
            parts = [history.get(table) for history in histories]
            given = [part for part in parts if part is not None]
            lengths = [0 if part is None else len(next(iter(part.values()))) for part in parts]
            offsets[table] = np.array([0, *lengths], dtype=np.int64).cumsum()
            for name in names - TEXT_COLUMNS:
                values[table, name] = _together([part[name] for part in given], np.float64)
        recorded = [history for history in histories if isinstance(history, RecordedHistory)]
        one_build = len({id(history.words) for history in recorded}) == 1
        if one_build and len(recorded) == len(histories):
            words, codes = self._codes_of_records(recorded)
        else:
            words, codes = self._codes_of_texts(histories)
        return FlatColumns(offsets, {**values, **codes}, words)

    def _codes_of_records(
        self, histories: Sequence[RecordedHistory]
    ) -> tuple[Words, dict[tuple[str, str], Codes]]:
        """Translate the codes of records, whose build numbered its texts in their order."""
        build = self._of_build
        if build.texts is not histories[0].words:
            build = self._of_build = _translate_build(histories[0].words, self._literals)
        codes: dict[tuple[str, str], Codes] = {}
        for table, names in self._columns.items():
            given = [history.codes[table] for history in histories if table in history.codes]
            texts = record_columns(table)[1]
            block = np.concatenate([np.empty((len(texts), 0), dtype=np.intp), *given], axis=1)
            translated = build.codes[block]
            codes |= {(table, name): translated[texts.index(name)] for name in names & TEXT_COLUMNS}
        return build.words, codes

    def _codes_of_texts(
        self, histories: Sequence[History]
    ) -> tuple[Words, dict[tuple[str, str], Codes]]:
        """Give codes to the texts of any histories."""
        texts: dict[tuple[str, str], list[str | None]] = {}
        for table, names in self._columns.items():
            for name in names & TEXT_COLUMNS:
                parts = [history[table][name] for history in histories if table in history]
                texts[table, name] = _together(parts, object).tolist()
        known = {text for rows in texts.values() for text in rows if text is not None}
        words = Words(known | self._literals)
        codes = {
            key: np.array([words.codes[text] for text in rows], dtype=np.int32)
            for key, rows in texts.items()
        }
        return words, codes


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


def _together(parts: Sequence[Array], kind: Any) -> Array:
    """Put arrays one after the other."""
    if len(parts) == 1:
        return np.ascontiguousarray(parts[0], dtype=kind)
    return np.concatenate([np.empty(0, dtype=kind), *parts])
