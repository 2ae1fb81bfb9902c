"""Tests of the queries of features, run by DuckDB over rows that are written out."""

import duckdb
import pytest

from features.engines.sql.duckdb_engine import bind_constants, features_sql, rows_sql
from features.language.catalog import Catalog
from features.language.feature import Aggregate, Derived
from features.language.relation import Relation, Relations
from features.language.scope import Lookups, Scope
from features.windows import DAY

_ROWS = Relation(
    "rows",
    table="orders",
    columns={"happened_at": "ordered_at", "day": "local_day", "amount": "amount"},
)
_TABLE = f"""(SELECT * FROM (VALUES
    ('a', {90 * DAY}, {90 * DAY}, 90, 5.0),
    ('a', {95 * DAY}, {95 * DAY}, 95, NULL),
    ('a', {98 * DAY}, {101 * DAY}, 98, 100.0),
    ('b', {40 * DAY}, {40 * DAY}, 40, 7.0)
) AS t(customer_id, ordered_at, known_at, local_day, amount))"""
_SCOPE = Scope(
    100 * DAY, 100, Lookups(0, scalars={"@season:year": 2.0}), tables={"orders": _TABLE}
)  # fmt: skip
_POPULATION = "SELECT unnest(['a', 'b', 'c']) AS customer_id"


def _feature(name: str, aggregate: str, value: str, **parts) -> Aggregate:
    return Aggregate(
        name, relation="rows", aggregate=aggregate, value=value,
        description="", unit="", family="", **parts,
    )  # fmt: skip


def _compute(*features: Aggregate | Derived, scope: Scope = _SCOPE) -> list[tuple]:
    catalog = Catalog(features, Relations((_ROWS,)))
    query = features_sql(catalog, scope, _POPULATION)
    return duckdb.execute(f"{query} ORDER BY customer_id").fetchall()


def test_rows_that_are_not_known_at_the_cutoff_are_not_read() -> None:
    assert _compute(_feature("n", "count", "day")) == [("a", 2.0), ("b", 1.0), ("c", 0.0)]


def test_a_customer_without_rows_has_counts_and_sums_of_0_and_no_mean() -> None:
    features = [_feature(name, name, "amount") for name in ("count", "sum", "mean")]
    assert _compute(*features)[2] == ("c", 0.0, 0.0, None)


def test_a_lookback_and_a_condition_restrict_the_rows() -> None:
    recent = _feature("recent", "count", "day", lookback=30)
    dear = _feature("dear", "count", "day", where="amount > 6")
    assert _compute(recent, dear) == [("a", 2.0, 0.0), ("b", 0.0, 1.0), ("c", 0.0, 0.0)]


def test_a_derived_feature_reads_features_of_the_same_customer() -> None:
    double = Derived(
        "double", expression="2 * n + cutoff_day", description="", unit="", family=""
    )  # fmt: skip
    rows = _compute(_feature("n", "count", "day"), double)
    assert [row[2] for row in rows] == [104.0, 102.0, 100.0]


def test_the_rows_of_a_relation_have_the_wanted_columns() -> None:
    query = rows_sql(Relations((_ROWS,)), "rows", _SCOPE, {"amount"})
    assert sorted(duckdb.execute(query).fetchall(), key=str) == [
        ("a", 5.0), ("a", None), ("b", 7.0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("cutoff_day - 1", 99),
        ('2 * "@season:year"', 4.0),
        ('coalesce("@season:next", 9)', 9.0),
    ],
)
def test_the_constants_of_a_cutoff_are_written_into_the_query(text: str, value: float) -> None:
    assert duckdb.execute(f"SELECT {bind_constants(text, _SCOPE)}").fetchall() == [(value,)]
