"""Tests of the population's statistics, counted by hand."""

import pytest

from features.catalog.relations import PURCHASES
from features.engines.sql.feature_queries import build_scope, make_scope, purchases_sql
from features.engines.sql.lookups import build_lookups, drop_computed
from features.language.catalog import Catalog
from features.language.feature import Aggregate, Derived, Quantiles
from features.language.relation import Lookup, Relations
from features.log.log import Log, read_log
from features.shop.shop import read_shop
from features.windows import read_cutoff

_COUNT = Aggregate(
    "orders_count", relation="purchases", aggregate="count", value="amount",
    description="", unit="orders", family="",
)  # fmt: skip
_BESIDE_ALL = Derived(
    "beside_all", expression='"@all:spend" + "@half:50" + orders_count',
    description="", unit="", family="",
)  # fmt: skip
_SPEND = Lookup("all", relation="purchases", key=None, totals={"spend": ("sum", "amount")})
_HALF = Quantiles("half", "orders_count", (50,))
_CATALOG = Catalog([_COUNT, _BESIDE_ALL], Relations(PURCHASES), [_SPEND, _HALF])


@pytest.fixture
def log(write_shop, orders) -> Log:
    frame = orders(
        ("a", "2024-01-01 10:00:00", 1),
        ("a", "2024-01-02 10:00:00", 2),
        ("a", "2024-01-03 10:00:00", 3),
        ("b", "2024-01-03 10:00:00", 4),
        ("c", "2024-02-01 10:00:00", 5),
    )
    return read_log(read_shop(write_shop({"orders": frame})))


@pytest.mark.parametrize(
    ("day", "spend", "median"), [("2024-01-02", 300.0, 2.0), ("2024-01-05", 1000.0, 2.0),
                                 ("2024-02-01", 1500.0, 1.0)],
)  # fmt: skip
def test_a_statistic_is_that_of_everybody_known_at_the_cutoff(
    log: Log, day: str, spend: float, median: float
) -> None:
    cutoff = read_cutoff(day, log.timezone)
    lookups = build_scope(log, cutoff, _CATALOG).lookups
    assert lookups.built_at == cutoff
    assert lookups.scalars == {"@all:spend": spend, "@half:50": median}


def test_relations_that_are_costly_are_computed_once_and_dropped(log: Log) -> None:
    cutoff = read_cutoff("2024-01-05", log.timezone)
    days = Lookup("days", relation="purchase_days", key=None, totals={"n": ("count", "day")})
    read = Derived("read", expression='"@days:n"', description="", unit="", family="")
    catalog = Catalog([read], Relations(PURCHASES), [days])
    scope = build_lookups(log, catalog, make_scope(log, cutoff), purchases_sql(log, cutoff))
    assert scope.lookups.scalars == {"@days:n": 4.0}
    drop_computed(log, scope)
    tables = log.connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
    assert not any(name.startswith("computed_") for (name,) in tables)
