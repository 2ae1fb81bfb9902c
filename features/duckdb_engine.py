"""The features of a catalog as one DuckDB query per cutoff, over the whole log."""

from itertools import groupby

from features.feature import Aggregate, Catalog
from features.relations import RELATIONS
from features.sources import name_sql
from features.windows import Window

_FUNCTIONS = {
    "count": "count({value})",
    "sum": "sum({value})",
    "mean": "avg({value})",
    "min": "min({value})",
    "max": "max({value})",
    "std": "stddev_samp({value})",
    "median": "quantile_cont({value}, 0.5e0)",
    "last": "arg_max({value}, {order})",
}


def features_sql(catalog: Catalog, cutoff: int, cutoff_day: int, population: str) -> str:
    """Write the query of all features at a cutoff.

    Parameters
    ----------
    population : str
        SELECT of the `customer_id`s that get a row.

    Returns
    -------
    str
        A query: one row per customer of the population, `customer_id` and the features as
        DOUBLE, in the catalog's order.
    """
    window = Window(cutoff)
    blocks = []
    by_relation = sorted(catalog.aggregates, key=lambda f: f.relation)
    for relation, features in groupby(by_relation, key=lambda f: f.relation):
        aggregates = ", ".join(_aggregate_sql(f, window) for f in features)
        blocks.append(
            f"of_{relation} AS (SELECT customer_id, {aggregates} FROM "
            f"(SELECT *, {cutoff} AS cutoff, {cutoff_day} AS cutoff_day "
            f"FROM ({RELATIONS[relation].sql(window)})) GROUP BY customer_id)"
        )
    used = sorted({f.relation for f in catalog.aggregates})
    joins = "".join(f" LEFT JOIN of_{name} USING (customer_id)" for name in used)
    aggregates = "".join(f", {_filled(f)} AS {name_sql(f.name)}" for f in catalog.aggregates)
    blocks.append(
        f"base AS (SELECT customer_id{aggregates} FROM ({population}) AS population{joins})"
    )
    columns = "".join(f", {_output_sql(catalog, name)}" for name in catalog)
    return f"WITH {', '.join(blocks)} SELECT customer_id{columns} FROM base ORDER BY customer_id"


def _aggregate_sql(feature: Aggregate, window: Window) -> str:
    function = _FUNCTIONS[feature.aggregate].format(
        value=feature.value, order=RELATIONS[feature.relation].order
    )
    start = Window(window.cutoff, feature.lookback).start
    conditions = [f"({feature.where})"] if feature.where else []
    if start is not None:
        conditions.append(f"happened_at > {start}")
    filtered = f" FILTER (WHERE {' AND '.join(conditions)})" if conditions else ""
    return f"CAST({function}{filtered} AS DOUBLE) AS {name_sql(feature.name)}"


def _filled(feature: Aggregate) -> str:
    """A customer without rows has a count and a sum of 0, and no mean."""
    name = name_sql(feature.name)
    return f"coalesce({name}, 0)" if feature.aggregate in ("count", "sum") else name


def _output_sql(catalog: Catalog, name: str) -> str:
    feature = catalog[name]
    value = name_sql(name) if isinstance(feature, Aggregate) else catalog.expanded(feature)
    return f"CAST({value} AS DOUBLE) AS {name_sql(name)}"
