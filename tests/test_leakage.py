"""What is known after the cutoff changes nothing that is known at it: a contract, over any log."""

from collections.abc import Callable, Mapping
from datetime import time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.arrays import History
from features.builds.feature_build import build_features
from features.builds.population_statistics import build_lookups_at
from features.builds.shop_catalog import read_catalog
from features.contract.tables import TABLES, TABLES_BY_NAME
from features.engines.plan import compute_features
from features.engines.sql.feature_queries import make_scope
from features.history.customer_histories import read_customer_histories
from features.language.catalog import Catalog
from features.language.feature import Aggregate
from features.log.log import Log, read_log
from features.shop.contact_rules import ContactRules, FrequencyCap, QuietHours
from features.shop.shop import read_shop
from features.store.build.store_build import build_store
from features.store.sqlite_store import SqliteStore
from features.windows import DAY, Window, read_cutoff, to_datetime
from models.channel.eligibility import check_eligibility
from tests.random_logs import (
    OVER_LOGS,
    ZONES,
    RandomLog,
    Tables,
    column_names,
    random_logs,
    read_tables,
    utc,
)
from training.labels import make_labels, make_message_labels

EXACT = ("count", "sum", "min", "max", "last", "top")
CHANNELS = ("email", "sms")


def _dropped(log: RandomLog, cutoff: int) -> Tables:
    """Leave out every row and every late field that is not known at the cutoff."""
    tables = {}
    for table in TABLES:
        frame = log.tables[table.name].copy()
        for place, name in log.late_cells(table, cutoff):
            frame.loc[place, name] = None
        tables[table.name] = frame[~log.unknown_rows(table, cutoff)]
    return tables


def _changed(log: RandomLog, cutoff: int) -> Tables:
    """Change every value of what is not known at the cutoff, and shuffle the files."""
    tables = {}
    for table in TABLES:
        frame = log.tables[table.name].copy()
        for place, name in log.late_cells(table, cutoff):
            frame.loc[place, name] = _later(log, table.name, name, place, cutoff)
        for place in np.flatnonzero(log.unknown_rows(table, cutoff)):
            frame.loc[place] = _unknown_row(log, table.name, int(place), cutoff)
        tables[table.name] = frame.sample(frac=1, random_state=log.seed % 1000)
    return tables


def _added(log: RandomLog, cutoff: int) -> Tables:
    """Add rows that are known only later, however long ago they happened."""
    tables = {}
    for table in TABLES:
        frame = log.tables[table.name]
        rows = [_unknown_row(log, table.name, 1000 + n, cutoff) for n in range(len(frame))]
        more = pd.DataFrame(rows, columns=frame.columns, dtype=object)
        tables[table.name] = pd.concat([more[::2], frame, more[1::2]])
    return tables


