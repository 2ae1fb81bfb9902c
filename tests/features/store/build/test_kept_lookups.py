"""Statistics of the population stay with the store: an instant is answered with those of then."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pytest
from redis import Redis

from features.builds.population_statistics import build_lookups_at
from features.builds.shop_catalog import read_catalog
from features.log.log import Log, read_log
from features.shop.settings_file import SensitiveSection
from features.shop.shop import read_shop
from features.store.address import open_target
from features.store.build import kept_lookups as statistics
from features.store.build.store_build import build_store
from features.store.protocol import StoreInfo, StoreTarget
from features.windows import DAY


@pytest.fixture
def log(write_shop) -> Log:
    """Sixty days in which the mean price of tea rises every day."""
    days = pd.date_range("2024-01-01 12:00", periods=60, freq="D")
    orders = {"order_id": range(60), "ordered_at": days, "amount": 1}
    lines = {"order_id": range(60), "product_id": "p", "quantity": 1, "unit_price": range(60)}
    tables = {
        "orders": pd.DataFrame(orders).assign(customer_id=[f"c{n % 7}" for n in range(60)]),
        "order_lines": pd.DataFrame(lines),
        "products": pd.DataFrame({"product_id": ["p"], "category": ["tea"]}),
    }
    return read_log(read_shop(write_shop(tables)))


@pytest.fixture(params=["file", pytest.param("redis", marks=pytest.mark.services)])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StoreTarget]:
    if request.param == "file":
        yield open_target(tmp_path / "store.sqlite")
        return
    url = os.environ.get("NEXTBUY_TEST_REDIS", "redis://127.0.0.1:6379/0")
    name = f"test-{uuid.uuid4().hex}"
    yield open_target(url, name)
    client = Redis.from_url(url)
    client.delete(*client.scan_iter(f"nextbuy:{name}:*", count=1000))
    client.close()


def _ages(info: StoreInfo) -> list[int]:
    """Say how many days before the build each of its statistics is from."""
    return [(info.data_cutoff - lookups.built_at) // DAY for lookups in info.lookups]


def test_an_instant_before_the_last_build_is_answered_with_the_statistics_of_then(
    log: Log, target: StoreTarget
) -> None:
    end = log.observed_until
    for age in (20, 10, 0):
        build_store(log, target, end - age * DAY)
    store = target.open()
    assert _ages(store.info) == [20, 10, 0]
    for age, of in ((20, 20), (11, 20), (10, 10), (1, 10), (0, 0)):
        then = end - of * DAY
        assert store.info.lookups_at(end - age * DAY) == build_lookups_at(
            log, then, read_catalog(log, then)
        )
    prices = [e.tables["category_price"]["category_price"]["tea"] for e in store.info.lookups]
    np.testing.assert_allclose(prices, [1950, 2450, 2950])
    assert store.info.lookups_at(end - 20 * DAY - 1) is None
    store.close()


def test_what_no_answer_can_need_is_not_kept(
    log: Log, target: StoreTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = log.observed_until
    for age in (40, 35, 20, 10):
        info = build_store(log, target, end - age * DAY)
    assert _ages(info) == [30, 25, 10, 0]
    assert _ages(build_store(log, target, end)) == [35, 20, 10, 0]  # from 30 days on it answers
    assert _ages(build_store(log, target, end)) == [35, 20, 10, 0]
    monkeypatch.setattr(statistics, "_MOST", 3)
    assert _ages(build_store(log, target, end)) == [20, 10, 0]
    assert _ages(build_store(log, target, end - 15 * DAY)) == [5, 0], "later ones are not known"


def test_statistics_that_are_made_otherwise_are_not_taken_over(log: Log, tmp_path: Path) -> None:
    end, path = log.observed_until, tmp_path / "store.sqlite"
    build_store(log, path, end - 10 * DAY)
    shop = msgspec.structs.replace(log.shop, sensitive=SensitiveSection(words=["tea"]))
    other = read_log(shop)
    assert _ages(build_store(other, path, end)) == [0]
    assert _ages(build_store(log, path, end)) == [0]
    path.write_bytes(b"not a database at all, but long enough" * 50)
    assert _ages(build_store(log, path, end)) == [0]


def test_their_hash_follows_what_they_are_made_of(log: Log) -> None:
    catalog = read_catalog(log, log.observed_until)
    fewer = catalog.select(["r_score"])
    assert catalog.lookup_hashes["r"] == fewer.lookup_hashes["r"]
    hashes = {
        statistics.hash_statistics(log.shop, catalog, []),
        statistics.hash_statistics(log.shop, fewer, []),
        statistics.hash_statistics(log.shop, catalog, ["country"]),
    }
    assert len(hashes) == 3
