"""Chunks of customers: everybody in one, accounts joined, a share that is always the same."""

import pandas as pd
import pytest

from features.builds import customer_chunks
from features.builds.customer_chunks import CustomerChunks
from features.builds.feature_build import build_features, write_features
from features.builds.shop_catalog import read_catalog
from features.ledgers.journal import open_journal
from features.ledgers.posted_rows import PostedRowChecker
from features.log.log import Log, read_log
from features.shop.shop import read_shop
from features.windows import read_cutoff
from nextbuy.simulator.simulator import simulate_shop


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    """A shop in which two systems know some customers."""
    return read_log(read_shop(simulate_shop(tmp_path_factory.mktemp("shop"), 150)))


def _cutoff(log: Log, day: str) -> int:
    return read_cutoff(day, log.timezone)


def test_features_do_not_depend_on_the_chunks(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    cutoffs = [_cutoff(log, day) for day in ("2024-06-30", "2025-06-30")]
    catalog = read_catalog(log, cutoffs[0])
    whole = build_features(log, cutoffs, catalog, "contacts")
    monkeypatch.setattr(customer_chunks, "_CHUNK", 7)
    pd.testing.assert_frame_equal(build_features(log, cutoffs, catalog, "contacts"), whole)


def test_accounts_become_one_customer_when_that_is_known(log: Log) -> None:
    flat = log.layout.with_words([])
    early, late = (
        CustomerChunks.at(log, flat, _cutoff(log, d)) for d in ("2023-01-01", "2025-06-30")
    )
    assert len(late.ids) < len(early.ids) <= len(flat.accounts)
    assert sorted(late.accounts) == list(range(len(flat.accounts)))
    assert list(late.ids) == sorted(late.ids)
    rows = sum(columns.rows for _, columns in late)
    assert rows == flat.columns.rows


def test_a_share_is_the_same_customers_at_every_cutoff(log: Log) -> None:
    flat = log.layout.with_words([])
    early, late = (
        set(CustomerChunks.at(log, flat, _cutoff(log, day)).sampled(0.5).ids)
        for day in ("2025-05-30", "2025-06-30")
    )
    assert 0.3 * len(flat.accounts) < len(late) < 0.7 * len(flat.accounts)
    assert len(early ^ late) < 0.1 * len(late)  # those whose accounts were joined in between


def test_a_sampled_customer_has_all_of_the_rows(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(customer_chunks, "_CHUNK", 1)
    chunks = CustomerChunks.at(log, log.layout.with_words([]), _cutoff(log, "2025-06-30"))
    of_all = {ids[0]: columns.rows for ids, columns in chunks}
    some = {ids[0]: columns.rows for ids, columns in chunks.sampled(0.3)}
    assert 0 < len(some) < len(of_all)
    assert some.items() <= of_all.items()


def test_the_file_holds_every_customer_once(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(customer_chunks, "_CHUNK", 10)
    frame = pd.read_parquet(write_features(log))
    built = build_features(log, [log.observed_until], read_catalog(log, log.observed_until))
    allowed = built[built["customer_id"].isin(frame["customer_id"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(frame, allowed)


def test_posted_rows_that_replace_others_are_among_their_customers(
    write_shop,
) -> None:
    rows = [
        {"order_id": f"o{n}", "customer_id": f"c{n:03}", "ordered_at": "2024-01-02", "amount": 1}
        for n in range(100)
    ]
    frame = pd.DataFrame(rows)
    frame.loc[0, "ordered_at"] = "2024-01-01"
    shop = read_shop(write_shop({"orders": frame}))
    journal = open_journal(shop)
    journal.append(PostedRowChecker(shop).read({"orders": rows[20:80]}))
    journal.close()
    log = read_log(shop)
    built = build_features(log, [log.observed_until], read_catalog(log, log.observed_until))
    assert built["orders_count"].tolist() == [1.0] * 100
