"""One declaration: queries over the log, builds, and the functions over histories agree."""

from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.builds.feature_build import build_features
from features.builds.population_statistics import build_lookups_at
from features.builds.shop_catalog import read_catalog
from features.engines.plan import FeaturePlan
from features.engines.sql.feature_queries import build_scope, make_scope
from features.history.customer_histories import read_customer_histories
from features.language.catalog import Catalog
from features.language.feature import Aggregate, Feature
from features.language.scope import Lookups
from features.log.log import Log
from features.store.build.store_build import build_store
from features.store.sqlite_store import SqliteStore
from features.windows import read_cutoff
from tests.random_logs import OVER_LOGS, ZONES, random_logs, read_tables
from tests.sql_features import query_features

# Counts, sums of integer money, dates and categories agree exactly; quotients to 1e-9.
EXACT = ("count", "sum", "min", "max", "last", "top")
QUOTIENTS = ("cycles", "due")


def _histories(log: Log, folder: Path) -> dict[str, dict]:
    build_store(log, folder / "store.sqlite", keep_days={})  # for cutoffs however early
    store = SqliteStore(folder / "store.sqlite")
    found = store.read(store.customer_ids())
    store.close()
    return found


def _assert_equal(catalog: Catalog, name: str, ours: np.ndarray, theirs: np.ndarray) -> None:
    feature = catalog[name]
    if feature.kind == "text":
        theirs = np.array([t if isinstance(t, str) else None for t in theirs], dtype=object)
        np.testing.assert_array_equal(ours, theirs, err_msg=name)
        return
    if _is_exact(feature):
        np.testing.assert_array_equal(ours, theirs, err_msg=name)
        return
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=0, err_msg=name)


def _as_computed(catalog: Catalog, name: str, frame: pd.DataFrame) -> np.ndarray:
    """Return a feature of a frame with None for a missing text."""
    if catalog[name].kind == "number":
        return frame[name].to_numpy()
    return np.array([v if isinstance(v, str) else None for v in frame[name]], dtype=object)


def _assert_equal_lookups(ours: Lookups, theirs: Lookups) -> None:
    assert ours.scalars == pytest.approx(theirs.scalars, rel=1e-12)
    assert ours.tables.keys() == theirs.tables.keys()
    for name, columns in theirs.tables.items():
        for column, values in columns.items():
            assert list(ours.tables[name][column]) == list(values)
            assert ours.tables[name][column] == pytest.approx(values, rel=1e-12), (name, column)


def _is_exact(feature: Feature) -> bool:
    return (
        isinstance(feature, Aggregate)
        and feature.aggregate in EXACT
        and feature.relation not in QUOTIENTS
        and "/" not in feature.value
        and not feature.value.startswith("ln")
    )


def _assert_parity(log: Log, cutoff: int, found: dict[str, dict], alone: bool = False) -> None:
    """Compare the queries with the build, with histories in a batch, and with each one alone."""
    catalog = read_catalog(log, cutoff)
    frame = query_features(log, cutoff, catalog, population="contacts")
    built = build_features(log, [cutoff], catalog, population="contacts")
    assert built["customer_id"].tolist() == frame["customer_id"].tolist()
    customers = read_customer_histories(
        lambda ids: {i: found[i] for i in ids if i in found}, frame["customer_id"], cutoff
    )
    known = [customers[i] for i in frame["customer_id"]]
    scope = make_scope(log, cutoff, build_lookups_at(log, cutoff, catalog))
    _assert_equal_lookups(scope.lookups, build_scope(log, cutoff, catalog).lookups)
    plan = FeaturePlan(catalog)
    values = plan.compute(known, scope)
    for name in catalog:
        expected = frame[name].to_numpy()
        _assert_equal(catalog, name, values[name], expected)
        _assert_equal(catalog, name, _as_computed(catalog, name, built), expected)
    for place, history in enumerate(known if alone else []):
        one = plan.compute([history], scope)
        for name in catalog:
            np.testing.assert_array_equal(one[name][0], values[name][place], err_msg=name)


