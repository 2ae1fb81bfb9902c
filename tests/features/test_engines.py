"""One declaration, two engines: DuckDB over the log and numpy over histories agree."""

from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.build import build_features, read_catalog
from features.feature import Aggregate, Catalog
from features.history import batch
from features.log import Log, read_log
from features.numpy_engine import compute_features
from features.shop import read_shop
from features.store import HistoryStore, build_store
from features.windows import local_day, read_cutoff

EXACT = ("count", "sum", "min", "max", "last")


def _histories(log: Log, folder: Path) -> dict[str, dict]:
    build_store(log, folder / "store.sqlite")
    store = HistoryStore(folder / "store.sqlite")
    found = store.read(store.customer_ids())
    store.close()
    return found


def _assert_equal(catalog: Catalog, name: str, ours: np.ndarray, theirs: np.ndarray) -> None:
    feature = catalog[name]
    if isinstance(feature, Aggregate) and feature.aggregate in EXACT and "/" not in feature.value:
        if not feature.value.startswith("ln"):
            np.testing.assert_array_equal(ours, theirs, err_msg=name)
            return
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=0, err_msg=name)


def _assert_parity(log: Log, cutoff: int, folder: Path) -> None:
    catalog = read_catalog(log, cutoff)
    frame = build_features(log, [cutoff], catalog, population="contacts")
    found = _histories(log, folder)
    known = [found[i] for i in frame["customer_id"]]
    day = local_day(cutoff, log.shop.timezone)
    values = compute_features(catalog, batch(known), cutoff, day)
    for name in catalog:
        _assert_equal(catalog, name, values[name], frame[name].to_numpy())


def test_every_feature_of_the_simulated_shop_agrees(simulated, tmp_path: Path) -> None:
    for date in ("2024-03-01", "2025-03-30", "2025-10-01"):
        cutoff = read_cutoff(date, simulated.shop.timezone)
        _assert_parity(simulated.log, cutoff, tmp_path)


def test_a_customer_is_the_same_alone_in_a_batch_and_in_the_training_build(
    simulated, tmp_path: Path
) -> None:
    cutoff = simulated.cutoff
    catalog = read_catalog(simulated.log, cutoff)
    day = local_day(cutoff, simulated.shop.timezone)
    found = _histories(simulated.log, tmp_path)
    ids = list(found)[:300]
    together = compute_features(catalog, batch([found[i] for i in ids]), cutoff, day)
    for place in range(0, 300, 25):
        alone = compute_features(catalog, batch([found[ids[place]]]), cutoff, day)
        for name in catalog:
            np.testing.assert_array_equal(alone[name][0], together[name][place], err_msg=name)


_DAYS = pd.date_range("2024-03-20", "2024-04-20", freq="6h").strftime("%Y-%m-%d %H:%M:%S").tolist()
# exactly at the cutoff of the test, and one microsecond to either side, local time
_EDGES = ["2024-04-10 23:59:59.999998", "2024-04-10 23:59:59.999999", "2024-04-11 00:00:00"]
_when = st.sampled_from(_DAYS + _EDGES * 10)
_maybe = st.one_of(st.none(), _when)
_order = st.tuples(
    st.sampled_from(["a", "b", "c"]),
    _when,
    st.integers(0, 9999).map(lambda cents: cents / 100),
    st.one_of(st.none(), st.integers(0, 500).map(lambda cents: cents / 100)),
    _maybe,
    _maybe,
)
_message = st.tuples(
    st.sampled_from(["a", "b", "d"]),
    _when,
    st.sampled_from(["email", "sms", "none"]),
    _maybe,
    st.sampled_from([True, False, None]),
    _maybe,
)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
@given(orders=st.lists(_order, min_size=1, max_size=12), messages=st.lists(_message, min_size=1))
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_history_agrees_with_nulls_ties_and_rows_at_the_cutoff(
    zone: str, orders: list[tuple], messages: list[tuple], write_shop: Callable, tmp_path: Path
) -> None:
    order_columns = [
        "customer_id", "ordered_at", "amount", "discount", "cancelled_at", "known_at",
    ]  # fmt: skip
    message_columns = [
        "customer_id", "sent_at", "channel", "opened_at", "machine_opened", "clicked_at",
    ]  # fmt: skip
    order_frame = pd.DataFrame(orders, columns=order_columns)
    message_frame = pd.DataFrame(messages, columns=message_columns)
    config = write_shop(
        {
            "orders": order_frame.assign(order_id=range(len(orders))),
            "messages": message_frame.assign(message_id=range(len(messages))),
        },
        timezone=zone,
        observed_until="2024-04-30",
    )
    log = read_log(read_shop(config))
    _assert_parity(log, read_cutoff("2024-04-10", ZoneInfo(zone)), tmp_path)
