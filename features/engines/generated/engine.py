"""Computes the features of a catalog for one customer, by a Python function written for it."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from math import inf, nan, sqrt
from operator import itemgetter
from typing import Any

import numpy as np

from features.arrays import Array, History
from features.engines.generated.expressions import NAMESPACE
from features.engines.generated.source_writer import write_features
from features.language.catalog import Catalog
from features.language.scope import Lookups, Scope

Constants = dict[str, float]  # `@lookup:column` -> value
Joined = dict[str, dict[str, dict[str, float]]]  # lookup -> column -> key -> value


class SinglePlan:
    """Computes the features of one catalog, for one customer per call.

    The Python function that does it is written and compiled once.

    Parameters
    ----------
    catalog : Catalog
        The features to compute.

    Attributes
    ----------
    source : str
        The Python source of the function.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._texts = [name for name, feature in catalog.items() if feature.kind == "text"]
        self.source = write_features(catalog)
        namespace = {**NAMESPACE, **_FUNCTIONS}
        exec(compile(self.source, "<features>", "exec"), namespace)
        self._run: Callable[..., tuple[tuple[Any, ...], ...]] = namespace["run"]
        self._known = self._look_up(Lookups(0))

    def compute(self, tables: History, scope: Scope) -> dict[str, Array]:
        """Compute all features and listed relations of one customer.

        Parameters
        ----------
        tables : History
            Name of a table -> name of a column -> array; a table without rows may be missing.
        scope : Scope
            The cutoff and the population's lookups.

        Returns
        -------
        dict of str to array
            Name -> array `(1,)`: numbers as float64, texts and lists as objects.
        """
        known = self._known
        if known[0] is not scope.lookups:
            known = self._known = self._look_up(scope.lookups)
        _, constants, joined = known
        clock = float(scope.cutoff), float(scope.cutoff_day)
        numbers, texts, lists = self._run(tables, *clock, constants, joined)
        values = dict(zip(self._catalog.numbers, np.array(numbers, float)[:, None], strict=True))
        values |= dict(zip(self._texts, np.array(texts, object)[:, None], strict=True))
        return values | dict(zip(self._catalog.listed, map(_as_one, lists), strict=True))

    def _look_up(self, lookups: Lookups) -> tuple[Lookups, Constants, Joined]:
        """Return some lookups with the values that the function reads of them."""
        names = set().union(*(feature.names for feature in self._catalog.values()))
        constants = {n: _number(lookups.scalar(n)) for n in names if n.startswith("@")}
        joined: Joined = {}
        for relation in self._catalog.read_relations:
            if relation.lookup is not None:
                table = lookups.tables.get(relation.lookup.name, {})
                joined[relation.lookup.name] = {
                    column: {key: _number(value) for key, value in table.get(column, {}).items()}
                    for column in relation.lookup.totals
                }
        return lookups, constants, joined


def _as_one(rows: list[Any]) -> Array:
    """Wrap a list in an array `(1,)` of objects."""
    array = np.empty(1, object)
    array[0] = rows
    return array


def _number(value: float | None) -> float:
    return nan if value is None else float(value)


def _median(values: list[float]) -> float:
    """Compute the median of some values; NaN of none."""
    if not values:
        return nan
    ordered = sorted(values)
    low, high = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    return low + (high - low) * 0.5


def _std(values: list[float]) -> float:
    """Compute the standard deviation of a sample; NaN of fewer than two values."""
    if len(values) < 2:
        return nan
    total = squares = 0.0  # added up one by one, which `sum` does not do from Python 3.12 on
    for value in values:
        total += value
    mean = total / len(values)
    for value in values:
        squares += (value - mean) * (value - mean)
    return sqrt(squares / (len(values) - 1))


def _missing_last(item: tuple[Any, Any]) -> list[tuple[bool, Any]]:
    """Return the sort key of a group, by which groups with a missing key come last."""
    keys = item[0] if isinstance(item[0], tuple) else item[:1]
    return [(key is None, key) for key in keys]


_FUNCTIONS: Mapping[str, Any] = {
    "inf": inf,
    "median": _median,
    "std": _std,
    "defaultdict": defaultdict,
    "first": itemgetter(0),
    "missing_last": _missing_last,
}
