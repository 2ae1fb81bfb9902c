"""Computes the features of a catalog with numpy, for a batch of customers at once.

The features of one relation are computed together, as a matrix of features x rows. The values
equal those of `features.engines.generated.engine` to the last bit, because sums are added up row by
row in both.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.arrays import Array, Floats, Indices
from features.engines.batch.batch_relations import RelationReader, sum_runs
from features.engines.batch.expressions import compile_sequence, compile_together, is_known
from features.history.customer_rows import CustomerRows, HistoryBatch, run_lengths, run_starts
from features.language.catalog import Catalog
from features.language.expressions import names_in
from features.language.feature import Aggregate
from features.language.relation import Relation
from features.language.scope import Lookups, Scope
from features.windows import DAY

Bools = NDArray[np.bool_]


class BatchPlan:
    """Computes the features of one catalog for batches of customers, its texts compiled once.

    Parameters
    ----------
    catalog : Catalog
        The features to compute.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._names, self._listed = list(catalog), catalog.listed
        by_relation = sorted(catalog.aggregates, key=lambda f: f.relation)
        blocks = {
            relation: _RelationFeatures(list(features))
            for relation, features in groupby(by_relation, key=lambda f: f.relation)
        }
        self._relations = [
            (
                relation.name,
                RelationReader(relation, catalog.read_columns[relation.name], catalog.relations),
                block,
            )
            for relation in catalog.read_relations
            for block in [blocks.get(relation.name)]
        ]
        self._derive = compile_sequence({f.name: f.expression for f in catalog.derived})
        of_rows = set().union(*(f.names for f in catalog.aggregates))
        of_rows |= set().union(*(_names_of(r) for r in catalog.read_relations))
        self._of_rows = _constants(of_rows)
        self._of_derived = _constants(set().union(*(f.names for f in catalog.derived)))
        self._known = self._look_up(Lookups(0))

    def compute(self, histories: HistoryBatch, scope: Scope) -> dict[str, Array]:
        """Compute all features and listed relations of a batch of n customers.

        Parameters
        ----------
        histories : mapping of str to Rows
            Name of a table -> rows of all customers of the batch.
        scope : Scope
            The cutoff and the population's lookups.

        Returns
        -------
        dict of str to array
            Name -> array `(n,)` in the order of the batch.
        """
        known = self._known
        if known[0] is not scope.lookups:
            known = self._known = self._look_up(scope.lookups)
        clock = {"cutoff": float(scope.cutoff), "cutoff_day": float(scope.cutoff_day)}
        constants = known[1] | clock
        values: dict[str, Any] = known[2] | clock
        read: dict[str, CustomerRows] = {}
        with np.errstate(all="ignore"):
            for name, reader, block in self._relations:
                rows = read[name] = reader.read(read, histories, scope, constants)
                if block is not None:
                    block.compute(rows, scope.cutoff, constants, values)
            self._derive(values)
        features = {name: _full(values[name], histories["orders"].n) for name in self._names}
        return features | {name: _list(read[name], of) for name, of in self._listed.items()}

    def _look_up(self, lookups: Lookups) -> tuple[Lookups, dict[str, float], dict[str, float]]:
        """Return some lookups with the values that rows and derived features read of them."""
        of_rows, of_derived = (
            {name: _number(lookups.scalar(name)) for name in names}
            for names in (self._of_rows, self._of_derived)
        )
        return lookups, of_rows, of_derived


def _constants(names: set[str]) -> list[str]:
    return sorted(name for name in names if name.startswith("@"))


def _names_of(relation: Relation) -> set[str]:
    texts = [relation.where, *relation.columns.values(), *(v for _, v in relation.totals.values())]
    texts += [value for _, _, value in relation.customer.values()]
    return set().union(*(names_in(text) for text in texts if text))


def _number(value: float | None) -> float:
    return np.nan if value is None else float(value)


def _full(value: Any, n: int) -> Array:
    return value if np.shape(value) else np.full(n, value)


def _list(rows: CustomerRows, columns: Sequence[str]) -> Array:
    """Collect the rows of each customer in a list of tuples of some columns: array `(n,)`."""
    lists = np.empty(rows.n, object)
    lists[:] = [[] for _ in range(rows.n)]
    values = zip(*(rows[name].tolist() for name in columns), strict=True)
    for customer, row in zip(rows.customer.tolist(), values, strict=True):
        lists[customer].append(row)
    return lists


_STACKED = ("count", "mean", "std", "sum", "min", "max")


