"""Statistics of the population in one pass, counted by hand."""

from pathlib import Path

import pytest

from features.builds.population_statistics import PopulationStatistics, build_lookups_at
from features.catalog.relations import PURCHASES
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
_HALF = Quantiles("half", "orders_count", (50,))


def _catalog(*lookups: Lookup) -> Catalog:
    """Make a catalog that reads some lookups, by the channel `web` where they have a key."""
    names = [
        f'"@{lookup.name}:{total}{":web" if lookup.key else ""}"'
        for lookup in lookups
        for total in lookup.totals
    ]
    read = Derived(
        "read", expression=" + ".join([*names, '"@half:50"', "orders_count"]),
        description="", unit="", family="",
    )  # fmt: skip
    return Catalog([_COUNT, read], Relations(PURCHASES), [*lookups, _HALF])


@pytest.fixture
def log(write_shop, orders) -> Log:
    frame = orders(
        ("a", "2024-01-01 10:00:00", 1),
        ("a", "2024-01-02 10:00:00", 2),
        ("a", "2024-01-03 10:00:00", 3),
        ("b", "2024-01-03 10:00:00", 4),
        ("c", "2024-02-01 10:00:00", 5),
    )
    frame["sales_channel"] = ["web", "shop", "web", None, "web"]
    return read_log(read_shop(write_shop({"orders": frame})))


@pytest.mark.parametrize(
    ("day", "spend", "median"), [("2024-01-02", 300.0, 2.0), ("2024-01-05", 1000.0, 2.0),
                                 ("2024-02-01", 1500.0, 1.0)],
)  # fmt: skip
def test_a_statistic_is_that_of_everybody_known_at_the_cutoff(
    log: Log, day: str, spend: float, median: float
) -> None:
    cutoff = read_cutoff(day, log.timezone)
    spent = Lookup("all", relation="purchases", key=None, totals={"spend": ("sum", "amount")})
    lookups = build_lookups_at(log, cutoff, _catalog(spent))
    assert lookups.built_at == cutoff
    assert lookups.scalars == {"@all:spend": spend, "@half:50": median}
    assert lookups.tables == {}


def test_every_aggregate_by_key_is_that_of_the_rows_with_the_key(log: Log) -> None:
    cutoff = read_cutoff("2024-02-01", log.timezone)
    kinds = ("count", "sum", "mean", "min", "max", "median", "std")
    by_channel = Lookup(
        "channel", relation="purchases", key="sales_channel",
        totals={kind: (kind, "amount / 100") for kind in kinds},
    )  # fmt: skip
    table = build_lookups_at(log, cutoff, _catalog(by_channel)).tables["channel"]
    web = {"count": 3, "sum": 9, "mean": 3, "min": 1, "max": 5, "median": 3, "std": 2}
    assert {kind: table[kind]["web"] for kind in kinds} == pytest.approx(web)
    assert {kind: table[kind]["shop"] for kind in kinds[:6]} == dict.fromkeys(kinds[:6], 2.0) | {
        "count": 1.0
    }
    assert set(table["sum"]) == {"web", "shop"}  # a row without the key is in no group


def test_of_no_rows_counts_are_0_and_other_statistics_missing(log: Log) -> None:
    before = read_cutoff("2023-12-31", log.timezone)
    totals = {"n": ("count", "amount"), "sum": ("sum", "amount"), "first": ("min", "day")}
    everything = Lookup("all", relation="purchases", key=None, totals=totals)
    lookups = build_lookups_at(log, before, _catalog(everything))
    assert lookups.scalars == {
        "@all:n": 0.0, "@all:sum": None, "@all:first": None, "@half:50": None,
    }  # fmt: skip


def test_a_statistic_that_reads_another_one_is_refused(tmp_path: Path) -> None:
    first = Lookup("first", relation="purchases", key=None, totals={"n": ("count", "day")})
    chained = Quantiles("deep", "read", (50,))
    catalog = _catalog(first)
    deep = Derived("beside", expression='"@deep:50"', description="", unit="", family="")
    catalog = Catalog([*catalog.values(), deep], Relations(PURCHASES), [first, _HALF, chained])
    with pytest.raises(ValueError, match="some that read first, half; correct"):
        PopulationStatistics(catalog, tmp_path)


def test_a_catalog_without_statistics_needs_no_pass(log: Log) -> None:
    catalog = Catalog([_COUNT], Relations(PURCHASES))
    lookups = build_lookups_at(log, log.observed_until, catalog)
    assert (lookups.scalars, lookups.tables) == ({}, {})
