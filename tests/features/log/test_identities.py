"""Rows stand under the customers of their accounts, as far as known at a cutoff."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from features.log.identities import customers_of_accounts, history_table_sql, messages_sql
from features.log.log import Log, read_log
from features.shop.shop import read_shop
from features.windows import read_cutoff

WriteShop = Callable[..., Path]
ORDERS = pd.DataFrame(
    {
        "order_id": ["a", "b", "c"],
        "customer_id": ["1", "c", "d"],
        "source": ["till", None, None],
        "ordered_at": ["2024-01-05", "2024-01-06", "2024-02-07"],
        "amount": [1, 2, 3],
    }
)
IDENTITIES = pd.DataFrame(
    {"source": ["till"], "source_id": ["1"], "customer_id": ["c"], "known_at": ["2024-01-20"]}
)
MESSAGES = pd.DataFrame(
    {
        "message_id": ["m"],
        "customer_id": ["1"],
        "source": ["till"],
        "sent_at": ["2024-01-10"],
        "channel": ["sms"],
    }
)


@pytest.fixture
def log(write_shop: WriteShop) -> Log:
    """A log in which till:1 is known to be the customer c from 20 January on."""
    tables = {"orders": ORDERS, "identities": IDENTITIES, "messages": MESSAGES}
    return read_log(read_shop(write_shop(tables)))


def _cutoff(log: Log, day: str) -> int:
    return read_cutoff(day, log.timezone)


@pytest.mark.parametrize(
    ("day", "customers"), [("2024-01-19", ["till:1", "c", "d"]), ("2024-01-20", ["c", "c", "d"])]
)
def test_an_order_is_its_customers_from_when_the_identity_is_known(
    log: Log, day: str, customers: list[str]
) -> None:
    table = history_table_sql(log, "orders", _cutoff(log, day))
    rows = log.fetch(f"SELECT customer_id FROM {table} ORDER BY ordered_at")
    assert [row[0] for row in rows] == customers


@pytest.mark.parametrize(("day", "customer"), [("2024-01-19", "till:1"), ("2024-01-20", "c")])
def test_a_message_keeps_its_account_beside_its_customer(log: Log, day: str, customer: str) -> None:
    query = messages_sql(log, _cutoff(log, day))
    rows = log.fetch(f"SELECT message_id, customer_id, account FROM ({query})")
    assert rows == [("m", customer, "till:1")]


def test_accounts_without_an_identity_are_customers_by_themselves(log: Log) -> None:
    accounts = pd.Series(["d", "till:1", "unheard-of"], index=[7, 8, 9])
    found = customers_of_accounts(log, accounts, log.observed_until)
    assert found.to_dict() == {7: "d", 8: "c", 9: "unheard-of"}


def test_without_identities_every_account_is_a_customer(write_shop: WriteShop) -> None:
    log = read_log(read_shop(write_shop({"orders": ORDERS, "messages": MESSAGES})))
    assert history_table_sql(log, "orders", log.observed_until) == "history_orders"
    query = messages_sql(log, log.observed_until)
    assert log.fetch(f"SELECT customer_id, account FROM ({query})") == [("till:1", "till:1")]
    accounts = pd.Series(["till:1", "c"])
    assert customers_of_accounts(log, accounts, log.observed_until).tolist() == ["till:1", "c"]
