"""What is known after the cutoff changes nothing that is known at it."""

from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from features.build import build_features, read_catalog
from features.feature import Aggregate
from features.log import read_log
from features.shop import read_shop
from features.windows import DAY, Window, read_cutoff, to_datetime
from training.labels import make_labels, make_message_labels

CUTOFF = "2025-03-31"
EXACT = ("count", "sum", "min", "max", "last")
Tables = dict[str, pd.DataFrame]


@pytest.fixture(scope="module")
def tables(simulated) -> Tables:
    """Orders, messages and consents of 200 customers, with clocks; late rows among them."""
    rng = np.random.default_rng(3)
    folder = simulated.config.parent
    chosen = pd.read_parquet(folder / "customers.parquet")["customer_id"].sort_values()[:200]
    loaded = {}
    for name, happened in (("orders", "ordered_at"), ("messages", "sent_at")):
        frame = pd.read_parquet(folder / f"{name}.parquet")
        frame = frame[frame["customer_id"].isin(chosen)].reset_index(drop=True)
        delay = np.where(rng.random(len(frame)) < 0.3, rng.exponential(20, len(frame)), 0)
        late = pd.to_timedelta(delay, "D")
        loaded[name] = frame.assign(known_at=frame[happened] + late)
    return loaded


def _cutoff() -> pd.Timestamp:
    return pd.Timestamp("2025-04-01") - pd.Timedelta(1, "us")


def _utc(frame: pd.DataFrame, column: str) -> pd.Series:
    return frame[column].dt.tz_convert("UTC").dt.tz_localize(None)


def _unknown(frame: pd.DataFrame, column: str = "known_at") -> pd.Series:
    return _utc(frame, column) > _cutoff()


def _dropped(tables: Tables, _rng: np.random.Generator) -> Tables:
    return {name: frame[~_unknown(frame)] for name, frame in tables.items()}


def _permuted(tables: Tables, rng: np.random.Generator) -> Tables:
    """Hand the rows known later to other customers, and shuffle the file."""
    changed = {}
    for name, frame in tables.items():
        frame, rows = frame.copy(), _unknown(frame)
        frame.loc[rows, "customer_id"] = rng.permutation(frame.loc[rows, "customer_id"])
        changed[name] = frame.sample(frac=1, random_state=1)
    return changed


def _changed(tables: Tables, rng: np.random.Generator) -> Tables:
    """Change every value of the rows known later, and every field known later of known rows."""
    orders, messages = tables["orders"].copy(), tables["messages"].copy()
    orders.loc[_unknown(orders), "amount"] = 99999.0
    orders.loc[_unknown(orders), "discount"] = 12345.0
    orders.loc[_unknown(orders, "cancelled_at"), "cancelled_at"] = pd.NaT
    messages.loc[_unknown(messages), "channel"] = "phone"
    for field in ("opened_at", "clicked_at", "unsubscribed_at"):
        later = _unknown(messages, field)
        messages.loc[later, field] += pd.Timedelta(5, "D")
        messages.loc[later & (rng.random(len(messages)) < 0.5), field] = pd.NaT
    return {"orders": orders, "messages": messages}


def _added(tables: Tables, _rng: np.random.Generator) -> Tables:
    """Add rows that are only known later, some of which happened before all others."""
    changed = {}
    for name, happened in (("orders", "ordered_at"), ("messages", "sent_at")):
        frame = tables[name]
        more = frame.sample(100, random_state=2).copy()
        more[f"{name[:-1]}_id"] = [f"new-{place}" for place in range(100)]
        places = np.arange(100) % 3
        more[happened] = np.select(
            [places == 0, places == 1],
            [frame[happened].min() - pd.Timedelta(3, "D"), more[happened]],
            frame[happened].max(),
        )
        more[happened] = pd.to_datetime(more[happened], utc=True)
        moment = pd.Timestamp(_cutoff() + pd.Timedelta(1, "us"), tz="UTC")
        more["known_at"] = moment.as_unit("us")
        half = len(frame) // 2
        parts = [more[:30], frame[:half], more[30:60], frame[half:], more[60:]]
        changed[name] = pd.concat(parts)
    return changed


@pytest.mark.parametrize("change", [_dropped, _permuted, _changed, _added])
def test_rows_and_fields_known_after_the_cutoff_change_no_feature(
    change: Callable[..., Tables], tables: Tables, write_shop: Callable[..., Path]
) -> None:
    settings = {"observed_until": "2025-12-31", "timezone": "UTC"}
    frames = []
    for version in (tables, change(tables, np.random.default_rng(4))):
        log = read_log(read_shop(write_shop(version, **settings)))
        cutoff = read_cutoff(CUTOFF, log.shop.timezone)
        catalog = read_catalog(log, cutoff)
        frames.append(build_features(log, [cutoff], catalog, population="contacts"))
    before, after = frames
    assert len(before) > 100
    assert before["customer_id"].tolist() == after["customer_id"].tolist()
    for name, feature in catalog.items():
        exact = isinstance(feature, Aggregate) and feature.aggregate in EXACT
        rtol = 0 if exact and "/" not in feature.value else 1e-12
        np.testing.assert_allclose(after[name], before[name], rtol=rtol, atol=0, err_msg=name)


def test_the_changes_of_this_test_do_change_something_known_later(
    tables: Tables, write_shop: Callable[..., Path]
) -> None:
    """The test above would pass if the changes never reached the log."""
    cutoff_text = "2025-12-31"
    counts = []
    for version in (tables, _added(tables, np.random.default_rng(4))):
        log = read_log(read_shop(write_shop(version, observed_until="2025-12-31")))
        cutoff = read_cutoff(cutoff_text, log.shop.timezone)
        frame = build_features(log, [cutoff], read_catalog(log, cutoff).select(["orders_count"]))
        counts.append(frame["orders_count"].sum())
    assert counts[1] > counts[0]


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
    labels = make_message_labels(log, 7, log.observed_until).set_index("customer_id")
    assert labels["bought"].to_dict() == {"at": False, "after": True, "end": True, "late": False}
