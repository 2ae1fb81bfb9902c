"""Ranges of customers: each customer in one, and the same features as of everybody at once."""

from pathlib import Path

import pandas as pd
import pytest

from benchmarks.features.warehouse import CUTOFF, write_warehouse
from features.builds.feature_build import build_features, write_features
from features.builds.shop_catalog import read_catalog
from features.engines.sql.feature_queries import build_lookups_at
from features.ledgers.journal import open_journal
from features.ledgers.posted_rows import PostedRowChecker
from features.log import customer_ranges as ranges
from features.log.log import Log, read_log
from features.shop.shop import read_shop
from features.windows import read_cutoff
from nextbuy.simulator.simulator import simulate_shop


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Log:
    folder = tmp_path_factory.mktemp("warehouse")
    log = read_log(read_shop(write_warehouse(folder, 3000)))
    assert log.ranges == ("",)
    return log


@pytest.fixture
def parted(whole: Log, monkeypatch: pytest.MonkeyPatch) -> Log:
    monkeypatch.setattr(ranges, "_ROWS", 4000)
    return read_log(whole.shop)


def test_every_customer_is_in_one_range(parted: Log) -> None:
    everybody = parted.fetch("SELECT customer_id FROM orders UNION SELECT customer_id FROM events")
    found = [
        row
        for within in parted.ranges
        for row in parted.fetch(
            "SELECT * FROM (SELECT customer_id FROM orders UNION SELECT customer_id FROM events) "
            f"WHERE {within} ORDER BY 1"
        )
    ]
    assert len(parted.ranges) > 3
    assert found == sorted(everybody)


def test_features_and_statistics_are_those_of_everybody_at_once(whole: Log, parted: Log) -> None:
    cutoff = read_cutoff(CUTOFF, whole.timezone)
    catalog = read_catalog(whole, cutoff)
    ours, theirs = (build_features(log, [cutoff], catalog, "contacts") for log in (parted, whole))
    pd.testing.assert_frame_equal(ours, theirs, rtol=1e-9, atol=0)
    ours, theirs = (build_lookups_at(log, cutoff, catalog) for log in (parted, whole))
    assert ours.tables.keys() == theirs.tables.keys()
    assert ours.scalars == pytest.approx(theirs.scalars, rel=1e-12)
    for name, columns in theirs.tables.items():
        for column, values in columns.items():
            assert ours.tables[name][column] == pytest.approx(values, rel=1e-12)


def test_the_file_holds_every_customer_once(parted: Log) -> None:
    frame = pd.read_parquet(write_features(parted))
    buyers = parted.fetch("SELECT DISTINCT customer_id FROM orders WHERE cancelled_at IS NULL")
    assert frame["customer_id"].is_unique
    assert set(frame["customer_id"]) >= {row[0] for row in buyers}


def test_posted_rows_that_replace_others_leave_the_ranges_whole(
    write_shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranges, "_ROWS", 30)
    rows = [
        {"order_id": f"o{n}", "customer_id": f"c{n:03}", "ordered_at": "2024-01-02", "amount": 1}
        for n in range(100)
    ]
    frame = pd.DataFrame(rows)
    frame.loc[0, "ordered_at"] = "2024-01-01"
    shop = read_shop(write_shop({"orders": frame}))
    journal = open_journal(shop)
    journal.append(PostedRowChecker(shop).read({"orders": rows[20:80]}))
    journal.close()
    log = read_log(shop)
    assert len(log.ranges) == 4
    catalog = read_catalog(log, log.observed_until)
    assert len(build_features(log, [log.observed_until], catalog)) == 100


def test_accounts_of_one_customer_are_not_parted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranges, "_ROWS", 100)
    log = read_log(read_shop(simulate_shop(tmp_path, 60)))
    assert "identities" in log.provided
    assert log.ranges == ("",)
