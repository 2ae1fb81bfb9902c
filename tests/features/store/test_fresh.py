"""A posted row and a rebuilt one are the same: every column of it, and every feature."""

import os
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pytest
from redis import Redis

from features.builds.feature_build import build_features
from features.builds.population_statistics import build_lookups_at
from features.builds.shop_catalog import read_catalog
from features.engines.plan import compute_features
from features.engines.sql.feature_queries import make_scope
from features.history.customer_histories import read_customer_histories
from features.history.layout import HISTORY_COLUMNS, ROW_KEY
from features.ledgers.journal import open_journal
from features.ledgers.posted_rows import POSTABLE_TABLES, PostedRowChecker
from features.log.log import read_log
from features.shop.settings_file import JournalSection
from features.shop.shop import Shop, read_shop
from features.store.address import store_target
from features.store.build.store_build import build_store
from features.store.fresh import FreshStore
from features.store.protocol import History
from features.windows import DAY, to_datetime

NOW = time.time_ns() // 1000
ASKED = ["c0", "c1", "new"]
PRODUCTS = {
    "product_id": ["green", "test", "cup", "bare"],
    "category": ["tea", "health", "cups", None],
    "subcategory": ["leaves", "pregnancy tests", "mugs", "odds"],
    "brand": ["Aster", "Borealis", None, "Cobalt"],
    "color": ["green", None, "white", "red"],
    "size": ["small", "large", "small", None],
    "price": [5, 9, 12, None],
}


def ago(days: float) -> str:
    return to_datetime(NOW - int(days * DAY)).isoformat()


def _files() -> dict[str, pd.DataFrame]:
    """Sixty orders of tea, so that it has a cycle, and before the last a few rows of all else."""
    orders = pd.DataFrame(
        [(f"o{c}-{n}", f"c{c}", ago(43 - 20 * n)) for c in range(20) for n in range(3)],
        columns=["order_id", "customer_id", "ordered_at"],
    ).assign(amount=10, discount=1, store="north", sales_channel="shop")
    events = [
        {"event_id": "e0", "product_id": None},
        {"event_id": "e1", "product_id": "unheard-of"},
        {"event_id": "e2", "product_id": "cup"},
    ]
    message = {"sent_at": ago(20), "channel": "email", "campaign_id": "spring", "store": "north"}
    return {
        "orders": orders,
        "order_lines": orders[["order_id"]].assign(product_id="green", quantity=1, unit_price=4),
        "products": pd.DataFrame(PRODUCTS),
        "returns": pd.DataFrame(
            {"return_id": ["r0"], "customer_id": "c0", "returned_at": ago(9), "amount": 4}
        ),
        "events": pd.DataFrame(events).assign(
            customer_id="c0", occurred_at=ago(4), event_type="view", store="north", device="mobile"
        ),
        "messages": pd.DataFrame([{"message_id": "m0", "customer_id": "c0"} | message]).assign(
            converted_at=None, revenue=None, clicked_at=None
        ),
        "consents": pd.DataFrame(
            {"customer_id": ["c1"], "scope": "sms", "granted": True, "changed_at": ago(50)}
        ),
        "customers": pd.DataFrame(
            {"customer_id": ["c0"], "known_at": ago(60), "preferred_channel": "sms"}
            | {"country": "PL", "birth_year": 1980, "reachable_email": True}
        ),
    }


def _posts(customer: str) -> dict[str, list[dict]]:
    """Rows of every table that may be posted, those of orders apart."""
    own = {"customer_id": customer}
    view = own | {"event_type": "view", "store": "north", "device": "desktop"}
    again = [{"event_id": f"e{n}", "product_id": "green", "occurred_at": ago(4)} for n in range(2)]
    message = own | {"message_id": f"m{customer}", "sent_at": ago(2), "channel": "email"}
    told = {"opened_at": ago(1), "clicked_at": ago(1), "converted_at": ago(1), "revenue": "7.5"}
    return {
        "returns": [
            own | {"return_id": f"r{customer}{p}", "returned_at": ago(1), "amount": 3}
            | {"product_id": p} for p in ("cup", "test")
        ] + ([own | {"return_id": "r0", "returned_at": ago(9), "amount": 4, "product_id": "green"}]
             if customer == "c0" else []),
        "events": [
            view | {"event_id": f"{customer}{p}", "occurred_at": ago(0.5), "product_id": p}
            for p in ("green", "test", "bare", "nowhere")
        ] + ([view | row for row in again] if customer == "c0" else []),
        "messages": [message | told | {"campaign_id": "summer", "store": "north"}],
        "consents": [own | {"scope": "email", "granted": True, "changed_at": ago(3)}],
        "customers": [
            own | {"preferred_channel": "Email", "country": "DE", "birth_year": 1970}
            | {"reachable_email": False}
        ],
    }  # fmt: skip