def _later(log: RandomLog, table: str, name: str, place: int, cutoff: int) -> Any:
    """Make another value of a late field: an instant after the cutoff, or what comes with one."""
    if name in TABLES_BY_NAME[table].late_instants:
        return utc(cutoff + 1 + place * DAY // 7) if place % 3 else None
    return log.row(TABLES_BY_NAME[table], place, 1)[name]


_OWN_ID = {
    "orders": "order_id", "order_lines": "order_id", "returns": "return_id",
    "events": "event_id", "messages": "message_id",
}  # fmt: skip


def _unknown_row(log: RandomLog, table: str, place: int, cutoff: int) -> dict[str, Any]:
    """Make another row that is not known at the cutoff; the first one just not."""
    row = log.row(TABLES_BY_NAME[table], place, 1)
    if "known_at" in row:
        row["known_at"] = utc(cutoff + 1 + place)
    if name := _OWN_ID.get(table):
        row[name] = f"new-{place}"
    return row


def _assert_same(catalog: Catalog, before: pd.DataFrame, after: pd.DataFrame) -> None:
    keys = ["customer_id", "cutoff"]
    pd.testing.assert_frame_equal(after[keys], before[keys])
    for name, feature in catalog.items():
        if feature.kind == "text":
            pd.testing.assert_series_equal(after[name], before[name])
            continue
        exact = isinstance(feature, Aggregate) and feature.aggregate in EXACT
        rtol = 0 if exact and "/" not in feature.value else 1e-12
        np.testing.assert_allclose(after[name], before[name], rtol=rtol, atol=0, err_msg=name)


def _buyers(log: Log, cutoffs: list[int]) -> pd.DataFrame:
    catalog = read_catalog(log, cutoffs[-1]).select(["orders_count"])
    return build_features(log, cutoffs, catalog, population="buyers")


def _ask(log: Log, cutoff: int, ids: pd.Series, folder: Path) -> dict[str, History]:
    """Read the histories of customers from a store that was built at the cutoff."""
    build_store(log, folder / "store.sqlite", cutoff)
    store = SqliteStore(folder / "store.sqlite")
    found = read_customer_histories(lambda some: store.read(list(some)), ids, cutoff)
    store.close()
    return found


def _eligible(found: Mapping[str, History], cutoff: int) -> list[Any]:
    quiet = {"sms": QuietHours(time(12), time(9))}
    rules = ContactRules(
        ZoneInfo(ZONES[0]), ["sms"], [FrequencyCap(1, 28, "email"), FrequencyCap(2, 7, None)], quiet
    )
    return [check_eligibility(c, found[i], cutoff, rules) for i in found for c in CHANNELS]


def test_every_row_known_later_and_every_late_field_are_changed() -> None:
    """The property below would hold of nothing if the changes never reached the log."""
    random = RandomLog(ZoneInfo(ZONES[0]), 1, dict.fromkeys(TABLES_BY_NAME, 60))
    cutoff = random.cutoffs[0]
    dropped, changed = _dropped(random, cutoff), _changed(random, cutoff)
    for table in TABLES:
        rows, late = random.unknown_rows(table, cutoff), set(random.late_cells(table, cutoff))
        assert table.name == "products" or 0 < rows.sum() < len(rows)
        assert len(dropped[table.name]) == (~rows).sum()
        before, after = random.tables[table.name], changed[table.name].sort_index()
        fields = {*table.late_instants, *(c.name for c in table.columns if c.known_with)}
        assert {name for _, name in late} == fields
        changes = {name: [place for place, of in late if of == name] for name in fields}
        if rows.any():
            changes |= dict.fromkeys(set(column_names(table)) - {"currency"} - fields, rows)
        for name, places in changes.items():
            assert not before.loc[places, name].equals(after.loc[places, name]), name


@pytest.mark.parametrize("zone", ZONES)
@given(data=st.data())
@OVER_LOGS
def test_what_is_known_after_the_cutoff_changes_no_feature(
    zone: str, data: st.DataObject, tmp_path: Path
) -> None:
    random = data.draw(random_logs(zone))
    cutoffs = random.cutoffs
    cutoff = cutoffs[-1]  # what is not known at the last one is not known at any
    log = read_tables(random.tables, random.zone, tmp_path)
    catalog = read_catalog(log, cutoff)
    before = build_features(log, cutoffs, catalog, population="contacts")
    last = before[before["cutoff"] == before["cutoff"].max()]
    told = _ask(log, cutoff, last["customer_id"], tmp_path)
    for change in (_dropped, _changed, _added):
        other = read_tables(change(random, cutoff), random.zone, tmp_path)
        assert read_catalog(other, cutoff).hashes == catalog.hashes
        after = build_features(other, cutoffs, catalog, population="contacts")
        _assert_same(catalog, before, after)
        pd.testing.assert_frame_equal(_buyers(other, cutoffs), _buyers(log, cutoffs))
    found = _ask(other, cutoff, last["customer_id"], tmp_path)
    assert _eligible(found, cutoff) == _eligible(told, cutoff)
    scope = make_scope(other, cutoff, build_lookups_at(other, cutoff, catalog))
    values = compute_features(catalog, [found[i] for i in last["customer_id"]], scope)
    for name in catalog.numbers:
        np.testing.assert_allclose(values[name], last[name], rtol=1e-9, atol=0, err_msg=name)


def _one_order_shop(write_shop: Callable[..., Path], instants: list[int]) -> Path:
    frame = pd.DataFrame(
        {
            "order_id": [f"o{place}" for place in range(len(instants))],
            "customer_id": "c",
            "ordered_at": [to_datetime(instant).isoformat() for instant in instants],
            "amount": 1.0,
        }
    )
    return write_shop({"orders": frame}, observed_until="2020-12-31")


CUT = read_cutoff("2020-06-30", ZoneInfo("UTC"))


@pytest.mark.parametrize(
    ("after", "known", "returned"),
    [
        (0, 2, False),
        (1, 1, True),
        (30 * DAY, 1, True),
        (30 * DAY + 1, 1, False),
    ],
)
def test_an_order_at_the_ends_of_the_target_is_a_feature_or_a_label_and_never_both(
    write_shop: Callable[..., Path], after: int, known: int, returned: bool
) -> None:
    log = read_log(read_shop(_one_order_shop(write_shop, [CUT - 50 * DAY, CUT + after])))
    frame = build_features(log, [CUT], read_catalog(log, CUT))
    labels = make_labels(log, frame, Window(CUT, horizon=30), log.observed_until)
    assert frame["orders_count"].tolist() == [known]
    assert labels["returned"].tolist() == [returned]


def test_a_label_may_know_no_more_than_its_model(
    write_shop: Callable[..., Path], orders: Callable[..., pd.DataFrame]
) -> None:
    frame = orders(("c", "2020-01-01", 1), ("c", "2020-02-10", 1)).assign(
        known_at=["2020-01-01", "2020-05-01"]
    )
    log = read_log(read_shop(write_shop({"orders": frame}, observed_until="2020-12-31")))
    cutoff = read_cutoff("2020-01-31", log.shop.timezone)
    features = build_features(log, [cutoff], read_catalog(log, cutoff))
    window = Window(cutoff, horizon=30)
    early = make_labels(log, features, window, read_cutoff("2020-04-01", log.shop.timezone))
    late = make_labels(log, features, window, log.observed_until)
    assert (early["returned"].tolist(), late["returned"].tolist()) == ([False], [True])
    assert late["days_to_next"].tolist() == [10]


def test_the_outcome_of_a_message_is_what_was_bought_after_it_and_within_the_window(
    write_shop: Callable[..., Path], orders: Callable[..., pd.DataFrame]
) -> None:
    frame = orders(
        ("at", "2020-03-01 12:00:00", 1),
        ("after", "2020-03-01 12:00:00.000001", 1),
        ("end", "2020-03-08 12:00:00", 1),
        ("late", "2020-03-08 12:00:00.000001", 1),
    )
    messages = pd.DataFrame(
        {
            "message_id": range(4),
            "customer_id": ["at", "after", "end", "late"],
            "sent_at": "2020-03-01 12:00:00",
            "channel": ["email", "none", "email", "none"],
        }
    )
    log = read_log(
        read_shop(write_shop({"orders": frame, "messages": messages}, observed_until="2020-12-31"))
    )
    labels = make_message_labels(log, 7, log.observed_until).set_index("account")
    assert labels["bought"].to_dict() == {"at": False, "after": True, "end": True, "late": False}
