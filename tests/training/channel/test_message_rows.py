"""Training rows of the channel model on a log of a few messages."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from features.builds.shop_catalog import read_catalog
from features.language.catalog import Catalog
from features.log.log import Log, read_log
from features.shop.shop import read_shop
from features.windows import DAY
from training.channel.message_rows import STRIDE_DAYS, make_message_rows


@pytest.fixture
def log(write_shop: Callable[..., Path], orders: Callable[..., pd.DataFrame]) -> Log:
    messages = pd.DataFrame(
        [
            ("m1", "a", "2020-03-10 12:00:00", "email"),
            ("m2", "a", "2020-04-10 12:00:00", "none"),
            ("m3", "contact", "2020-04-10 12:00:00", "email"),
        ],
        columns=["message_id", "customer_id", "sent_at", "channel"],
    )
    bought = orders(("a", "2020-02-01 12:00:00", 1), ("a", "2020-03-12 12:00:00", 5))
    tables = {"orders": bought, "messages": messages}
    return read_log(read_shop(write_shop(tables, observed_until="2020-06-30")))


@pytest.fixture
def catalog(log: Log) -> Catalog:
    return read_catalog(log, log.observed_until).select(["orders_count", "T"])


def _rows(log: Log, catalog: Catalog, first: int, last: int) -> pd.DataFrame:
    rows = make_message_rows(log, catalog, first, last, 7, log.observed_until).rows
    return rows.set_index("message_id")


def test_features_are_from_before_the_message_and_the_outcome_from_after_it(
    log: Log, catalog: Catalog
) -> None:
    rows = _rows(log, catalog, log.observed_until - 365 * DAY, log.observed_until)
    assert rows.index.tolist() == ["m1", "m2", "m3"]
    assert rows["orders_count"].tolist()[:2] == [1, 2]  # m1 caused the second one
    assert rows["bought"].tolist() == [True, False, False]
    assert rows["spend"].tolist() == [500.0, 0.0, 0.0]  # minor units


def test_without_amounts_each_purchase_counts_as_one_unit_of_the_currency(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(
        "order_id,customer_id,ordered_at\n1,a,2020-02-01 12:00\n2,a,2020-03-12 12:00\n"
    )
    (tmp_path / "messages.csv").write_text(
        "message_id,customer_id,sent_at,channel\n"
        "m1,a,2020-03-10 12:00,email\nm2,a,2020-04-10 12:00,none\n"
    )
    (tmp_path / "nextbuy.toml").write_text(
        '[shop]\nobserved_until = "2020-06-30"\n'
        '[tables.orders]\npath = "orders.csv"\nhas_amounts = false\n'
        '[tables.messages]\npath = "messages.csv"\n'
    )
    log = read_log(read_shop(tmp_path / "nextbuy.toml"))
    catalog = read_catalog(log, log.observed_until).select(["orders_count", "T"])
    rows = _rows(log, catalog, log.observed_until - 365 * DAY, log.observed_until)
    assert rows["spend"].tolist() == [100.0, 0.0]


def test_a_contact_without_an_order_is_a_row_without_purchase_features(
    log: Log, catalog: Catalog
) -> None:
    rows = _rows(log, catalog, log.observed_until - 365 * DAY, log.observed_until)
    assert pd.isna(rows.loc["m3", "T"])


def test_only_messages_between_the_instants_are_rows(log: Log, catalog: Catalog) -> None:
    rows = _rows(log, catalog, log.observed_until - 100 * DAY, log.observed_until)
    assert set(rows.index) == {"m2", "m3"}
    none = make_message_rows(log, catalog, 0, STRIDE_DAYS * DAY, 7, log.observed_until).rows
    assert len(none) == 0
