"""The watcher follows a new build, and a replaced predictor is closed after its last request."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from features.errors import NextbuyError
from features.log.log import read_log
from features.shop.shop import Shop
from features.store.address import store_target
from features.store.build.store_build import build_store
from serving.answers.predictor import Predictor
from serving.service_settings import Settings
from serving.swap.watcher import Watcher


@pytest.fixture
def watcher(config: Path) -> Iterator[Watcher]:
    watcher = Watcher(Settings(config, poll_seconds=0.02, max_age_hours=48, expires_hours=24))
    yield watcher
    watcher.stop()


def _wait(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def _swap(watcher: Watcher, shop: Shop, replaced: Predictor) -> None:
    """Put a new build in place, and wait until the watcher lends another predictor."""

    def is_replaced() -> bool:
        with watcher.current.lend() as predictor:
            return predictor is not replaced

    build_store(read_log(shop), store_target(shop))
    _wait(is_replaced)


def _assert_closed(predictor: Predictor) -> None:
    with pytest.raises(NextbuyError, match=r"history store.*closed database"):
        predictor.store.read(["c"])
    with pytest.raises(NextbuyError, match=r"journal of posted rows.*closed database"):
        predictor.store.customer_ids()


def test_a_swap_closes_the_replaced_store_and_journal(
    watcher: Watcher, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    with watcher.current.lend() as replaced:
        assert replaced.store.customer_ids() == ["c"]
    closed = _note_close(replaced, monkeypatch)
    _swap(watcher, shop, replaced)
    assert closed.wait(20)
    _assert_closed(replaced)
    with watcher.current.lend() as current:
        assert current.store.customer_ids() == ["c"]


def _note_close(predictor: Predictor, monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Make an event that is set once the predictor is closed.

    Asking the store until it refuses would read from a connection while another thread closes it,
    which SQLite does not survive.
    """
    closed, close = threading.Event(), Predictor.close

    def close_and_note(one: Predictor) -> None:
        close(one)
        if one is predictor:
            closed.set()

    monkeypatch.setattr(Predictor, "close", close_and_note)
    return closed


def test_a_request_in_flight_is_answered_from_the_replaced_store(
    watcher: Watcher, shop: Shop
) -> None:
    with watcher.current.lend() as first, watcher.current.lend() as same:
        assert same is first
        _swap(watcher, shop, first)
        assert list(first.store.read(["c"])) == ["c"]
        assert first.store.customer_ids() == ["c"]
    _assert_closed(first)


def test_a_stopped_watcher_closes_the_last_predictor(config: Path) -> None:
    watcher = Watcher(Settings(config, poll_seconds=60, max_age_hours=48, expires_hours=24))
    with watcher.current.lend() as last:
        watcher.stop()
        assert last.store.customer_ids() == ["c"]
    _assert_closed(last)
