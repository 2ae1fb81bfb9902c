"""Tests of which rows of a log are in the records of a store."""

from pathlib import Path

import numpy as np
import pandas as pd

from features.history.layout import HISTORY_COLUMNS
from features.log.log import read_log
from features.shop.shop import read_shop
from features.store.build.records import BuildExtent, read_records, read_words
from features.store.build.store_build import build_store
from features.store.sqlite_store import SqliteStore
from features.windows import DAY

CLOCKS = [(t, c) for t in ("orders", "messages") for c in HISTORY_COLUMNS[t] if c.endswith("_at")]


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
    consents = store.read(["c"])["c"]["consents"]
    store.close()
    assert consents["granted"].tolist() == [1.0, 0.0]
    assert consents["scope"].tolist() == ["email", "email"]
    assert consents["store"].tolist() == [None, None]


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


def test_an_extent_keeps_some_days_of_a_table_and_all_consents() -> None:
    extent = BuildExtent.of(110 * DAY, 100 * DAY, {"events": 20, "consents": 20}, margin=5)
    assert extent.keep_from == {"events": 75 * DAY, "consents": 75 * DAY}
    known = f"known_at <= {110 * DAY}"
    assert extent.condition("orders") == known
    assert extent.condition("events") == f"{known} AND occurred_at > {75 * DAY}"
    assert "known_at" not in extent.condition("reachability")


def test_an_unsubscription_is_kept_however_old_the_message_is() -> None:
    condition = BuildExtent.of(100 * DAY, 100 * DAY, {"messages": 20}, margin=0).condition(
        "messages"
    )
    assert condition.endswith(f"(sent_at > {80 * DAY} OR unsubscribed_at IS NOT NULL)")


def test_records_stand_in_the_order_of_the_customers_and_words_end_with_none(tiny) -> None:
    words = read_words(tiny)
    assert words[-1] is None
    assert "" in words[:-1]
    extent = BuildExtent.of(tiny.observed_until, tiny.observed_until, {}, margin=0)
    ids = [customer_id for customer_id, _ in read_records(tiny, extent)]
    assert ids == sorted(ids) and len(ids) == 300
