"""Tests of the occasion of a message: local weekday and hours, first instant, last message."""

from datetime import time
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from features.arrays import object_array
from features.catalog.dictionary import make_catalog
from features.catalog.glossary import FULL_VOCABULARY
from features.catalog.relations import MESSAGE_DAYS
from features.shop.contact_rules import QuietHours
from features.windows import DAY, read_cutoff
from models.channel.occasion import (
    evening_column,
    first_send_at,
    is_situation,
    last_message_at,
    local_weekdays_and_hours,
    morning_column,
    occasion_column_names,
    occasion_columns,
    pause_column,
    possible_column,
    weekend_column,
)

BERLIN = ZoneInfo("Europe/Berlin")
CLOCK_CHANGES = ("2025-03-29 00:00", "2025-10-25 00:00")  # days before them
HOUR = DAY // 24
NIGHT = QuietHours(time(21), time(8))


def _at(text: str) -> int:
    return read_cutoff(text, BERLIN)


def _columns(*texts: str, last: float = np.nan) -> dict[str, np.ndarray]:
    send_at = np.array([[_at(text)] for text in texts])
    return occasion_columns(["email"], send_at, np.full(len(texts), last), BERLIN)


def test_weekday_and_hour_are_those_of_the_local_clock_also_where_it_changes() -> None:
    # every half hour around both changes of 2025, and in a zone with an offset of 45 minutes
    for zone in ("Europe/Berlin", "America/New_York", "Asia/Kathmandu", "UTC"):
        instants = np.concatenate(
            [np.arange(_at(day), _at(day) + 3 * DAY, HOUR // 2) for day in CLOCK_CHANGES]
        ).reshape(2, -1)
        weekday, hour = local_weekdays_and_hours(instants, ZoneInfo(zone))
        expected = pd.to_datetime(instants.ravel(), unit="us", utc=True).tz_convert(zone)
        assert weekday.ravel().tolist() == expected.day_of_week.tolist()
        assert hour.ravel().tolist() == expected.hour.tolist()
        assert weekday.shape == hour.shape == instants.shape


def test_saturday_and_sunday_are_a_weekend_on_the_local_calendar() -> None:
    ends = _columns("2025-03-28 23:59", "2025-03-29 00:00", "2025-03-30 23:59", "2025-03-31 00:00")
    assert ends[weekend_column("email")].tolist() == [0, 1, 1, 0]


def test_evening_and_morning_end_before_their_last_hour() -> None:
    clock = ("04:59", "05:00", "10:59", "11:00", "16:59", "17:00", "21:59", "22:00")
    columns = _columns(*(f"2025-03-30 {at}" for at in clock))  # the clock changed that night
    assert columns[morning_column("email")].tolist() == [0, 1, 1, 0, 0, 0, 0, 0]
    assert columns[evening_column("email")].tolist() == [0, 0, 0, 0, 0, 1, 1, 0]


def test_the_pause_is_counted_in_days_of_24_hours_up_to_the_sending() -> None:
    last = float(_at("2025-03-29 12:00"))
    columns = _columns("2025-03-30 13:00", "2025-03-29 12:00", last=last)
    assert columns[pause_column("email")] == pytest.approx([np.log1p(1.0), 0.0])
    assert np.isnan(_columns("2025-03-30 13:00")[pause_column("email")]).all()


def test_each_arm_has_columns_of_its_own_instant() -> None:
    send_at = np.array([[_at("2025-03-28 12:00"), _at("2025-03-29 12:00")]])
    columns = occasion_columns(["email", "none"], send_at, np.array([np.nan]), BERLIN)
    assert set(columns) == {*occasion_column_names("email"), *occasion_column_names("none")}
    assert columns[weekend_column("email")].tolist() == [0]
    assert columns[weekend_column("none")].tolist() == [1]


def test_no_feature_can_be_mistaken_for_a_column_of_the_situation() -> None:
    names = [possible_column("e mail"), *occasion_column_names("e mail")]
    assert all(map(is_situation, names))
    assert not any(map(is_situation, make_catalog(FULL_VOCABULARY)))


def test_an_arm_is_sent_at_the_end_of_its_quiet_hours_and_none_at_once() -> None:
    quiet = {"sms": NIGHT, "none": NIGHT}
    arms = ["email", "none", "sms"]
    night, noon = _at("2025-03-29 23:00"), _at("2025-03-29 12:00")
    assert first_send_at(arms, night, quiet, BERLIN) == {
        "email": night,
        "none": night,
        "sms": _at("2025-03-30 08:00"),  # nine hours by the clock, eight in truth
    }
    assert _at("2025-03-30 08:00") - night == 8 * HOUR
    assert set(first_send_at(arms, noon, quiet, BERLIN).values()) == {noon}


def test_the_last_message_is_one_that_was_sent_and_known_before() -> None:
    messages = {
        "channel": object_array(["email", "none", "sms", "email", "push"]),
        "sent_at": np.array([10.0, 30.0, 20.0, 25.0, 40.0]),
        "known_at": np.array([10.0, 30.0, 20.0, 50.0, 40.0]),
    }
    at = {i: last_message_at({"messages": messages}, i) for i in (11, 20, 40, 41, 50)}
    assert at == {11: 10.0, 20: 10.0, 40: 20.0, 41: 40.0, 50: 40.0}
    assert np.isnan(last_message_at({"messages": messages}, 10))
    assert np.isnan(last_message_at({}, 10))
    forgotten = 40 + MESSAGE_DAYS * DAY  # by the history store, whenever it was built
    assert last_message_at({"messages": messages}, forgotten - 1) == 40.0
    assert np.isnan(last_message_at({"messages": messages}, forgotten))
