"""The kept layout: mapped by the next command while the log is the same, and never half-written."""

import logging
import stat
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.ledgers.journal import open_journal
from features.ledgers.posted_rows import PostedRowChecker
from features.log.flat_layout import FlatLayout
from features.log.flat_log import FlatLog
from features.log.kept_layout import KeptLayout
from features.log.kept_tables import KEPT_FOLDER, list_kept
from features.log.log import Log, read_log
from features.shop.shop import Shop, read_shop

_ROWS = [(f"o{n}", f"c{n % 7}", f"2024-01-{1 + n:02}", 1.5 * n) for n in range(20)]
_ORDERS = pd.DataFrame(_ROWS, columns=["order_id", "customer_id", "ordered_at", "amount"])
_POSTED = {"order_id": "new", "customer_id": "c1", "ordered_at": "2024-01-25", "amount": 3.0}


@pytest.fixture
def shop(write_shop) -> Shop:
    return read_shop(write_shop({"orders": _ORDERS}))


@pytest.fixture
def laid_out(monkeypatch: pytest.MonkeyPatch) -> list[set[str]]:
    """List how often a log is laid out."""
    times: list[set[str]] = []
    lay_out = FlatLayout._lay_out

    def count(self: FlatLayout, literals: set[str]) -> FlatLog:
        times.append(literals)
        return lay_out(self, literals)

    monkeypatch.setattr(FlatLayout, "_lay_out", count)
    return times


def _amounts(log: Log, words: tuple[str, ...] = ()) -> list[float]:
    flat = log.layout.with_words(words)
    log.close()  # what is mapped outlives it
    assert flat.accounts.tolist() == sorted(set(_ORDERS["customer_id"]))
    return np.sort(np.nansum(flat.columns.numbers["orders"], axis=0)).tolist()


def _layouts(shop: Shop) -> list[Path]:
    return list((shop.workspace / KEPT_FOLDER).glob("layout-*"))


def test_the_next_command_maps_what_one_has_laid_out(shop: Shop, laid_out: list) -> None:
    first = _amounts(read_log(shop))
    assert _amounts(read_log(shop)) == first
    assert len(laid_out) == 1
    (folder,) = _layouts(shop)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert (modes, stat.S_IMODE(folder.stat().st_mode)) == ({0o600}, 0o700)
    size = sum(path.stat().st_size for path in folder.iterdir())
    assert ("layout", size) in [(name, kept) for name, kept, _ in list_kept(shop)]


def test_another_log_is_laid_out_anew_and_the_old_layout_goes(shop: Shop, laid_out: list) -> None:
    first, old = _amounts(read_log(shop)), _layouts(shop)
    path = shop.root / "orders.csv"
    path.write_text(path.read_text().replace("28.5", "29.5"))
    assert _amounts(read_log(shop)) != first
    assert len(laid_out) == 2
    assert len(_layouts(shop)) == 1 and _layouts(shop) != old


def test_another_setting_that_decides_about_rows_is_another_log(shop: Shop, laid_out: list) -> None:
    first = _amounts(read_log(shop))
    config = shop.root / "nextbuy.toml"
    config.write_text(config.read_text().replace("[shop]", '[shop]\ntimezone = "Asia/Tokyo"'))
    assert _amounts(read_log(read_shop(config))) != first
    assert len(laid_out) == 2


def test_a_text_that_is_not_among_the_kept_words_is_added(shop: Shop, laid_out: list) -> None:
    first = _amounts(read_log(shop), ("east",))
    assert _amounts(read_log(shop), ("east",)) == first
    assert _amounts(read_log(shop), ("west",)) == first
    assert _amounts(read_log(shop), ("east", "west")) == first
    assert laid_out == [{"east"}, {"", "east", "west"}]


def test_posted_rows_are_laid_out_and_not_kept(shop: Shop, laid_out: list) -> None:
    first = _amounts(read_log(shop))
    journal = open_journal(shop)
    journal.append(PostedRowChecker(shop).read({"orders": [_POSTED]}))
    journal.close()
    assert len(_amounts(read_log(shop))) == len(first) + 1
    assert len(_amounts(read_log(shop))) == len(first) + 1
    assert len(laid_out) == 3


def test_a_damaged_layout_is_made_again_with_a_warning(
    shop: Shop, laid_out: list, caplog: pytest.LogCaptureFixture
) -> None:
    first = _amounts(read_log(shop))
    (folder,) = _layouts(shop)
    path = folder / "orders-numbers.npy"
    path.write_bytes(path.read_bytes()[:-8])
    with caplog.at_level(logging.WARNING):
        assert _amounts(read_log(shop)) == first
    assert "the kept layout cannot be used and is made again" in caplog.text
    assert _amounts(read_log(shop)) == first
    assert len(laid_out) == 2


def test_a_layout_that_is_removed_while_it_is_opened_is_made_again(
    shop: Shop, laid_out: list
) -> None:
    first = _amounts(read_log(shop))
    (folder,) = _layouts(shop)
    (folder / "orders-offsets.npy").unlink()
    assert _amounts(read_log(shop)) == first
    assert len(laid_out) == 2


def test_of_two_commands_that_lay_out_one_log_both_go_on(
    shop: Shop, laid_out: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(KeptLayout, "open", lambda _: None)
    one, other = (read_log(shop).layout.with_words([]) for _ in range(2))
    assert len(laid_out) == 2
    assert len(_layouts(shop)) == 1
    for name in ("orders", "lines"):
        np.testing.assert_array_equal(one.columns.numbers[name], other.columns.numbers[name])
