"""Fixtures of the tests of the service: a tiny shop with a store, and a shop with decisions."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import serving.answers.predictor
from features.log.log import read_log
from features.shop.shop import Shop, read_shop
from features.store.address import store_target
from features.store.build.store_build import build_store
from features.store.fresh import FreshStore
from models.registry import Champions
from tests.serving.desk import Desk


@pytest.fixture
def config(write_shop, orders) -> Path:
    """Write a shop whose history store is built and that has no models."""
    path = write_shop({"orders": orders(("c", "2024-01-02", 1), ("c", "2024-03-01", 3))})
    shop = read_shop(path)
    build_store(read_log(shop), store_target(shop))
    return path


@pytest.fixture
def shop(config: Path) -> Shop:
    """Read the shop whose history store is built and that has no models."""
    return read_shop(config)


@pytest.fixture
def opened_stores(monkeypatch: pytest.MonkeyPatch) -> list[FreshStore]:
    """List the stores that predictors without models open from now on."""
    opened: list[FreshStore] = []

    class RecordedStore(FreshStore):
        """Puts itself into the list when it is opened."""

        def __init__(self, *parts: Any) -> None:
            super().__init__(*parts)
            opened.append(self)

    monkeypatch.setattr(serving.answers.predictor, "FreshStore", RecordedStore)
    monkeypatch.setattr(serving.answers.predictor, "read_champions", lambda _: Champions({}))
    return opened


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Train a shop of 300 customers whose decisions are asked for."""
    desk = Desk(tmp_path_factory.mktemp("desk"))
    yield desk
    desk.predictor.close()
