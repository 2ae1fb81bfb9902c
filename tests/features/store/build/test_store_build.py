import os
import resource
import sqlite3
import uuid
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pandas as pd
import pytest
import redis

from features.errors import InputError, NextbuyError
from features.history.customer_rows import batch_histories, object_array
from features.history.layout import HISTORY_COLUMNS, ROW_KEY
from features.history.record import pack_history, record_columns, unpack_history
from features.log.log import read_log
from features.shop.shop import read_shop
from features.store.build.store_build import build_store
from features.store.redis_store import RedisTarget
from features.store.sqlite_store import SqliteStore
from features.windows import DAY

CLOCKS = [(t, c) for t in ("orders", "messages") for c in HISTORY_COLUMNS[t] if c.endswith("_at")]


def test_a_record_is_read_as_it_was_written() -> None:
    blocks = {name: np.empty((0, 0)) for name in HISTORY_COLUMNS}
    numbers, texts = record_columns("messages")
    blocks["messages"] = np.full((2, len(numbers) + len(texts)), np.nan)
    blocks["messages"][:, 0] = [2.0**53, -0.5]
    blocks["messages"][:, len(numbers) :] = [[1], [-1]]
    again = unpack_history(
        pack_history(list(blocks.values())), object_array(["sms", "email", None])
    )
    assert again.keys() == {"messages"}
    np.testing.assert_array_equal(again["messages"][ROW_KEY], [2.0**53, -0.5])
    assert np.isnan(again["messages"]["clicked_at"]).all()
    assert again["messages"]["channel"].tolist() == ["email", None]


def test_a_batch_without_rows_has_every_table() -> None:
    rows = batch_histories([{}, {}])
    assert rows["orders"].n == 2
    assert len(rows["messages"]["channel"]) == 0


def test_unknown_customers_are_left_out(simulated, tmp_path: Path) -> None:
    build_store(simulated.log, tmp_path / "store.sqlite")
    store = SqliteStore(tmp_path / "store.sqlite")
    some = store.customer_ids()[:3]
    assert list(store.read([*some, "nobody"])) == some
    ids = " UNION ".join(f"SELECT customer_id FROM history_{name}" for name in HISTORY_COLUMNS)
    known = simulated.log.connection.execute(ids).fetchall()
    assert set(store.read(store.customer_ids())) == {row[0] for row in known}
    store.close()


def test_a_store_holds_nothing_known_after_its_cutoff(simulated, tmp_path: Path) -> None:
    build_store(simulated.log, tmp_path / "store.sqlite", simulated.cutoff)
    store = SqliteStore(tmp_path / "store.sqlite")
    clocks = [
        clock
        for tables in store.read(store.customer_ids()).values()
        for name, column in CLOCKS
        if name in tables
        for clock in tables[name][column]
        if not np.isnan(clock)
    ]
    store.close()
    assert max(clocks) <= simulated.cutoff


def test_a_withdrawal_after_the_last_order_is_in_the_store(
    write_shop, orders, tmp_path: Path
) -> None:
    consents = pd.DataFrame(
        {
            "customer_id": "c",
            "scope": ["email", "Email"],
            "granted": [True, False],
            "changed_at": ["2024-01-01", "2024-03-05"],
        }
    )
    frame = orders(("c", "2024-01-02", 1), ("c", "2024-03-01", 1))
    log = read_log(read_shop(write_shop({"orders": frame, "consents": consents})))
    build_store(log, tmp_path / "store.sqlite")
    store = SqliteStore(tmp_path / "store.sqlite")
    told = store.read(["c"])["c"]["consents"]
    store.close()
    assert told["granted"].tolist() == [1.0, 0.0]
    assert told["scope"].tolist() == ["email", "email"]
    assert told["store"].tolist() == [None, None]


def test_a_contact_of_whom_nothing_else_is_known_is_in_the_store(
    write_shop, orders, tmp_path: Path
) -> None:
    people = pd.DataFrame({"customer_id": ["c", "d"], "country": "PL"})
    config = write_shop(
        {"orders": orders(("c", "2024-01-02", 1), ("c", "2024-02-02", 1)), "customers": people}
    )
    build_store(read_log(read_shop(config)), tmp_path / "store.sqlite")
    store = SqliteStore(tmp_path / "store.sqlite")
    assert store.customer_ids() == ["c", "d"]
    store.close()


def test_a_store_in_a_folder_of_any_name_is_read(simulated, tmp_path: Path) -> None:
    path = tmp_path / "shop #1?x=100%41" / "store.sqlite"
    build_store(simulated.log, path)
    store = SqliteStore(path)
    assert len(store.customer_ids()) >= 1500
    store.close()


