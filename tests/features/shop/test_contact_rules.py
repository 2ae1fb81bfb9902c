"""Caps and quiet hours as nextbuy.toml sets them."""

from datetime import datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from features.shop.contact_rules import FrequencyCap, QuietHours
from features.shop.shop import read_shop
from features.windows import to_instant

ORDERS = '[tables.orders]\npath = "orders.csv"\n'


def test_caps_and_quiet_hours_are_taken_over(tmp_path: Path) -> None:
    (tmp_path / "nextbuy.toml").write_text(
        "[shop]\ntimezone = 'Europe/Warsaw'\n[channels]\nmax_in_7_days = {Email = 3, All = 4}\n"
        "max_in_28_days = {sms = 2}\nquiet_hours = {SMS = ['21:00', '08:00']}\n" + ORDERS
    )
    rules = read_shop(tmp_path / "nextbuy.toml").rules
    assert rules.timezone.key == "Europe/Warsaw"
    assert rules.caps == [
        FrequencyCap(3, 7, "email"),
        FrequencyCap(4, 7, None),
        FrequencyCap(2, 28, "sms"),
    ]
    assert rules.quiet_hours == {"sms": QuietHours(time(21), time(8))}


WARSAW = ZoneInfo("Europe/Warsaw")
NIGHT = QuietHours.read(["21:00", "08:00"])
NOON = QuietHours.read(["12:00", "13:30"])


@pytest.mark.parametrize(
    ("quiet", "at", "end"),
    [
        (NIGHT, "2024-05-01T21:00", "2024-05-02T08:00"),
        (NIGHT, "2024-05-02T07:59", "2024-05-02T08:00"),
        (NIGHT, "2024-05-02T08:00", None),
        (NIGHT, "2024-05-01T20:59", None),
        (NOON, "2024-05-01T12:00", "2024-05-01T13:30"),
        (NOON, "2024-05-01T13:30", None),
    ],
)
def test_quiet_hours_end_on_the_local_clock(quiet: QuietHours, at: str, end: str | None) -> None:
    instant = to_instant(datetime.fromisoformat(at), WARSAW)
    expected = None if end is None else to_instant(datetime.fromisoformat(end), WARSAW)
    assert quiet.end_after(instant, WARSAW) == expected


def test_a_night_in_which_the_clock_changes_ends_at_the_same_local_time() -> None:
    """On the morning of 31 March 2024 the clock goes from 02:00 to 03:00."""
    late = to_instant(datetime(2024, 3, 30, 23), WARSAW)
    assert NIGHT.end_after(late, WARSAW) == to_instant(datetime(2024, 3, 31, 8), WARSAW)


@pytest.mark.parametrize(
    ("quiet", "hour", "hours", "meets"),
    [
        (NIGHT, 8, 3, False),
        (NIGHT, 7, 1, True),
        (NIGHT, 18, 3, False),
        (NIGHT, 18, 4, True),
        (NOON, 13, 1, True),
        (NOON, 14, 3, False),
        (NOON, 9, 3, False),
    ],
)
def test_some_hours_of_a_day_meet_quiet_hours(
    quiet: QuietHours, hour: int, hours: int, meets: bool
) -> None:
    assert quiet.meet(hour, hours) is meets


def test_a_cap_is_described_in_words() -> None:
    assert str(FrequencyCap(3, 7, "email")) == "cap of 3 in 7 days"
    assert str(FrequencyCap(4, 28, None)) == "cap of 4 over all channels in 28 days"
