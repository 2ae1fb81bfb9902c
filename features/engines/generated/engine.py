"""Computes the features of a catalog for some customers, by functions generated for it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from features.arrays import Array, Floats
from features.engines.generated.block_rows import BlockRows
from features.engines.generated.interpreter import InterpretedRun
from features.engines.generated.source_sections import INDEX_SHARE
from features.engines.generated.source_writer import write_features
from features.history.flat_columns import Codes, FlatColumns
from features.history.record import record_columns
from features.history.words import Words
from features.language.catalog import Catalog
from features.language.scope import Lookups, Scope

_LEAST_CAPACITY = 8  # rows; a table of groups has no fewer places than 16
ListedColumns = Mapping[tuple[str, str], Floats]  # of a relation and its column
Run = Callable[..., None]  # takes `RUN_PARAMETERS`


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
    functions : list of str
        Names of the functions that its `run` calls.
    tables : list of str
        The tables of the history that are read.
    words : list of str
        Texts that the declarations name; they have to be among the words of the columns.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._texts = [name for name, feature in catalog.items() if feature.kind == "text"]
        self._sections = sections = write_features(catalog)
        self.source = sections.text()
        self.words, self.tables = sections.words, sections.tables
        places = {table: place for place, table in enumerate(self.tables)}
        self._numbers = [
            (places[table], record_columns(table)[0].index(name))
            for table, name in sections.numbers
        ]
        self._codes = [
            (places[table], record_columns(table)[1].index(name)) for table, name in sections.texts
        ]
        self.functions = sections.functions
        self._run: Run = InterpretedRun(self.source)
        self._known = self._look_up(Lookups(0), Words(self.words))

    def use(self, run: Run) -> None:
        """Compute with another form of the functions from now on, such as a compiled one."""
        self._run = run

    def compute(self, columns: FlatColumns, scope: Scope) -> dict[str, Array]:
        """Compute all features and listed relations of n customers.

        Parameters
        ----------
        columns : FlatColumns
            Their rows, at least of `tables` and with `words` among their words.
        scope : Scope
            The cutoff and the population's lookups.

        Returns
        -------
        dict of str to array
            Name -> array `(n,)`: numbers as float64, texts as objects with None for a missing
            one, and for each listed relation a list of tuples, in no particular order.
        """
        values, listed = self.compute_numbers(columns, scope)
        return self._named(values, listed, columns.words.decoded)

    def compute_numbers(self, columns: FlatColumns, scope: Scope) -> tuple[Floats, ListedColumns]:
        """Compute all features as numbers, and the columns of listed relations.

        Parameters
        ----------
        columns, scope
            As of `compute`.

        Returns
        -------
        values : (n, features + listed relations) array
            The features in the catalog's order, texts as codes, and after them for each listed
            relation how many rows are listed up to this customer.
        listed : dict of (str, str) to array
            Relation and column -> the values of all customers' rows, texts as codes, one customer
            after the other; what is behind the last row means nothing.
        """
        needs, n = self._sections, columns.customers
        known = self._known
        if known.lookups is not scope.lookups or known.words is not columns.words:
            known = self._look_up(scope.lookups, columns.words)
            if columns.of_build:
                self._known = known
        width = len(self._catalog) + len(self._catalog.listed)
        capacity = max(columns.most_rows, _LEAST_CAPACITY)
        listed = [np.empty(columns.rows) for _ in needs.listed]
        out = np.empty(n * width)
        self._run(
            n, width, len(needs.tables),
            [columns.offsets[table] for table in self.tables],
            BlockRows([columns.numbers[table] for table in self.tables], self._numbers),
            BlockRows([columns.codes[table] for table in self.tables], self._codes),
            float(scope.cutoff), float(scope.cutoff_day),
            known.constants, known.literals, known.by_code,
            np.empty(needs.regions * capacity), capacity,
            np.zeros(needs.containers, dtype=np.int64),
            np.zeros(needs.containers * INDEX_SHARE * capacity, dtype=np.int64),
            np.empty(needs.states), listed, out,
        )  # fmt: skip
        return out.reshape(n, width), dict(zip(needs.listed, listed, strict=True))

    def _look_up(self, lookups: Lookups, words: Words) -> "_KnownLookups":
        """Take out of some lookups what the functions read of them, by the codes of some words."""
        needs = self._sections
        return _KnownLookups(
            lookups,
            words,
            np.array([_number(lookups.scalar(name)) for name in needs.constants]),
            np.array([words.codes[text] for text in needs.words], dtype=np.int32),
            [_by_code(lookups.tables.get(n, {}).get(c, {}), words) for n, c in needs.lookups],
        )

    def _named(self, values: Floats, listed: ListedColumns, words: Array) -> dict[str, Array]:
        """Return the features by name, with texts in place of their codes."""
        named: dict[str, Array] = dict(zip(self._catalog, values.T.copy(), strict=False))
        for name in self._texts:
            named[name] = words[named[name].astype(np.intp)]
        for place, relation in enumerate(self._catalog.listed, start=len(self._catalog)):
            ends = [0, *values[:, place].astype(int).tolist()]
            rows = self._listed_rows(relation, listed, ends[-1], words)
            lists = np.empty(len(values), dtype=object)
            for customer, (first, last) in enumerate(pairwise(ends)):
                lists[customer] = rows[first:last]
            named[relation] = lists
        return named

    def _listed_rows(
        self, relation: str, listed: ListedColumns, count: int, words: Array
    ) -> list[tuple[Any, ...]]:
        """Return the rows of a listed relation, of all customers one after the other."""
        columns = []
        for name in self._catalog.listed[relation]:
            values = listed[relation, name][:count]
            is_text = self._sections.listed[relation, name]
            columns.append((words[values.astype(np.intp)] if is_text else values).tolist())
        return list(zip(*columns, strict=True))


@dataclass(frozen=True)
class _KnownLookups:
    """What the functions read of some lookups: kept, because requests read the same ones.

    Attributes
    ----------
    lookups : Lookups
        The lookups.
    words : Words
        The texts of the rows.
    constants : array
        Values that are the same for everybody, NaN where one is missing.
    literals : int32 array
        Codes of the texts that the declarations name.
    by_code : list of array (words,)
        For each lookup with a key its values, NaN for a word without one.
    """

    lookups: Lookups
    words: Words
    constants: Floats
    literals: Codes
    by_code: list[Floats]


def _by_code(table: Mapping[str, float | None], words: Words) -> Floats:
    """Return the values of a lookup by the codes of words; goes through the fewer of the two."""
    if len(words.texts) < len(table):
        return np.array([_number(table.get(text)) for text in words.texts])
    values = np.full(len(words.texts), np.nan)
    for word, value in table.items():
        if word in words.codes:
            values[words.codes[word]] = _number(value)
    return values


def _number(value: float | None) -> float:
    return np.nan if value is None else float(value)