def test_a_cutoff_past_the_data_is_refused_and_the_old_build_stays(
    simulated, tmp_path: Path
) -> None:
    path = tmp_path / "store.sqlite"
    build_store(simulated.log, path, simulated.cutoff)
    before = path.read_bytes()
    with pytest.raises(InputError, match="cutoff: expected an instant within the data"):
        build_store(simulated.log, path, simulated.log.observed_until + 1)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["store.sqlite"]


@pytest.mark.parametrize("content", [b"", b"not a database at all, but long enough" * 50])
def test_a_file_that_is_no_store_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "store.sqlite"
    path.write_bytes(content)
    with pytest.raises(InputError, match="Build it again"):
        SqliteStore(path)


def test_a_missing_store_says_how_to_build_it(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nextbuy features --online"):
        SqliteStore(tmp_path / "store.sqlite")


@pytest.fixture
def tiny(write_shop, orders):
    """A log of 300 customers, too many for the few kilobytes of a full disk."""
    frame = orders(*((f"c{n}", f"2024-01-{1 + n % 28:02}", n) for n in range(300)))
    return read_log(read_shop(write_shop({"orders": frame}, name=f"test-{uuid.uuid4().hex}")))


def test_a_full_disk_leaves_the_last_build_and_nothing_half_written(tiny, tmp_path: Path) -> None:
    path = tmp_path / "full" / "store.sqlite"
    build_store(tiny, path)
    before = path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(NextbuyError, match=r"could not be written .* still in place"):
            build_store(tiny, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == ["store.sqlite"]


def test_a_store_that_is_damaged_is_refused_when_it_is_read(tiny, tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    build_store(tiny, path)
    connection = sqlite3.connect(path)
    connection.execute("UPDATE history SET record = x'00010203' WHERE customer_id = 'c7'")
    connection.commit()
    connection.close()
    store = SqliteStore(path)
    with pytest.raises(InputError, match="Build it again"):
        store.read(["c7"])
    store.close()


def test_old_rows_are_left_out_where_nothing_reads_them(tiny, tmp_path: Path) -> None:
    info = build_store(tiny, tmp_path / "store.sqlite", keep_days={"orders": 0})
    assert info.answers_from == info.data_cutoff - 30 * DAY
    store = SqliteStore(tmp_path / "store.sqlite")
    assert len(store.customer_ids()) == 300
    store.close()
    later = build_store(tiny, tmp_path / "store.sqlite", keep_days={"orders": -20})
    assert later.answers_from is not None
    store = SqliteStore(tmp_path / "store.sqlite")
    assert 0 < len(store.customer_ids()) < 300
    store.close()


@pytest.mark.services
def test_redis_reads_what_the_file_reads_and_keeps_the_last_build_when_writing_fails(
    tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = os.environ.get("NEXTBUY_TEST_REDIS", "redis://127.0.0.1:6379/0")
    name = tiny.shop.section.name
    target = RedisTarget(url, name)
    client = redis.Redis.from_url(url)
    try:
        build_store(tiny, tmp_path / "store.sqlite")
        file = SqliteStore(tmp_path / "store.sqlite")
        assert target.look() is None
        with pytest.raises(InputError, match="nextbuy features --online"):
            target.open()
        build_store(tiny, target)
        first = target.open()
        ids = file.customer_ids()
        assert first.customer_ids() == ids
        one, other = file.read([*ids, "nobody"]), first.read([*ids, "nobody"])
        assert one.keys() == other.keys()
        for customer_id in ids:
            for column, values in one[customer_id]["orders"].items():
                np.testing.assert_array_equal(values, other[customer_id]["orders"][column])
        build, keys = target.look(), list(client.scan_iter(f"nextbuy:{name}:*", count=1000))
        full = Mock(side_effect=redis.OutOfMemoryError("command not allowed"))
        monkeypatch.setattr(RedisTarget, "_send", full)
        with pytest.raises(NextbuyError, match="the last build is still in place"):
            build_store(tiny, target)
        monkeypatch.undo()
        assert target.look() == build
        assert set(client.scan_iter(f"nextbuy:{name}:*", count=1000)) == set(keys)
        build_store(tiny, target)
        assert target.look() != build
        assert len(first.read(ids)) == 300, "a reader of the last build goes on reading it"
        about = f"nextbuy:{name}:{build.decode()}:about"
        assert 0 < client.ttl(about) <= 3600
        client.delete(about)
        with pytest.raises(NextbuyError, match="has expired"):
            first.read(ids)
        first.close()
        file.close()
    finally:
        client.delete(*client.scan_iter(f"nextbuy:{name}:*", count=1000))
        client.close()


@pytest.mark.services
def test_a_redis_that_cannot_be_reached_is_named_without_its_password() -> None:
    with pytest.raises(NextbuyError, match=r"redis://127.0.0.1/0: the history store") as raised:
        RedisTarget("redis://me:secret@127.0.0.1:9/0", "shop").look()
    assert "secret" not in str(raised.value)
