"""Tests of where a shop's history store is found."""

from pathlib import Path

import pytest

from features.errors import InputError
from features.shop.shop import Shop, read_shop
from features.store.address import open_target, store_path, store_target
from features.store.redis_store import RedisTarget
from features.store.sqlite_store import SqliteTarget


@pytest.fixture
def shop(write_shop, orders) -> Shop:
    return read_shop(write_shop({"orders": orders(("a", "2024-01-01", 1))}, name="tea"))


def test_without_a_setting_the_store_is_a_file_of_the_workspace(shop: Shop) -> None:
    target = store_target(shop, {})
    assert isinstance(target, SqliteTarget)
    assert str(target) == str(store_path(shop)) == str(shop.workspace / "history.sqlite")


def test_the_environment_names_a_server_and_its_password_is_not_shown(shop: Shop) -> None:
    target = store_target(shop, {"NEXTBUY_STORE": "redis://me:secret@host:6379/0"})
    assert isinstance(target, RedisTarget)
    assert str(target) == "redis://host/0"


@pytest.mark.parametrize("address", ["http://host/0", "host:6379", "redis://"])
def test_an_address_that_is_none_of_redis_is_refused(address: str) -> None:
    with pytest.raises(InputError, match=r"store\.url: expected redis://host:port/number"):
        open_target(address)


def test_a_path_is_a_file(tmp_path: Path) -> None:
    assert str(open_target(tmp_path / "s.sqlite")) == str(tmp_path / "s.sqlite")
