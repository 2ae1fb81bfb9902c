from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.faults import InputError
from features.history import LAYOUT, batch, pack, unpack
from features.log import read_log
from features.shop import read_shop
from features.store import HistoryStore, build_store

CLOCKS = [(t, c) for t in ("orders", "messages") for c in LAYOUT[t] if c.endswith("_at")]


def test_a_record_is_read_as_it_was_written() -> None:
    tables = {
        "orders": {"ordered_at": np.array([1.0, 2.0**53]), "amount": np.array([np.nan, -0.5])},
        "messages": {"channel": np.array(["email", None], dtype=object)},
    }
    again = unpack(pack(tables))
    np.testing.assert_array_equal(again["orders"]["ordered_at"], tables["orders"]["ordered_at"])
    np.testing.assert_array_equal(again["orders"]["amount"], tables["orders"]["amount"])
    assert again["messages"]["channel"].tolist() == ["email", None]


def test_a_batch_without_rows_has_every_table() -> None:
    rows = batch([{}, {}])
    assert rows["orders"].n == 2
    assert len(rows["messages"]["channel"]) == 0


def test_unknown_customers_are_left_out(simulated, tmp_path: Path) -> None:
    build_store(simulated.log, tmp_path / "store.sqlite")
    store = HistoryStore(tmp_path / "store.sqlite")
    some = store.customer_ids()[:3]
    assert list(store.read([*some, "nobody"])) == some
    assert len(store.read(store.customer_ids())) == simulated.log.count("customers")
    store.close()


def test_a_store_holds_nothing_known_after_its_cutoff(simulated, tmp_path: Path) -> None:
    build_store(simulated.log, tmp_path / "store.sqlite", simulated.cutoff)
    store = HistoryStore(tmp_path / "store.sqlite")
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
    store = HistoryStore(tmp_path / "store.sqlite")
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
    store = HistoryStore(tmp_path / "store.sqlite")
    assert store.customer_ids() == ["c", "d"]
    store.close()


def test_a_store_in_a_folder_of_any_name_is_read(simulated, tmp_path: Path) -> None:
    path = tmp_path / "shop #1?x=100%41" / "store.sqlite"
    build_store(simulated.log, path)
    store = HistoryStore(path)
    assert len(store.customer_ids()) == 1500
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
        HistoryStore(path)


def test_a_missing_store_says_how_to_build_it(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nextbuy features --online"):
        HistoryStore(tmp_path / "store.sqlite")