def test_every_feature_of_the_simulated_shop_agrees(simulated, tmp_path: Path) -> None:
    found = _histories(simulated.log, tmp_path)
    for date in ("2024-03-01", "2025-03-30", "2025-10-01"):
        cutoff = read_cutoff(date, simulated.shop.timezone)
        _assert_parity(simulated.log, cutoff, found)


def test_a_customer_is_the_same_alone_in_a_batch_and_in_the_training_build(
    simulated, tmp_path: Path
) -> None:
    cutoff = simulated.cutoff
    catalog = read_catalog(simulated.log, cutoff)
    lookups = build_lookups_at(simulated.log, cutoff, catalog)
    scope = make_scope(simulated.log, cutoff, lookups)
    found = _histories(simulated.log, tmp_path)
    ids = list(found)[:300]
    plan = FeaturePlan(catalog)
    together = plan.compute([found[i] for i in ids], scope)
    for place in range(300):
        alone = plan.compute([found[ids[place]]], scope)
        for name in catalog:
            np.testing.assert_array_equal(alone[name][0], together[name][place], err_msg=name)


def test_of_the_listed_cycles_the_most_overdue_is_the_feature_s(simulated, tmp_path: Path) -> None:
    """What answers list and what models read come from the same rows."""
    catalog = read_catalog(simulated.log, simulated.cutoff)
    scope = make_scope(
        simulated.log, simulated.cutoff, build_lookups_at(simulated.log, simulated.cutoff, catalog)
    )
    listing = catalog.select(["due_category", "due_category_days"]).listing(
        "cycles", "overdue_ratio", "category", "due_days"
    )
    plan, histories = FeaturePlan(listing), list(_histories(simulated.log, tmp_path).values())
    values = plan.compute(histories, scope)
    for place, cycles in enumerate(values["cycles"]):
        most = max((row for row in cycles if row[0] == row[0]), default=(np.nan, None, np.nan))
        found = values["due_category"][place], values["due_category_days"][place]
        np.testing.assert_equal(found, most[1:])
    assert sum(len(cycles) > 3 for cycles in values["cycles"]) > 300
    for place in range(0, len(histories), 50):
        alone = plan.compute([histories[place]], scope)["cycles"][0]
        np.testing.assert_equal(alone, values["cycles"][place])


@pytest.mark.parametrize("zone", ZONES)
@given(data=st.data())
@OVER_LOGS
def test_any_history_agrees_alone_and_in_a_batch(
    zone: str, data: st.DataObject, tmp_path: Path
) -> None:
    """Over every table, with nulls, ties, accounts and rows exactly at the cutoff."""
    random = data.draw(random_logs(zone))
    log = read_tables(random.tables, random.zone, tmp_path)
    found = _histories(log, tmp_path)
    at_a_row = log.connection.execute(_BUSIEST).fetchall()[0][0]
    for cutoff in (at_a_row, random.cutoffs[1]):
        _assert_parity(log, cutoff, found, alone=True)


# The instant of 2024 before the second cutoff at which most rows happen.
_BUSIEST = """SELECT instant FROM (
 SELECT ordered_at AS instant FROM orders UNION ALL SELECT occurred_at FROM events
 UNION ALL SELECT sent_at FROM messages UNION ALL SELECT known_at FROM identities
) AS instants WHERE instant BETWEEN 1704067200000000 AND 1712600000000000
GROUP BY instant ORDER BY count(*) DESC, instant LIMIT 1"""


