"""The features of a relation over a few rows of one customer, as plain Python.

Some ten rows are summed up in less time than numpy takes to begin. Only what is the same to the
last bit is computed here: sums of whole numbers, which no order of summing up changes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import nan
from typing import Any

from features.catalog.expressions import compile_together
from features.catalog.feature import Aggregate
from features.inputs.history import Rows
from features.inputs.windows import DAY

MAX_ROWS, MAX_CELLS = 12, 128  # cells: rows x features
Row = tuple[Any, ...]  # values, then whether conditions hold, as `_Part` names their places


@dataclass(frozen=True)
class _Part:
    """Some of the rows, by the places of what decides: None where nothing does."""

    value: int
    by: int | None
    where: int | None
    lookback: int | None

    def given(self, rows: list[Row], cutoff: int) -> list[Row]:
        """Keep the rows that count."""
        if self.where is not None:
            rows = [row for row in rows if row[self.where]]
        if self.lookback is not None:
            start = cutoff - self.lookback * DAY
            rows = [row for row in rows if row[0] > start]
        if self.by is not None:
            rows = [row for row in rows if row[self.by] == row[self.by]]
        value = self.value
        return [row for row in rows if row[value] == row[value] and row[value] is not None]


class FewRows:
    """The features of one relation, none of which is a spread.

    Parameters
    ----------
    features : sequence of Aggregate
        Each one a `count`, `sum`, `mean`, `min`, `max`, `median`, `last` or `top`.
    """

    def __init__(self, features: Sequence[Aggregate]) -> None:
        timed = any(f.lookback is not None for f in features)
        texts = ["happened_at" if timed else "0", *(t for f in features for t in (f.value, f.by))]
        values = [text for text in dict.fromkeys(texts) if text]
        conditions = list(dict.fromkeys(f.where for f in features if f.where))
        self._evaluate = compile_together(tuple(values), tuple(conditions), scalar=True)
        self._inputs = sorted(set().union(*(f.inputs for f in features)))
        parts: dict[_Part, list[Aggregate]] = {}
        for feature in features:
            where = len(values) + conditions.index(feature.where) if feature.where else None
            by = values.index(feature.by) if feature.by else None
            part = _Part(values.index(feature.value), by, where, feature.lookback)
            parts.setdefault(part, []).append(feature)
        self._parts = [
            (
                part,
                [(f.name, _AGGREGATES[f.aggregate]) for f in shared if not f.by],
                {f.name: nothing(f) for f in shared},
                any(f.aggregate in ("sum", "mean") for f in shared),
            )
            for part, shared in parts.items()
        ]

    def compute(
        self, rows: Rows, cutoff: int, constants: Mapping[str, float]
    ) -> dict[str, Any] | None:
        """Compute the features of one customer; None where a sum depends on its order."""
        columns = dict(constants)
        lists = [rows.columns[name].tolist() for name in self._inputs]
        found = []
        for values in zip(*lists, strict=True):
            columns.update(zip(self._inputs, values, strict=True))
            found.append(self._evaluate(columns))
        results: dict[str, Any] = {}
        for part, features, nothing, summed in self._parts:
            given = part.given(found, cutoff)
            numbers = [row[part.value] for row in given]
            if not given:
                results.update(nothing)
            elif part.by is not None:
                top = min((-row[part.by], row[part.value]) for row in given)[1]
                results.update(dict.fromkeys(nothing, top))
            elif summed and not all(map(float.is_integer, numbers)):
                return None
            else:
                for name, aggregate in features:
                    results[name] = aggregate(numbers)
        return results


def nothing(feature: Aggregate) -> float | None:
    """Give what a feature is of no rows."""
    if feature.aggregate in ("count", "sum"):
        return 0.0
    return None if feature.kind == "text" else nan


def median(values: list[float]) -> float:
    """Take the middle of some values."""
    ordered = sorted(values)
    low, high = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    return low + (high - low) * 0.5


_AGGREGATES: dict[str, Callable[[list[Any]], float]] = {
    "count": lambda values: float(len(values)),
    "sum": sum,
    "mean": lambda values: sum(values) / len(values),
    "min": min,
    "max": max,
    "median": median,
}