class _RelationFeatures:
    """Computes the features of one relation.

    Counts, sums, means, deviations, minima and maxima share a matrix of features x rows; medians,
    last and top values need an order of rows and are computed one by one.
    """

    def __init__(self, features: Sequence[Aggregate]) -> None:
        stacked = [f for f in features if f.aggregate in _STACKED]
        self._stacked = sorted(stacked, key=lambda f: _STACKED.index(f.aggregate))
        self._names = [f.name for f in self._stacked]
        self._values, self._value_of = _distinct([f.value for f in self._stacked])
        self._conditions, self._condition_of = _distinct([f.where for f in self._stacked])
        self._count_values, self._count_conditions = len(self._values), len(self._conditions)
        self._has_conditions = any(self._conditions)
        self._single = [
            _OrderedFeature(f, *self._indices(f)) for f in features if f.aggregate not in _STACKED
        ]
        conditions = [text or "TRUE" for text in self._conditions]
        self._evaluate = compile_together(tuple(self._values), tuple(conditions))
        days = [np.inf if f.lookback is None else f.lookback for f in self._stacked]
        self._lookbacks = np.array(days, float)[:, None] * DAY
        self._has_lookbacks = bool(np.isfinite(self._lookbacks).any())
        ends = [sum(_STACKED.index(f.aggregate) <= p for f in stacked) for p in range(6)]
        self._slices = dict(zip(_STACKED, map(slice, [0, *ends], ends), strict=False))
        self._nothing = np.array([_nothing(f) for f in self._stacked], float)[:, None]

    def _indices(self, feature: Aggregate) -> tuple[int, int | None, int]:
        """Return the indices of a feature's value, order and condition among the texts to compile.

        New texts are added at the end.
        """
        indices = [
            _index(text, among)
            for text, among in (
                (feature.value, self._values),
                (feature.by or feature.value, self._values),
                (feature.where, self._conditions),
            )
        ]
        return indices[0], indices[1] if feature.by else None, indices[2]

    def compute(
        self,
        rows: CustomerRows,
        cutoff: int,
        constants: Mapping[str, float],
        values: dict[str, Any],
    ) -> None:
        """Add each feature to `values`: an array of one value per customer."""
        computed: Sequence[Any] = ()
        if len(rows.customer):
            computed = self._evaluate({**rows.columns, **constants})
        for single in self._single:
            values[single.name] = single.compute(rows, cutoff, computed, len(self._values))
        if not self._stacked:
            return
        results = self._nothing.repeat(rows.n, axis=1)
        if len(rows.customer):
            results[:, rows.present] = self._reduce(rows, cutoff, computed)
        values.update(zip(self._names, results, strict=True))

    def _reduce(self, rows: CustomerRows, cutoff: int, computed: Sequence[Any]) -> Floats:
        """Sum up the rows of each customer: array `(features, customers that have rows)`."""
        values, mask = self._matrix(rows, cutoff, computed)
        result = np.empty((len(self._stacked), len(rows.starts)))
        of = self._slices
        summed, counted = slice(of["mean"].start, of["sum"].stop), slice(0, of["std"].stop)
        if summed.start < summed.stop:
            kept = np.where(mask[summed], values[summed], 0.0)
            result[summed] = sum_runs(kept, rows.starts)
        if counted.stop:
            counts = np.add.reduceat(mask[counted], rows.starts, axis=1, dtype=float)
            result[of["count"]] = counts[of["count"]]
            means = slice(of["mean"].start, of["std"].stop)
            if means.start < means.stop:
                result[means] /= counts[means]
            spread = of["std"]
            if spread.start < spread.stop:
                result[spread] = _spread(
                    values[spread], mask[spread], rows.starts, result[spread], counts[spread]
                )
        for part, extreme in ((of["min"], np.fmin), (of["max"], np.fmax)):
            if part.start < part.stop:
                kept = np.where(mask[part], values[part], np.nan)
                extreme.reduceat(kept, rows.starts, axis=1, out=result[part])
        return result

    def _matrix(
        self, rows: CustomerRows, cutoff: int, computed: Sequence[Any]
    ) -> tuple[Floats, Bools]:
        """Return the value of each feature and where it counts: arrays `(features, rows)`."""
        length, stacked = len(rows.customer), len(self._values)
        values = np.empty((self._count_values, length))
        for index in range(self._count_values):
            values[index] = _as_numbers(computed[index])
        values = values.take(self._value_of, 0)
        mask = values == values
        if self._has_conditions:
            masks = np.empty((self._count_conditions, length), bool)
            for index in range(self._count_conditions):
                masks[index] = computed[stacked + index]
            mask &= masks.take(self._condition_of, 0)
        if self._has_lookbacks:
            mask &= rows["happened_at"] > cutoff - self._lookbacks
        return values, mask