def test_of_two_statements_at_one_instant_the_largest_counts_in_both_engines(
    tmp_path: Path,
) -> None:
    """Two accounts of one customer: without a clock all their statements are at one instant."""
    accounts = [f"{letter}{n}" for letter in "ab" for n in range(20)]
    orders = {"order_id": range(40), "customer_id": accounts, "ordered_at": "2024-01-01"}
    tables = {
        "orders": pd.DataFrame(orders).assign(amount=1),
        "customers": pd.DataFrame({"customer_id": accounts, "known_at": "2024-01-01 10:00:00"}),
        "identities": pd.DataFrame(
            {"source": "s", "source_id": accounts, "customer_id": [a[1:] for a in accounts]}
        ),
    }
    countries = [None if place % 3 == 0 else "AB"[place % 2] for place in range(40)]
    years = [None if place % 5 == 0 else 1950 + place % 7 for place in range(40)]
    tables["customers"] = tables["customers"].assign(country=countries, birth_year=years)
    for order in (1, -1):
        customers = tables["customers"].iloc[::order]
        log = read_tables(tables | {"customers": customers}, ZoneInfo("UTC"), tmp_path)
        cutoff = read_cutoff("2024-02-01", log.shop.timezone)
        _assert_parity(log, cutoff, _histories(log, tmp_path), alone=True)
        catalog = read_catalog(log, cutoff).select(["country", "birth_year"])
        frame = build_features(log, [cutoff], catalog).set_index("customer_id")
        for place in range(20):
            for name, told in (("country", countries), ("birth_year", years)):
                said = [value for value in told[place::20] if value is not None]
                found = frame[name].dropna().get(str(place))
                assert found == max(said, default=None), name


def test_spellings_of_a_store_in_upper_and_lower_case_are_one_store(tmp_path: Path) -> None:
    orders = {"order_id": range(4), "customer_id": "c", "ordered_at": "2024-01-01"}
    stores = ["North", "north", "NORTH", "south"]
    tables = {"orders": pd.DataFrame(orders).assign(amount=1, store=stores)}
    log = read_tables(tables, ZoneInfo("UTC"), tmp_path)
    cutoff = read_cutoff("2024-02-01", log.shop.timezone)
    frame = build_features(log, [cutoff], read_catalog(log, cutoff))
    assert frame["north_orders_count_365d"].tolist() == [3]
    assert len({name.lower() for name in frame}) == len(list(frame))


def test_a_source_of_the_ids_needs_no_other_table(tmp_path: Path) -> None:
    orders = {"order_id": range(2), "customer_id": "c", "ordered_at": "2024-01-01"}
    tables = {"orders": pd.DataFrame(orders).assign(amount=1, source=["web", "till"])}
    log = read_tables(tables, ZoneInfo("UTC"), tmp_path)
    _assert_parity(log, log.observed_until, _histories(log, tmp_path), alone=True)


def test_of_equally_overdue_categories_name_and_days_are_of_the_same_one(tmp_path: Path) -> None:
    """Tea lasts 40 days and was bought 20 days ago, cups last 20 and were bought 10 days ago."""
    customers = [f"c{n}" for n in range(20)]
    ages = {"tea": (100, 60, 20), "cups": (50, 30, 10)}
    bought = [(c, name, age) for c in customers for name in ages for age in ages[name]]
    orders = pd.DataFrame(bought, columns=["customer_id", "product_id", "age"])
    orders["order_id"] = range(len(orders))
    orders["ordered_at"] = pd.Timestamp("2024-06-30") - pd.to_timedelta(orders["age"], "D")
    lines = orders[["order_id", "product_id"]].assign(quantity=1, unit_price=2)
    tables = {
        "orders": orders[["order_id", "customer_id", "ordered_at"]].assign(amount=1),
        "order_lines": lines,
        "products": pd.DataFrame({"product_id": list(ages), "category": list(ages)}),
    }
    log = read_tables(tables, ZoneInfo("UTC"), tmp_path)
    cutoff = read_cutoff("2024-06-30", log.shop.timezone)
    _assert_parity(log, cutoff, _histories(log, tmp_path), alone=True)
    catalog = read_catalog(log, cutoff).select(["due_category", "due_category_days"])
    frame = build_features(log, [cutoff], catalog)
    assert set(frame["due_category"]) == {"tea"}
    assert set(frame["due_category_days"]) == {20}
