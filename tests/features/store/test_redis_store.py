"""Tests of the store in Redis."""

import os
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
import redis

from features.errors import InputError, NextbuyError
from features.store.build.store_build import build_store
from features.store.redis_store import RedisTarget
from features.store.sqlite_store import SqliteStore


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
        assert target.build_id() is None
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
        build, keys = target.build_id(), list(client.scan_iter(f"nextbuy:{name}:*", count=1000))
        full = Mock(side_effect=redis.OutOfMemoryError("command not allowed"))
        monkeypatch.setattr(RedisTarget, "_send", full)
        with pytest.raises(NextbuyError, match="the last build is still in place"):
            build_store(tiny, target)
        monkeypatch.undo()
        assert target.build_id() == build
        assert set(client.scan_iter(f"nextbuy:{name}:*", count=1000)) == set(keys)
        build_store(tiny, target)
        assert target.build_id() != build
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
        RedisTarget("redis://me:secret@127.0.0.1:9/0", "shop").build_id()
    assert "secret" not in str(raised.value)
