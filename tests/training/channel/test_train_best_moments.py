"""What the moments are learned from: whose messages, which clicks, and nothing known later."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from features.log.log import Log, read_log
from features.shop.shop import read_shop
from features.windows import DAY, read_cutoff
from models.channel.best_moment import Moments
from training.channel.train_best_moments import train_moments
from training.labels import make_message_labels

MESSAGES = pd.DataFrame(
    [
        ("m1", "a", "email", "2024-03-05 09:00", "2024-03-05 10:00"),
        ("m2", "a", "email", "2024-03-12 09:00", "2024-03-13 09:00"),  # a day later, to the second
        ("m3", "b", "email", "2024-03-12 09:00", "2024-03-13 09:00:01"),
        ("m4", "b", "email", "2024-03-29 09:00", "2024-03-29 10:00"),  # its window is open
        ("m5", "a", "none", "2024-03-12 09:00", None),
        ("m6", "objects", "email", "2024-03-12 09:00", "2024-03-12 10:00"),
        ("m7", "a", "phone", "2024-03-12 09:00", None),
        ("m8", "a", "email", "2023-02-01 09:00", None),  # more than a year old
    ],
    columns=["message_id", "customer_id", "channel", "sent_at", "clicked_at"],
)


@pytest.fixture
def log(write_shop: Callable[..., Path], orders: Callable[..., pd.DataFrame]) -> Log:
    frame = orders(
        ("a", "2024-03-02 21:30", 1),  # a Saturday
        ("objects", "2024-03-03 21:30", 1),
        ("a", "2023-01-01 10:00", 1),
        ("b", "2024-06-01 10:00", 1),
    )
    consents = pd.DataFrame(
        {
            "customer_id": ["objects"],
            "scope": "profiling",
            "granted": False,
            "changed_at": "2024-01-01",
        }
    )
    tables = {"orders": frame, "messages": MESSAGES, "consents": consents}
    return read_log(read_shop(write_shop(tables, timezone="Europe/Warsaw")))


def _train(log: Log) -> Moments:
    cutoff = read_cutoff("2024-03-31", log.shop.timezone)
    return train_moments(log, cutoff - 365 * DAY, cutoff)


def test_messages_of_the_year_are_read_whose_window_is_closed(log: Log) -> None:
    channels = {c.channel: (c.sends, c.outcome) for c in _train(log).channels}
    assert channels == {"email": (3, "click"), "phone": (1, "purchase")}


def test_a_click_counts_within_24_hours(log: Log) -> None:
    labels = make_message_labels(log, 7, log.observed_until).set_index("message_id")
    assert labels["clicked"].to_dict() == {
        "m1": True, "m2": True, "m3": False, "m4": True, "m5": False, "m7": False, "m8": False,
    }  # fmt: skip


def test_habits_are_those_of_orders_and_clicks_of_who_has_not_objected(log: Log) -> None:
    moments = _train(log)
    assert moments.orders.weekdays == [1 / 8] * 5 + [2 / 8, 1 / 8]
    assert moments.orders.blocks == [1 / 9] * 7 + [2 / 9]
    assert moments.clicks.weekdays == [1 / 11, 2 / 11, 3 / 11, 1 / 11, 2 / 11, 1 / 11, 1 / 11]


def test_a_shop_that_logs_no_clicks_is_judged_by_purchases(
    write_shop: Callable[..., Path], orders: Callable[..., pd.DataFrame]
) -> None:
    frame = orders(("a", "2024-03-06 10:00", 1), ("a", "2024-06-01 10:00", 1))
    tables = {"orders": frame, "messages": MESSAGES.drop(columns="clicked_at")}
    moments = _train(read_log(read_shop(write_shop(tables))))
    assert {c.outcome for c in moments.channels} == {"purchase"}
    assert moments.clicks.blocks == [1 / 8] * 8
