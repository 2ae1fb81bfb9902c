"""Builds the lookups: values of the population's statistics, as known at a cutoff."""

from collections.abc import Sequence
from dataclasses import replace

from features.contract.casts import name_sql
from features.engines.sql.duckdb_engine import bind_constants, features_sql, rows_sql, total_sql
from features.language.catalog import Catalog
from features.language.expressions import names_in
from features.language.feature import Quantiles
from features.language.relation import Lookup, is_constant
from features.language.scope import Lookups, Scope
from features.log.queryable_log import QueryableLog


def build_lookups(log: QueryableLog, catalog: Catalog, scope: Scope, population: str) -> Scope:
    """Build all statistics that a catalog needs, from what is known at the cutoff.

    Statistics that relations join become tables `lookup_<name>` beside the history's tables.
    Relations that statistics sum up are computed once, into tables `computed_<name>` that stay
    until `drop_computed`.

    Parameters
    ----------
    log : Warehouse
        The tables of the history.
    catalog : Catalog
        The features whose statistics are built.
    scope : Scope
        The cutoff; its lookups are not read.
    population : str
        SELECT of the `customer_id`s of the customers that quantiles are taken over.

    Returns
    -------
    Scope
        The scope with the lookups built at its cutoff and the tables of computed relations.
    """
    lookups = Lookups(built_at=scope.cutoff)
    tables = [s for s in catalog.lookups if not isinstance(s, Quantiles)]
    quantiles = [s for s in catalog.lookups if isinstance(s, Quantiles)]
    for statistic in tables:
        scope = _compute(log, catalog, scope, {statistic.relation})
        _add_table(log, catalog, statistic, scope, lookups)
        if statistic.key is not None:  # for the relations that join it
            _put_table(log, statistic, lookups)
    if quantiles:
        some = catalog.select(quantile.feature for quantile in quantiles)
        scope = _compute(log, catalog, scope, {f.relation for f in some.aggregates})
        lookups.scalars.update(_quantiles(log, some, quantiles, scope, population))
    return replace(scope, lookups=lookups)


def _compute(log: QueryableLog, catalog: Catalog, scope: Scope, names: set[str]) -> Scope:
    """Compute the relations among `names` that are costly: summed up or ordered."""
    for relation in catalog.read_relations:
        costly = bool(relation.by) or relation.order is not None
        if costly and relation.name in names and relation.name not in scope.computed:
            table = f"computed_{relation.name}"
            log.keep(table, rows_sql(catalog.relations, relation.name, scope))
            scope = replace(scope, computed={**scope.computed, relation.name: table})
    return scope


def drop_computed(log: QueryableLog, scope: Scope) -> None:
    """Drop the tables of relations that were computed for a scope."""
    for table in scope.computed.values():
        log.drop(table)


def _put_table(log: QueryableLog, lookup: Lookup, lookups: Lookups) -> None:
    """Write a lookup that relations join into a table beside those that they read."""
    table = lookups.tables[lookup.name]
    keys = list(next(iter(table.values())))
    values = {name: ("DOUBLE", [table[name][key] for key in keys]) for name in lookup.totals}
    log.put(f"lookup_{lookup.name}", {str(lookup.key): ("VARCHAR", keys), **values})


def _add_table(
    log: QueryableLog, catalog: Catalog, lookup: Lookup, scope: Scope, lookups: Lookups
) -> None:
    totals = "".join(
        f", CAST({total_sql(total, scope)} AS DOUBLE) AS {name_sql(name)}"
        for name, total in lookup.totals.items()
    )
    rows = rows_sql(catalog.relations, lookup.relation, scope, _columns(lookup))
    key = "NULL" if lookup.key is None else f"CAST({bind_constants(lookup.key, scope)} AS VARCHAR)"
    group = "" if lookup.key is None else " WHERE key IS NOT NULL GROUP BY key ORDER BY key"
    query = f"SELECT key{totals} FROM (SELECT *, {key} AS key FROM ({rows})){group}"
    if lookup.key is None:
        query = query.replace("SELECT key,", "SELECT any_value(key),", 1)
    rows_of_keys = log.fetch(query)
    for index, column in enumerate(lookup.totals, start=1):
        if lookup.key is None:
            lookups.scalars[f"@{lookup.name}:{column}"] = rows_of_keys[0][index]
        else:
            values = {row[0]: row[index] for row in rows_of_keys}
            lookups.tables.setdefault(lookup.name, {})[column] = values


def _columns(lookup: Lookup) -> set[str]:
    read = {n for _, value in lookup.totals.values() for n in names_in(value)}
    return {n for n in read | ({lookup.key} if lookup.key else set()) if not is_constant(n)}


def _quantiles(
    log: QueryableLog,
    catalog: Catalog,
    quantiles: Sequence[Quantiles],
    scope: Scope,
    population: str,
) -> dict[str, float | None]:
    features = ", ".join(name_sql(quantile.feature) for quantile in quantiles)
    columns = ", ".join(f"quantile_cont({name_sql(q.feature)}, [{_levels(q)}])" for q in quantiles)
    log.keep("of_everybody", f"SELECT {features} FROM ({features_sql(catalog, scope, population)})")
    levels_of_features = log.fetch(f"SELECT {columns} FROM of_everybody")[0]
    log.drop("of_everybody")
    scalars: dict[str, float | None] = {}
    for declared, values in zip(quantiles, levels_of_features, strict=True):
        names = [f"@{declared.name}:{percent}" for percent in declared.percents]
        scalars |= dict(zip(names, values or [None] * len(names), strict=True))
    return scalars


def _levels(quantiles: Quantiles) -> str:
    return ", ".join(f"{percent / 100:.4f}e0" for percent in quantiles.percents)
