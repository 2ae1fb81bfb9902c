"""Which arms a customer could have been sent at the time of a message."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.log.log import Log, read_log
from features.shop.contact_rules import ContactRules
from features.shop.shop import read_shop
from training.channel.eligible_channels import eligible_arms
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
    tables = {
        "orders": orders(("a", "2020-03-02 12:00:00", 1)),
        "messages": messages,
        "consents": consents,
    }
    return read_log(read_shop(write_shop(tables, observed_until="2020-12-31")))


def _eligible(log: Log, rules: ContactRules) -> dict[str, set[str]]:
    until = log.observed_until
    rows = make_message_labels(log, 7, until).rename(columns={"account": "customer_id"})
    found = eligible_arms(log, rows, ARMS, until, rules)
    named = (set(np.array(ARMS)[allowed].tolist()) for allowed in found)
    return dict(zip(rows["message_id"], named, strict=True))


def test_an_arm_is_eligible_if_it_was_just_before_the_message(log: Log) -> None:
    assert _eligible(log, log.shop.rules) == {
        "m1": {"email", "none"},
        "m2": {"none"},  # e-mail withdrawn, sms given at that very instant
        "m3": {"email", "none"},
        "m4": {"email", "none", "sms"},  # it was sent, whatever the rules say now
    }
