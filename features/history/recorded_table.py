"""Reads the columns of one table of a record, texts only when they are asked for."""

from collections.abc import Iterator, Mapping, Sequence

from features.arrays import Array, Floats, Indices
from features.errors import NextbuyError


def take_known(values: Array, codes: Indices) -> Array:
    """Return the values of codes that a record holds.

    Raises
    ------
    NextbuyError
        The record has a code that its build does not have.
    """
    try:
        return values[codes]
    except IndexError:
        raise NextbuyError(
            "the history store is damaged: a record names a text that its build does not have. "
            "Build it again with `nextbuy features --online`."
        ) from None


class RecordedTable(Mapping[str, Array]):
    """The rows of a customer in one table: column -> (rows,) array, float64 or objects.

    Features read texts as codes, and other readers want few of the columns. A text column is made
    when it is first read, and kept.

    Parameters
    ----------
    names : (sequence of str, sequence of str)
        The columns that are numbers, and those that are texts.
    numbers : array (number columns, rows)
        Their values.
    codes : int array (text columns, rows)
        Indices of the texts in `words`.
    words : (words,) object array
        The texts of the build; the last one is None.
    """

    def __init__(
        self,
        names: tuple[Sequence[str], Sequence[str]],
        numbers: Floats,
        codes: Indices,
        words: Array,
    ) -> None:
        self._names, self._words = names, words
        self.numbers, self.codes = numbers, codes
        self._read: dict[str, Array] = {}

    def __getitem__(self, name: str) -> Array:
        """Return the values of a column."""
        if name not in self._read:
            numbers, texts = self._names
            if name in texts:
                self._read[name] = take_known(self._words, self.codes[texts.index(name)])
            elif name in numbers:
                self._read[name] = self.numbers[numbers.index(name)]
            else:
                raise KeyError(name)
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        """Go through the names of all columns, numbers first."""
        for names in self._names:
            yield from names

    def __len__(self) -> int:
        """Return the number of columns."""
        return sum(len(names) for names in self._names)
