"""Says where a shop's history store is: an embedded file or a Redis address."""

import os
from collections.abc import Mapping
from pathlib import Path

from features.shop.shop import Shop
from features.store.protocol import Target
from features.store.redis_store import RedisTarget
from features.store.sqlite_store import SqliteTarget


def store_target(shop: Shop, environment: Mapping[str, str] = os.environ) -> Target:
    """Say where a shop's store is: `NEXTBUY_STORE`, else [store] url, else a file.

    Raises
    ------
    InputError
        The address is none of Redis.
    """
    url = environment.get("NEXTBUY_STORE") or shop.store.url
    return open_target(url or store_path(shop), shop.section.name)


def open_target(place: str | Path, name: str = "shop") -> Target:
    """Make the target of a path, or of a Redis address in which a shop has its name."""
    if isinstance(place, Path):
        return SqliteTarget(place)
    return RedisTarget(place, name)


def store_path(shop: Shop) -> Path:
    """Say where a shop's embedded store is."""
    return shop.workspace / "history.sqlite"
