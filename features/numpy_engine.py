"""The features of a catalog as numpy, over the histories of one customer or of a batch."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.expressions import compile_expression
from features.feature import Aggregate, Catalog, Derived
from features.history import Histories, Rows
from features.relations import RELATIONS
from features.windows import Window

Floats = NDArray[np.float64]


def compute_features(
    catalog: Catalog, histories: Histories, cutoff: int, cutoff_day: int
) -> dict[str, Floats]:
    """Compute all features of a catalog at a cutoff.

    Parameters
    ----------
    histories : table name -> rows of n customers
        A table that the catalog reads must be there, empty or not.

    Returns
    -------
    dict of str to float array of length n
        One value per customer of the batch, in the batch's order.
    """
    window = Window(cutoff)
    constants = {"cutoff": float(cutoff), "cutoff_day": float(cutoff_day)}
    relations: dict[str, Rows] = {}
    values: dict[str, Floats] = {}
    for feature in catalog.values():
        if isinstance(feature, Derived):
            with np.errstate(all="ignore"):
                values[feature.name] = np.asarray(
                    compile_expression(feature.expression)(values), dtype=float
                )
        else:
            relation = RELATIONS[feature.relation]
            if feature.relation not in relations:
                relations[feature.relation] = relation.rows(histories[relation.table], window)
            values[feature.name] = _aggregate(
                feature, relations[feature.relation], constants, cutoff
            )
    return values


def _aggregate(
    feature: Aggregate, rows: Rows, constants: Mapping[str, float], cutoff: int
) -> Floats:
    columns = {**rows.columns, **constants}
    with np.errstate(all="ignore"):
        value = np.broadcast_to(compile_expression(feature.value)(columns), rows.customer.shape)
        mask = _present(value)
        if feature.where:
            mask = mask & (compile_expression(feature.where)(columns) == 1)
    start = Window(cutoff, feature.lookback).start
    if start is not None:
        mask = mask & (rows["happened_at"] > start)
    kept = rows.customer[mask]
    return _REDUCERS[feature.aggregate](value[mask], kept, np.bincount(kept, minlength=rows.n))


def _present(value: NDArray[Any]) -> NDArray[np.bool_]:
    return ~np.asarray(pd.isna(value))


def _count(_value: Floats, _customer: NDArray[np.intp], counts: NDArray[np.intp]) -> Floats:
    return counts.astype(float)


def _sum(value: Floats, customer: NDArray[np.intp], counts: NDArray[np.intp]) -> Floats:
    return np.bincount(customer, weights=value, minlength=len(counts)).astype(float)


def _mean(value: Floats, customer: NDArray[np.intp], counts: NDArray[np.intp]) -> Floats:
    return np.where(counts > 0, _sum(value, customer, counts) / np.maximum(counts, 1), np.nan)


def _std(value: Floats, customer: NDArray[np.intp], counts: NDArray[np.intp]) -> Floats:
    deviation = value - _mean(value, customer, counts)[customer]
    squares = _sum(deviation * deviation, customer, counts)
    return np.where(counts > 1, np.sqrt(squares / np.maximum(counts - 1, 1)), np.nan)


def _by_customer(
    reduce: Callable[[Floats, NDArray[np.intp]], Floats],
) -> Callable[..., Floats]:
    """Reduce each customer's run of values; NaN for a customer without any."""

    def run(value: Floats, _customer: NDArray[np.intp], counts: NDArray[np.intp]) -> Floats:
        result = np.full(len(counts), np.nan)
        has = counts > 0
        if has.any():
            starts = (np.cumsum(counts) - counts)[has]
            result[has] = reduce(value, starts)
        return result

    return run


def _last(value: Floats, _customer: NDArray[np.intp], counts: NDArray[np.intp]) -> Floats:
    result = np.full(len(counts), np.nan)
    has = counts > 0
    result[has] = value[np.cumsum(counts)[has] - 1]
    return result


def _median(value: Floats, customer: NDArray[np.intp], counts: NDArray[np.intp]) -> Floats:
    result = np.full(len(counts), np.nan)
    has = counts > 0
    ordered = value[np.lexsort((value, customer))]
    starts = (np.cumsum(counts) - counts)[has]
    low = ordered[starts + (counts[has] - 1) // 2]
    high = ordered[starts + counts[has] // 2]
    result[has] = low + (high - low) * 0.5
    return result


_REDUCERS: dict[str, Callable[[Floats, NDArray[np.intp], NDArray[np.intp]], Floats]] = {
    "count": _count,
    "sum": _sum,
    "mean": _mean,
    "min": _by_customer(np.minimum.reduceat),
    "max": _by_customer(np.maximum.reduceat),
    "std": _std,
    "median": _median,
    "last": _last,
}
