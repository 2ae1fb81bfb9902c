"""Labels: what customers did after a cutoff or a message."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from features.errors import InputError
from features.log.log import Log, read_log
from features.shop.shop import read_shop
from features.windows import DAY, Window, read_cutoff
from training.labels import (
    check_window_closed,
    count_returns,
    count_sends,
    make_labels,
    make_message_labels,
)


def test_a_window_that_is_not_observed_to_its_end_is_refused(simulated) -> None:
    window = Window(simulated.log.observed_until - 90 * DAY + 1, horizon=90)
    with pytest.raises(InputError, match=r"one whose 90 days \(and 0 to settle\) end by"):
        check_window_closed(simulated.log, window, simulated.log.observed_until)


@pytest.fixture
def small_log(write_shop: Callable[..., Path], orders: Callable[..., pd.DataFrame]) -> Log:
    bought = orders(
        ("back", "2020-01-10 12:00:00", 1),
        ("back", "2020-02-02 12:00:00", 10),
        ("back", "2020-02-02 18:00:00", 5),
        ("back", "2020-02-20 12:00:00", 20),
        ("late", "2020-01-10 12:00:00", 1),
        ("late", "2020-03-15 12:00:00", 1),
    )
    messages = pd.DataFrame(
        [
            ("m1", "back", "2020-02-01 12:00:00", "email", 0.5),
            ("m2", "late", "2020-02-01 12:00:00", "none", 0.5),
            ("m3", "late", "2020-02-01 12:00:00", "email", None),
        ],
        columns=["message_id", "customer_id", "sent_at", "channel", "propensity"],
    )
    tables = {"orders": bought, "messages": messages}
    return read_log(read_shop(write_shop(tables, observed_until="2020-06-30")))


def _window(log: Log) -> Window:
    return Window(read_cutoff("2020-01-31", log.shop.timezone), horizon=30)


def test_labels_are_the_first_day_the_days_and_the_money_within_the_horizon(
    small_log: Log,
) -> None:
    frame = pd.DataFrame({"customer_id": ["late", "back"]}, index=[7, 9])
    labels = make_labels(small_log, frame, _window(small_log), small_log.observed_until)
    assert labels.index.tolist() == [7, 9]
    assert labels.loc[7].to_dict() == {
        "days_to_next": 0, "purchase_days": 0, "spend": 0.0, "returned": False,
    }  # fmt: skip
    assert labels.loc[9].to_dict() == {
        "days_to_next": 2, "purchase_days": 2, "spend": 3500.0, "returned": True,
    }  # fmt: skip


def test_returns_are_counted_as_labels_mark_them(small_log: Log) -> None:
    assert count_returns(small_log, _window(small_log), small_log.observed_until) == 1


def test_messages_are_labelled_by_what_followed_and_counted_by_channel(small_log: Log) -> None:
    until = small_log.observed_until
    labels = make_message_labels(small_log, 7, until).set_index("message_id")
    assert labels["bought"].to_dict() == {"m1": True, "m2": False, "m3": False}
    assert labels["randomised"].to_dict() == {"m1": True, "m2": True, "m3": False}
    assert labels.loc["m1", "spend"] == 1500.0
    assert count_sends(small_log, 0, 7, until) == {"email": (2, 1), "none": (1, 1)}
    assert count_sends(small_log, until, 7, until) == {}
