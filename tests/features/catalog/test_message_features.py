"""Tests of the features of messages, counted by hand."""

import numpy as np
import pytest

from features.language.scope import Lookups
from tests.features.catalog.small_history import ago, compute, make_history

_SENT = make_history(
    messages=[
        {"ago": 5, "channel": "email", "campaign_id": "a", "machine_opened": 1.0,
         "opened_at": ago(5), "opened_known_at": ago(5)},
        {"ago": 9, "channel": "email", "campaign_id": "a", "machine_opened": 0.0,
         "opened_at": ago(8), "opened_known_at": ago(8),
         "clicked_at": ago(7), "clicked_known_at": ago(7)},
        {"ago": 6, "channel": "email", "campaign_id": "b",
         "clicked_at": ago(1), "clicked_known_at": ago(-1)},
        {"ago": 4, "channel": "sms", "campaign_id": "b"},
        {"ago": 3, "channel": "none"},
    ]
)  # fmt: skip


def _of_email(*names: str, **parts):
    values = compute(_SENT, *(f"email_{n}" for n in names), channels=["email", "sms"], **parts)
    return list(values.values())


def test_a_message_to_nobody_is_no_message() -> None:
    assert compute(_SENT, "messages_count_7d") == {"messages_count_7d": 3.0}


def test_each_channel_has_counts_of_its_messages() -> None:
    assert _of_email("sent_count_28d", "unanswered_count_91d") == [3.0, 2.0]


def test_an_open_by_a_machine_and_a_click_not_yet_known_do_not_count() -> None:
    assert _of_email("opened_count_182d", "clicked_count_182d") == [1.0, 1.0]


def test_a_rate_of_few_messages_is_drawn_to_that_of_all_customers() -> None:
    rates = {"sent": {"email": 1000.0}, "clicked": {"email": 100.0}}
    (rate,) = _of_email("click_rate_182d", lookups=Lookups(0, {"channel_rates": rates}))
    assert rate == pytest.approx((1 + 20 * 0.1) / (3 + 20))


def test_campaigns_are_counted_once_whatever_they_sent() -> None:
    names = ("campaigns_count_365d", "campaigns_clicked_count_365d")
    assert compute(_SENT, *names) == dict(zip(names, (2.0, 1.0), strict=True))


def test_fatigue_without_any_message_is_1_and_days_since_are_unknown() -> None:
    values = compute(make_history(), "fatigue_ratio_28d", "days_since_message")
    assert values["fatigue_ratio_28d"] == 1.0
    assert np.isnan(values["days_since_message"])
