"""Finds a shop's history store: an embedded file or a Redis address."""

import os
from collections.abc import Mapping
from pathlib import Path

from features.shop.shop import Shop
from features.store.protocol import StoreTarget
from features.store.redis_store import RedisTarget
from features.store.sqlite_store import SqliteTarget


def store_target(shop: Shop, environment: Mapping[str, str] = os.environ) -> StoreTarget:
    """Return the target of a shop's store, from the first of three settings that is given.

    They are the environment variable `NEXTBUY_STORE`, `[store] url` of nextbuy.toml, and the file
    of `store_path`.

    Parameters
    ----------
    shop : Shop
        The settings of nextbuy.toml.
    environment : mapping of str to str
        The environment variables.

    Raises
    ------
    InputError
        The address is not one of Redis.
    """
    url = environment.get("NEXTBUY_STORE") or shop.store.url
    return open_target(url or store_path(shop), shop.section.name)


def open_target(address: str | Path, name: str = "shop") -> StoreTarget:
    """Make the place of a history store, at which builds are written and from which they are read.

    Parameters
    ----------
    address : Path or str
        The path of an SQLite file, or the URL of a Redis server.
    name : str
        The shop's name, with which its keys in Redis begin; a file has no use for it.
    """
    if isinstance(address, Path):
        return SqliteTarget(address)
    return RedisTarget(address, name)


def store_path(shop: Shop) -> Path:
    """Return the path of a shop's embedded store."""
    return shop.workspace / "history.sqlite"
