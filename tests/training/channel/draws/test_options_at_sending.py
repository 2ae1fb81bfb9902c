"""Which arms a customer could have been sent at the time of a message, and which preferred."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.log.log import Log, read_log
from features.shop.shop import read_shop
from models.channel.recommend import Options
from training.channel.draws.options_at_sending import read_options
from training.labels import make_message_labels

WriteShop = Callable[..., Path]
ARMS = ["email", "none", "sms"]


@pytest.fixture
def log(write_shop: WriteShop, orders: Callable[..., pd.DataFrame]) -> Log:
    messages = pd.DataFrame(
        [
            ("m1", "a", "2020-03-01 12:00:00", "email"),
            ("m2", "a", "2020-03-10 12:00:00", "none"),
            ("m3", "b", "2020-03-10 12:00:00", "none"),
            ("m4", "b", "2020-03-20 12:00:00", "sms"),
        ],
        columns=["message_id", "customer_id", "sent_at", "channel"],
    )
    consents = pd.DataFrame(
        [
            ("a", "email", True, "2020-01-01 00:00:00"),
            ("a", "email", False, "2020-03-05 00:00:00"),
            ("a", "sms", True, "2020-03-10 12:00:00"),
            ("b", "email", True, "2020-01-01 00:00:00"),
        ],
        columns=["customer_id", "scope", "granted", "changed_at"],
    )
    customers = pd.DataFrame(
        [
            ("a", "email", "2020-01-01 00:00:00"),
            ("a", "sms", "2020-03-10 12:00:00"),
            ("b", "fax", "2020-01-01 00:00:00"),
            ("b", "none", "2020-03-20 11:00:00"),
        ],
        columns=["customer_id", "preferred_channel", "known_at"],
    )
    tables = {
        "orders": orders(("a", "2020-03-02 12:00:00", 1)),
        "messages": messages,
        "consents": consents,
        "customers": customers,
    }
    return read_log(read_shop(write_shop(tables, observed_until="2020-12-31")))


def _read(log: Log) -> tuple[list[str], Options]:
    until = log.observed_until
    rows = make_message_labels(log, 7, until).rename(columns={"account": "customer_id"})
    return rows["message_id"].tolist(), read_options(log, rows, ARMS, until, log.shop.rules)


def test_a_channel_is_preferred_if_it_was_known_just_before_the_message(log: Log) -> None:
    messages, options = _read(log)
    preferred = [None if column < 0 else ARMS[column] for column in options.preferred]
    assert dict(zip(messages, preferred, strict=True)) == {
        "m1": "email",
        "m2": "email",  # sms is stated at that very instant
        "m3": None,  # fax is no arm of this log
        "m4": "none",
    }


def test_an_arm_is_eligible_if_it_was_just_before_the_message(log: Log) -> None:
    messages, options = _read(log)
    allowed = [set(np.array(ARMS)[flags].tolist()) for flags in options.eligible]
    assert dict(zip(messages, allowed, strict=True)) == {
        "m1": {"email", "none"},
        "m2": {"none"},  # e-mail withdrawn, sms given at that very instant
        "m3": {"email", "none"},
        "m4": {"email", "none"},  # nobody knows why sms was sent
    }


def test_attributes_without_a_preferred_channel_prefer_nothing(
    write_shop: WriteShop, orders: Callable[..., pd.DataFrame]
) -> None:
    customers = pd.DataFrame(
        {"customer_id": ["a"], "country": ["pl"], "known_at": ["2020-01-01 00:00:00"]}
    )
    messages = pd.DataFrame(
        {
            "message_id": ["m1"],
            "customer_id": ["a"],
            "sent_at": ["2020-03-01 12:00:00"],
            "channel": ["email"],
        }
    )
    tables = {
        "orders": orders(("a", "2020-03-02 12:00:00", 1)),
        "messages": messages,
        "customers": customers,
    }
    log = read_log(read_shop(write_shop(tables, observed_until="2020-12-31")))
    _, options = _read(log)
    assert options.preferred.tolist() == [-1]