def _order(customer: str) -> dict[str, list[dict]]:
    """Two orders: one of today, and, of who is known, the lines of one that had none."""
    order = {"order_id": f"o{customer}", "customer_id": customer, "ordered_at": ago(0.1)}
    line = {"order_id": f"o{customer}", "quantity": 2, "unit_price": "4.50"}
    products = [*PRODUCTS["product_id"], "nowhere", "green"]
    return {
        "orders": [order | {"amount": 20, "sales_channel": "Web", "store": "south"}],
        "order_lines": [line | {"product_id": product} for product in products],
    }


@pytest.fixture(params=["file", pytest.param("redis", marks=pytest.mark.services)])
def shop(
    request: pytest.FixtureRequest, write_shop, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Shop]:
    """A shop that gives every table, its store in a file or in Redis, built before any post."""
    name = f"test-{uuid.uuid4().hex}"
    config: Path = write_shop(_files(), name=name, timezone="Europe/Warsaw")
    url = os.environ.get("NEXTBUY_TEST_REDIS", "redis://127.0.0.1:6379/0")
    if request.param == "redis":
        monkeypatch.setenv("NEXTBUY_STORE", url)
    # it posts everything, so that its data reach to the last post
    shop = msgspec.structs.replace(read_shop(config), journal=JournalSection(complete=True))
    _build(shop)
    yield shop
    if request.param == "redis":
        client = Redis.from_url(url)
        client.delete(*client.scan_iter(f"nextbuy:{name}:*", count=1000))
        client.close()


def _build(shop: Shop) -> None:
    log = read_log(shop)
    build_store(log, store_target(shop))
    log.close()


def _post(shop: Shop, rows: dict[str, list[dict]]) -> None:
    journal = open_journal(shop)
    try:
        journal.append(PostedRowChecker(shop).read(rows))
    finally:
        journal.close()


def _ask(shop: Shop, posts: bool) -> dict[str, History]:
    store = store_target(shop).open()
    if posts:
        store = FreshStore(shop, store, open_journal(shop))
    found = read_customer_histories(store.read, ASKED, NOW + DAY)
    store.close()
    return found


def _post_everything(shop: Shop) -> None:
    for customer in ASKED:
        _post(shop, _posts(customer))
    for customer in ASKED:  # last, since the data ends with the last order
        _post(shop, _order(customer))


def test_a_posted_row_has_every_column_of_a_rebuilt_one(shop: Shop) -> None:
    assert {"orders", "order_lines", *_posts("c0")} == POSTABLE_TABLES.keys() - {"identities"}
    _post_everything(shop)
    posted = _ask(shop, posts=True)
    _build(shop)
    for rebuilt in (_ask(shop, posts=False), _ask(shop, posts=True)):
        for customer in ASKED:
            ours, theirs = posted[customer], rebuilt[customer]
            assert ours.keys() == theirs.keys()
            for table in ours:
                rows = [_rows(tables, table) for tables in (ours, theirs)]
                pd.testing.assert_frame_equal(*rows)
    events = _rows(posted["c0"], "events").set_index("product_id")["category"]
    assert events.dropna().to_dict() == {"green": "tea", "cup": "cups"}
    said = {text for tables in posted.values() for name in tables for text in _texts(tables, name)}
    assert {"Aster", "leaves"} <= said
    assert not {"health", "pregnancy tests"} & said


def _texts(tables: History, name: str) -> set[str]:
    return set(map(str, _rows(tables, name).to_numpy().ravel()))


def _rows(tables: History, name: str) -> pd.DataFrame:
    columns = [ROW_KEY, *HISTORY_COLUMNS[name]]
    frame = pd.DataFrame({column: tables[name][column] for column in columns})
    return frame.sort_values(columns, ignore_index=True)  # lines of an order have one key


def test_posting_and_asking_equals_rebuilding_and_asking_for_every_feature(shop: Shop) -> None:
    _post_everything(shop)
    posted = _ask(shop, posts=True)
    log = read_log(shop)
    cutoff = log.observed_until
    catalog = read_catalog(log, cutoff)
    scope = make_scope(log, cutoff, build_lookups_at(log, cutoff, catalog))
    values = compute_features(catalog, [posted[customer] for customer in ASKED], scope)
    frame = build_features(log, [cutoff], catalog, population="contacts").set_index("customer_id")
    log.close()
    for name, feature in catalog.items():
        expected = frame.loc[ASKED, name].to_numpy()
        if feature.kind == "text":
            texts = [text if isinstance(text, str) else None for text in expected]
            assert values[name].tolist() == texts, name
        else:
            np.testing.assert_allclose(values[name], expected, rtol=1e-9, atol=0, err_msg=name)
    for name, expected in {
        "returned_category_top": ["cups"] * 3,
        "viewed_category_top_28d": ["tea"] * 3,
        "subcategory_top": ["leaves"] * 3,
        "due_category": ["tea"] * 3,
        "preferred_channel": ["email"] * 3,
        "message_revenue_sum_365d": [750.0] * 3,
        "sales_channel_last": ["web"] * 3,
    }.items():
        assert values[name].tolist() == expected, name