def _nothing(feature: Aggregate) -> float | None:
    """Return the value of a feature of a customer without rows."""
    if feature.aggregate in ("count", "sum"):
        return 0.0
    return None if feature.kind == "text" else np.nan


def _distinct(texts: list[str]) -> tuple[list[str], Indices]:
    unique = list(dict.fromkeys(texts))
    return unique, np.array([unique.index(text) for text in texts], np.intp)


def _index(text: str, among: list[str]) -> int:
    """Return the index of a text in a list; a text that is not in it is added at the end."""
    if text not in among:
        among.append(text)
    return among.index(text)


def _as_numbers(value: Any) -> Any:
    """Turn texts into 1 and missing texts into NaN, so that they can be counted."""
    if isinstance(value, np.ndarray) and value.dtype.kind == "O":
        return np.where(is_known(value), 1.0, np.nan)
    return value


def _spread(values: Floats, mask: Bools, starts: Indices, mean: Floats, counts: Floats) -> Floats:
    """Compute standard deviations of samples `(features, runs)`; NaN for fewer than two rows."""
    lengths = run_lengths(starts, values.shape[1])
    deviation = np.where(mask, values - mean.repeat(lengths, axis=1), 0.0)
    squares = sum_runs(deviation * deviation, starts)
    return np.where(counts > 1, np.sqrt(squares / np.maximum(counts - 1, 1)), np.nan)


class _OrderedFeature:
    """Computes a feature for which rows must be put into an order.

    Parameters
    ----------
    feature : Aggregate
        A `median`, `last` or `top`.
    value, by, where : int
        The indices of its texts among the compiled texts of its relation.
    """

    def __init__(self, feature: Aggregate, value: int, by: int | None, where: int) -> None:
        self.name = feature.name
        self._nothing = _nothing(feature)
        self._dtype = object if feature.kind == "text" else float
        self._aggregate = feature.aggregate
        self._value, self._by, self._where = value, by, where
        self._has_where = bool(feature.where)
        self._lookback = feature.lookback

    def compute(
        self, rows: CustomerRows, cutoff: int, computed: Sequence[Any], conditions: int
    ) -> Any:
        """Compute one value per customer: array `(n,)`.

        `computed` holds the values of the relation's texts, the conditions from the index
        `conditions` on.
        """
        result = np.full(rows.n, self._nothing, self._dtype)
        if not len(rows.customer):
            return result
        value, by = computed[self._value], None if self._by is None else computed[self._by]
        mask = is_known(value)
        if self._has_where:
            mask &= computed[conditions + self._where]
        if self._lookback is not None:
            mask &= rows["happened_at"] > cutoff - self._lookback * DAY
        if by is not None:
            mask &= by == by
        kept = mask.nonzero()[0]
        by = None if by is None else by.take(kept)
        if len(kept):
            _ORDERED[self._aggregate](value.take(kept), by, rows.customer.take(kept), result)
        return result


def _median(value: Floats, _by: None, customer: Indices, result: Floats) -> None:
    """Put the median of each customer's values into `result`."""
    ordered = value[np.lexsort((value, customer))]
    starts = run_starts(customer)
    counts = run_lengths(starts, len(value))
    low, high = ordered[starts + (counts - 1) // 2], ordered[starts + counts // 2]
    result[customer[starts]] = low + (high - low) * 0.5


def _last(value: Array, by: Floats, customer: Indices, result: Array) -> None:
    _take_first(value, np.lexsort((-by, customer)), customer, result)


def _top(value: Array, by: Floats, customer: Indices, result: Array) -> None:
    _take_first(value, np.lexsort((_ranks(value), -by, customer)), customer, result)


def _take_first(value: Array, order: Indices, customer: Indices, result: Array) -> None:
    customer = customer[order]
    first = run_starts(customer)
    result[customer[first]] = value[order][first]


def _ranks(value: Array) -> Array:
    """Turn texts into numbers of the same order; numbers stay as they are."""
    if value.dtype.kind != "O":
        return value
    ranks = {text: rank for rank, text in enumerate(sorted(set(value)))}
    return np.array([ranks[text] for text in value])


_ORDERED: dict[str, Callable[..., None]] = {"median": _median, "last": _last, "top": _top}
