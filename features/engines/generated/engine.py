"""Computes the features of a catalog for some customers, by functions generated for it."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from features.arrays import Array, Floats
from features.engines.generated.flat_functions import FUNCTIONS
from features.engines.generated.source_sections import INDEX_SHARE
from features.engines.generated.source_writer import write_features
from features.history.flat_columns import FlatColumns
from features.language.catalog import Catalog
from features.language.scope import Lookups, Scope

_LEAST_CAPACITY = 8  # rows; a table of groups has no fewer places than 16
_NAMESPACE: Mapping[str, Any] = {
    "nan": math.nan,
    "inf": math.inf,
    "ln": math.log,
    "sqrt": math.sqrt,
    "fmod": math.fmod,
    **{function.__name__: function for function in FUNCTIONS},
}


class GeneratedPlan:
    """Computes the features of one catalog; its functions are written once.

    Parameters
    ----------
    catalog : Catalog
        The features to compute.

    Attributes
    ----------
    source : str
        The source of the functions.
    columns : dict of str to set of str
        The columns that are read, by table of the history.
    words : list of str
        Texts that the declarations name; they have to be among the words of the columns.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._sections = sections = write_features(catalog)
        self.source = sections.text()
        self.words = sections.words
        self.columns: dict[str, set[str]] = {table: set() for table in sections.tables}
        for table, name in [*sections.numbers, *sections.texts]:
            self.columns[table].add(name)
        namespace = dict(_NAMESPACE)
        exec(compile(self.source, "<features>", "exec"), namespace)
        self._run = namespace["run"]

    def compute(self, columns: FlatColumns, scope: Scope) -> dict[str, Array]:
        """Compute all features and listed relations of n customers.

        Parameters
        ----------
        columns : FlatColumns
            Their rows, at least of `columns` and with `words` among their words.
        scope : Scope
            The cutoff and the population's lookups.

        Returns
        -------
        dict of str to array
            Name -> array `(n,)`: numbers as float64, texts as objects with None for a missing
            one, and for each listed relation a list of tuples, in no particular order.
        """
        needs, n = self._sections, columns.customers
        codes = {word: code for code, word in enumerate(columns.words)}
        width = len(self._catalog) + len(self._catalog.listed)
        capacity = max(columns.most_rows, _LEAST_CAPACITY)
        out = [math.nan] * (n * width)
        listed = [[math.nan] * columns.rows for _ in needs.listed]
        self._run(
            0, n, width, len(needs.tables), range(n + 1), range(n),
            [columns.offsets[table] for table in needs.tables],
            [columns.values[key] for key in needs.numbers],
            [columns.values[key] for key in needs.texts],
            float(scope.cutoff), float(scope.cutoff_day),
            [_number(scope.lookups.scalar(name)) for name in needs.constants],
            [codes[word] for word in needs.words],
            [_by_code(scope.lookups, key, columns.words) for key in needs.lookups],
            [math.nan] * (needs.regions * capacity), capacity,
            [0] * needs.containers, [0] * (needs.containers * INDEX_SHARE * capacity),
            [math.nan] * needs.states, listed, out,
        )  # fmt: skip
        values = np.array(out, dtype=float).reshape(n, width)
        return self._named(values, listed, np.array([*columns.words, None], dtype=object))

    def _named(
        self, values: Floats, listed: Sequence[Sequence[float]], words: Array
    ) -> dict[str, Array]:
        """Return the features by name, with texts in place of their codes."""
        named: dict[str, Array] = {}
        for place, (name, feature) in enumerate(self._catalog.items()):
            column = values[:, place]
            is_text = feature.kind == "text"
            named[name] = words[column.astype(np.intp)] if is_text else column.copy()
        for place, relation in enumerate(self._catalog.listed, start=len(self._catalog)):
            ends = [0, *values[:, place].astype(int).tolist()]
            rows = self._listed_rows(relation, listed, ends[-1], words)
            lists = np.empty(len(values), dtype=object)
            for customer, (first, last) in enumerate(pairwise(ends)):
                lists[customer] = rows[first:last]
            named[relation] = lists
        return named

    def _listed_rows(
        self, relation: str, listed: Sequence[Sequence[float]], count: int, words: Array
    ) -> list[tuple[Any, ...]]:
        """Return the rows of a listed relation, of all customers one after the other."""
        columns = []
        for name in self._catalog.listed[relation]:
            place = list(self._sections.listed).index((relation, name))
            values, is_text = listed[place][:count], self._sections.listed[relation, name]
            columns.append([words[int(code)] for code in values] if is_text else values)
        return list(zip(*columns, strict=True))


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _by_code(lookups: Lookups, key: tuple[str, str], words: Sequence[str]) -> list[float]:
    """Return a lookup's values in the order of the words, NaN for a word without one."""
    name, column = key
    values = lookups.tables.get(name, {}).get(column, {})
    return [_number(values.get(word)) for word in words]
