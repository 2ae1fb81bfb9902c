"""Builds under posted rows: none is lost and none is read twice, whoever dies and wherever."""

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from features.contract.row_keys import hash_values
from features.history.layout import ROW_KEY
from features.ledgers.journal import open_journal
from features.log.log import read_log
from features.shop.shop import Shop, read_shop
from features.store.address import store_target
from features.store.build import store_build as store_module
from features.store.build.store_build import build_store
from features.store.fresh import FreshStore
from features.store.protocol import HistoryStore

ROOT = Path(__file__).parents[4]
CUSTOMERS = [f"c{number}" for number in range(7)]
BATCH = 25  # rows of one post

# Posts orders at a rate until told to stop, some of them twice, and says which were accepted.
WRITER = """
import sys, time
from pathlib import Path
from features.ledgers.journal import open_journal
from features.ledgers.posted_rows import PostedRowChecker
from features.shop.shop import read_shop

config, name, rate, batch = sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4])
shop = read_shop(config)
checker, journal = PostedRowChecker(shop), open_journal(shop)
number, rows, start = 0, [], time.monotonic()
while not (Path(config).parent / "stop").exists():
    rows = rows[:2] + [
        {"order_id": f"{name}-{n}", "customer_id": f"c{n % 7}", "amount": 1,
         "ordered_at": "2024-06-01T12:00:00Z"}
        for n in range(number, number + batch)
    ]
    receipt = journal.append(checker.read({"orders": rows}))
    assert receipt.accepted == batch, receipt
    number += batch
    print(number, flush=True)
    time.sleep(max(0, start + number / rate - time.monotonic()))
"""


class Writer:
    """A process that posts; `accepted` are the orders that it was told are accepted."""

    def __init__(self, config: Path, name: str, rate: float) -> None:
        self.name = name
        self._said = config.parent / f"{name}.txt"
        arguments = [str(config), name, str(rate), str(BATCH)]
        with self._said.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-c", WRITER, *arguments],
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdout=output,
            )

    @property
    def count(self) -> int:
        told = [line for line in self._said.read_text().split("\n")[:-1] if line]
        return int(told[-1]) if told else 0

    def wait(self, count: int) -> None:
        deadline = time.monotonic() + 60
        while self.count < count:
            assert self.process.poll() is None, "the writer has died"
            assert time.monotonic() < deadline
            time.sleep(0.02)

    @property
    def accepted(self) -> set[int]:
        return {hash_values([f"{self.name}-{n}"]) for n in range(self.count)}


@pytest.fixture(params=["file", pytest.param("redis", marks=pytest.mark.services)])
def config(
    request: pytest.FixtureRequest, write_shop, orders, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """A shop with a few orders in its files, and its store in a file or in Redis."""
    name = f"test-{uuid.uuid4().hex}"
    path = write_shop(
        {"orders": orders(("c0", "2024-01-02", 1), ("c1", "2024-03-02", 1))}, name=name
    )
    if request.param == "file":
        yield path
        return
    from redis import Redis

    url = os.environ.get("NEXTBUY_TEST_REDIS", "redis://127.0.0.1:6379/0")
    monkeypatch.setenv("NEXTBUY_STORE", url)
    yield path
    client = Redis.from_url(url)
    if left := list(client.scan_iter(f"nextbuy:{name}:*", count=1000)):
        client.delete(*left)
    client.close()


def build(shop: Shop) -> None:
    log = read_log(shop)
    build_store(log, store_target(shop))
    log.connection.close()


def open_fresh(shop: Shop) -> FreshStore:
    return FreshStore(shop, store_target(shop).open(), open_journal(shop))


def read_orders(store: HistoryStore) -> list[int]:
    found = store.read(CUSTOMERS)
    return [int(key) for tables in found.values() for key in tables["orders"][ROW_KEY]]


def check(store: HistoryStore, writers: list[Writer]) -> None:
    """Hold a reader against what the writers were told before it read."""
    accepted = set().union(*(writer.accepted for writer in writers))
    read = read_orders(store)
    assert len(read) == len(set(read)), "a row was read twice"
    assert accepted <= set(read), "a row was lost"


def rebuild_under_posts(config: Path, rebuilds: int, rate: float) -> int:
    shop = read_shop(config)
    build(shop)
    first = open_fresh(shop)
    writers = [Writer(config, name, rate / 2) for name in ("one", "two")]
    try:
        for writer in writers:
            writer.wait(BATCH)
        for _ in range(rebuilds):
            before = sum(writer.count for writer in writers)
            build(shop)
            now = open_fresh(shop)
            check(now, writers)
            check(first, writers)  # a reader of the first build goes on reading it
            now.close()
            for writer in writers:
                writer.wait(before // 2 + BATCH)
    finally:
        (config.parent / "stop").touch()
        assert [writer.process.wait(60) for writer in writers] == [0, 0]
    build(shop)
    last = store_target(shop).open()
    check(last, writers)
    assert len(read_orders(last)) == 2 + sum(writer.count for writer in writers)
    last.close()
    first.close()
    return sum(writer.count for writer in writers)


@pytest.mark.parametrize("clock_days", [0, 2])
def test_no_row_is_lost_or_read_twice_while_builds_are_swapped(
    config: Path, clock_days: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "_CLOCK_DAYS", clock_days)
    assert rebuild_under_posts(config, rebuilds=3, rate=100) >= 100


@pytest.mark.slow
def test_twenty_builds_under_500_rows_a_second(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "_CLOCK_DAYS", 0)
    assert rebuild_under_posts(config, rebuilds=20, rate=500) >= 2000


def test_what_was_accepted_outlives_a_writer_that_is_killed(config: Path) -> None:
    shop = read_shop(config)
    build(shop)
    writer = Writer(config, "one", 1e9)
    writer.wait(4 * BATCH)
    writer.process.send_signal(signal.SIGKILL)
    writer.process.wait(10)
    store = open_fresh(shop)
    check(store, [writer])
    posted = len(read_orders(store)) - 2
    assert posted % BATCH == 0, "half a post was taken"
    store.close()
