"""Writes the features of a catalog as one DuckDB query per cutoff, over the whole log."""

from collections.abc import Callable, Set
from functools import cache
from itertools import groupby

from sqlglot import exp

from features.contract.casts import name_sql
from features.history.layout import HISTORY_TABLES
from features.language.catalog import Catalog
from features.language.expressions import parse
from features.language.feature import Aggregate, Derived
from features.language.relation import Relation, Relations, Total, is_constant
from features.language.scope import Scope
from features.windows import Window

_FUNCTIONS = {
    "count": "count({value})",
    "sum": "sum({value})",
    "mean": "avg({value})",
    "min": "min({value})",
    "max": "max({value})",
    "std": "stddev_samp({value})",
    "median": "median({value})",
    "last": "arg_max({value}, {by})",
    "top": "arg_min({value}, {{'a': -({by}), 'b': {value}}})",
}
Source = Callable[[str], str]  # name of a relation -> what stands after FROM
_TYPES = {"number": "DOUBLE", "text": "VARCHAR"}


def features_sql(catalog: Catalog, scope: Scope, population: str) -> str:
    """Write the query of all features of a catalog at a cutoff.

    Parameters
    ----------
    catalog : Catalog
        The features to compute.
    scope : Scope
        The cutoff and the lookups.
    population : str
        SELECT of the `customer_id`s of the customers who get a row.

    Returns
    -------
    str
        A query of one row per customer: `customer_id` and the features in the catalog's order,
        numbers as DOUBLE and texts as VARCHAR.
    """
    blocks = [f"rel_{r.name} AS ({_read_sql(catalog, r, scope)})" for r in catalog.read_relations]
    by_relation = sorted(catalog.aggregates, key=lambda f: f.relation)
    for relation, features in groupby(by_relation, key=lambda f: f.relation):
        aggregates = ", ".join(_aggregate_sql(f, scope) for f in features)
        blocks.append(
            f"of_{relation} AS (SELECT customer_id, {aggregates} FROM rel_{relation} "
            "GROUP BY customer_id)"
        )
    used = sorted({f.relation for f in catalog.aggregates})
    joins = "".join(f" LEFT JOIN of_{name} USING (customer_id)" for name in used)
    aggregates = "".join(f", {_filled(f)} AS {name_sql(f.name)}" for f in catalog.aggregates)
    rows = f"SELECT customer_id{aggregates} FROM ({population}) AS population{joins}"
    for level in catalog.levels:
        derived = "".join(f", {_derived_sql(f, scope)} AS {name_sql(f.name)}" for f in level)
        rows = f"SELECT *{derived} FROM ({rows}) AS known"
    columns = "".join(f", {name_sql(name)}" for name in catalog)
    return f"WITH {', '.join(blocks)} SELECT customer_id{columns} FROM ({rows}) AS features"


def rows_sql(relations: Relations, name: str, scope: Scope, wanted: Set[str] | None = None) -> str:
    """Write the SELECT of a relation's rows at a cutoff.

    Parameters
    ----------
    relations : Relations
        The relation and all that it reads.
    name : str
        Of the relation.
    scope : Scope
        The cutoff and its lookups.
    wanted : set of str, optional
        The columns to select; default: all.

    Returns
    -------
    str
        A query of `customer_id` and the columns, any number of rows per customer.
    """
    if name in scope.computed:
        return f"SELECT * FROM {scope.computed[name]}"
    relation = relations[name]
    wanted = relation.names if wanted is None else relation.with_ordered(wanted)
    read = relation.inputs_of(wanted)

    def source(other: str) -> str:
        columns = read if other in relation.sources else None
        return f"({rows_sql(relations, other, scope, columns)})"

    window = Window(scope.cutoff, relation.lookback)
    return _relation_sql(relation, wanted, window, scope, source)


def _read_sql(catalog: Catalog, relation: Relation, scope: Scope) -> str:
    """Write the SELECT of those rows and columns of a relation that the catalog reads."""
    if relation.name in scope.computed:
        return f"SELECT * FROM {scope.computed[relation.name]}"
    window = Window(scope.cutoff, catalog.lookbacks[relation.name])
    wanted = catalog.read_columns[relation.name]
    return _relation_sql(relation, wanted, window, scope, lambda name: f"rel_{name}")


def bind_constants(text: str, scope: Scope) -> str:
    """Write an expression as SQL, with the values of a cutoff in place of its constants."""
    parts = _template(text)
    return "".join(
        _literal(scope.constant(part)) if index % 2 else part for index, part in enumerate(parts)
    )


@cache
def _template(text: str) -> tuple[str, ...]:
    """Split an expression's SQL into pieces, every second of which is the name of a constant."""

    def mark(node: exp.Expression) -> exp.Expression:
        if isinstance(node, exp.Column) and is_constant(node.name):
            return exp.Var(this=f"{_MARK}{node.name}{_MARK}")
        return node

    return tuple(parse(text).transform(mark).sql(dialect="duckdb").split(_MARK))


_MARK = "\0"


def _literal(value: float | int | None) -> str:
    if value is None or value != value:
        return "CAST(NULL AS DOUBLE)"
    return str(value) if isinstance(value, int) else f"{value:.17e}"


