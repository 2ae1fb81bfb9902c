"""Statistics of the population as known at a cutoff."""

from collections.abc import Sequence
from dataclasses import replace

from features.contract.casts import name_sql
from features.engines.sql.duckdb_engine import bind, features_sql, rows_sql, total_sql
from features.language.catalog import Catalog
from features.language.expressions import names_in
from features.language.feature import Quantiles
from features.language.relation import Lookup, is_constant
from features.language.scope import Lookups, Scope
from features.log.warehouse import Warehouse


def build_lookups(log: Warehouse, catalog: Catalog, scope: Scope, population: str) -> Scope:
    """Build all the statistics that a catalog needs, from what is known at the cutoff.

    Those that relations join are then tables `lookup_<name>` beside the history's. Relations
    that statistics sum up, and features too, are computed once: tables `computed_<name>`, until
    `drop_computed`.

    Parameters
    ----------
    scope : Scope
        Of the cutoff; its own lookups are not read.
    population : str
        SELECT of the `customer_id`s that quantiles are taken over.

    Returns
    -------
    Scope
        With the lookups, built at its cutoff, and the relations computed.
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


def _compute(log: Warehouse, catalog: Catalog, scope: Scope, names: set[str]) -> Scope:
    """Compute those of the relations that are costly: whose rows are summed up or ordered."""
    for relation in catalog.read_relations:
        costly = bool(relation.by) or relation.order is not None
        if costly and relation.name in names and relation.name not in scope.computed:
            table = f"computed_{relation.name}"
            parts = [replace(scope, within=within) for within in log.ranges]
            log.keep(table, [rows_sql(catalog.relations, relation.name, part) for part in parts])
            scope = replace(scope, computed={**scope.computed, relation.name: table})
    return scope


def drop_computed(log: Warehouse, scope: Scope) -> None:
    """Drop the relations computed for a scope."""
    for table in scope.computed.values():
        log.drop(table)


def _put_table(log: Warehouse, lookup: Lookup, lookups: Lookups) -> None:
    """Put a lookup that relations join beside the tables that they read."""
    table = lookups.tables[lookup.name]
    keys = list(next(iter(table.values())))
    values = {name: ("DOUBLE", [table[name][key] for key in keys]) for name in lookup.totals}
    log.put(f"lookup_{lookup.name}", {str(lookup.key): ("VARCHAR", keys), **values})


def _add_table(
    log: Warehouse, catalog: Catalog, lookup: Lookup, scope: Scope, lookups: Lookups
) -> None:
    totals = "".join(
        f", CAST({total_sql(total, scope)} AS DOUBLE) AS {name_sql(name)}"
        for name, total in lookup.totals.items()
    )
    rows = rows_sql(catalog.relations, lookup.relation, scope, _columns(lookup))
    key = "NULL" if lookup.key is None else f"CAST({bind(lookup.key, scope)} AS VARCHAR)"
    group = "" if lookup.key is None else " WHERE key IS NOT NULL GROUP BY key ORDER BY key"
    query = f"SELECT key{totals} FROM (SELECT *, {key} AS key FROM ({rows})){group}"
    if lookup.key is None:
        query = query.replace("SELECT key,", "SELECT any_value(key),", 1)
    found = log.fetch(query)
    for place, column in enumerate(lookup.totals, start=1):
        if lookup.key is None:
            lookups.scalars[f"@{lookup.name}:{column}"] = found[0][place]
        else:
            lookups.tables.setdefault(lookup.name, {})[column] = {r[0]: r[place] for r in found}


def _columns(lookup: Lookup) -> set[str]:
    read = {n for _, value in lookup.totals.values() for n in names_in(value)}
    return {n for n in read | ({lookup.key} if lookup.key else set()) if not is_constant(n)}


def _quantiles(
    log: Warehouse, catalog: Catalog, quantiles: Sequence[Quantiles], scope: Scope, population: str
) -> dict[str, float | None]:
    features = ", ".join(name_sql(quantile.feature) for quantile in quantiles)
    columns = ", ".join(f"quantile_cont({name_sql(q.feature)}, [{_levels(q)}])" for q in quantiles)
    parts = [replace(scope, within=within) for within in log.ranges]
    queries = [features_sql(catalog, part, population) for part in parts]
    log.keep("of_everybody", [f"SELECT {features} FROM ({query})" for query in queries])
    found = log.fetch(f"SELECT {columns} FROM of_everybody")[0]
    log.drop("of_everybody")
    scalars: dict[str, float | None] = {}
    for of, values in zip(quantiles, found, strict=True):
        names = [f"@{of.name}:{percent}" for percent in of.percents]
        scalars |= dict(zip(names, values or [None] * len(names), strict=True))
    return scalars


def _levels(quantiles: Quantiles) -> str:
    return ", ".join(f"{percent / 100:.4f}e0" for percent in quantiles.percents)