def total_sql(total: Total, scope: Scope) -> str:
    """Write the SQL of an aggregate over the rows of a group."""
    aggregate, value = total
    return _FUNCTIONS[aggregate].format(value=bind_constants(value, scope))


def _relation_sql(
    relation: Relation, wanted: Set[str], window: Window, scope: Scope, source: Source
) -> str:
    """Write the SELECT of a relation's rows in a window, with the wanted columns."""
    rows = _source_sql(relation, wanted, window, scope, source)
    if relation.by:
        keys = ", ".join(name_sql(name) for name in relation.by)
        totals = "".join(
            f", {total_sql(total, scope)} AS {name_sql(name)}"
            for name, total in relation.totals.items()
            if name in wanted
        )
        rows = f"SELECT customer_id, {keys}{totals} FROM {rows} GROUP BY customer_id, {keys}"
    else:
        columns = "".join(
            f", {bind_constants(text, scope)} AS {name_sql(name)}"
            for name, text in relation.columns.items()
            if name in wanted
        )
        rows = f"SELECT customer_id{columns} FROM {rows}"
    return _ordered_sql(relation, wanted, rows)


def _source_sql(
    relation: Relation, wanted: Set[str], window: Window, scope: Scope, source: Source
) -> str:
    """Write FROM and WHERE: the rows that are known and read, with the values joined to them."""
    conditions = [f"({bind_constants(relation.where, scope)})"] if relation.where else []
    if relation.table is not None:
        rows = scope.tables.get(relation.table, relation.table)
        conditions.append(window.known_sql(HISTORY_TABLES[relation.table].happened, "known_at"))
    else:
        rows = _sources_sql(relation, wanted, source)
        if window.start is not None:
            conditions.append(f"happened_at > {window.start}")
    for name, (other, aggregate, value) in relation.customer.items():
        if name in relation.reads(wanted):
            rows += (
                f" LEFT JOIN (SELECT customer_id, {total_sql((aggregate, value), scope)} "
                f"AS {name_sql(name)} FROM {source(other)} GROUP BY customer_id) "
                "USING (customer_id)"
            )
    if relation.lookup is not None and relation.looks_up(wanted):
        rows += f" LEFT JOIN lookup_{relation.lookup.name} USING ({relation.lookup.key})"
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return rows + where


def _sources_sql(relation: Relation, wanted: Set[str], source: Source) -> str:
    if len(relation.sources) == 1:
        return source(relation.sources[0])
    names = set(relation.filters()).union(*(relation.inputs(c) for c in wanted))
    names |= {"happened_at"} if relation.lookback is not None else set()
    columns = ", ".join(name_sql(name) for name in ("customer_id", *sorted(names)))
    parts = (f"SELECT {columns} FROM {source(name)}" for name in relation.sources)
    return f"({' UNION ALL '.join(parts)})"


def _ordered_sql(relation: Relation, wanted: Set[str], rows: str) -> str:
    if relation.order is None:
        return rows
    within = ", ".join(("customer_id", *relation.within))
    window = f"(PARTITION BY {within} ORDER BY {relation.order}"
    columns = "".join(
        f", {value} - lag({value}) OVER {window}) AS {name}"
        for name, value in relation.gaps.items()
        if name in wanted
    ) + "".join(
        f", {value} - first_value({value}) OVER {window}) AS {name}"
        for name, value in relation.ages.items()
        if name in wanted
    )
    ties = "".join(f", {name} DESC NULLS LAST" for name in relation.ties)
    latest = f" QUALIFY row_number() OVER {window} DESC{ties}) = 1" if relation.latest else ""
    return f"SELECT *{columns} FROM ({rows}) AS ordered{latest}"


def _aggregate_sql(feature: Aggregate, scope: Scope) -> str:
    value = bind_constants(feature.value, scope)
    by = bind_constants(feature.by, scope) if feature.by else ""
    conditions = [f"({bind_constants(feature.where, scope)})"] if feature.where else []
    start = Window(scope.cutoff, feature.lookback).start
    if start is not None:
        conditions.append(f"happened_at > {start}")
    if by:
        conditions.append(f"({value}) IS NOT NULL AND ({by}) IS NOT NULL")
        filtered = f" FILTER (WHERE {' AND '.join(conditions)})"
    else:  # every aggregate leaves out NULL, and a filter costs more
        value = f"CASE WHEN {' AND '.join(conditions)} THEN {value} END" if conditions else value
        filtered = ""
    function = _FUNCTIONS[feature.aggregate].format(value=value, by=by)
    return f"CAST({function}{filtered} AS {_TYPES[feature.kind]}) AS {name_sql(feature.name)}"


def _filled(feature: Aggregate) -> str:
    """Write a feature's column with 0 for counts and sums of customers without rows."""
    name = name_sql(feature.name)
    return f"coalesce({name}, 0)" if feature.aggregate in ("count", "sum") else name


def _derived_sql(feature: Derived, scope: Scope) -> str:
    return f"CAST({bind_constants(feature.expression, scope)} AS {_TYPES[feature.kind]})"
