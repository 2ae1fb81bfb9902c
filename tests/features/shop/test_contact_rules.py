"""Caps and quiet hours as nextbuy.toml sets them."""

from datetime import time
from pathlib import Path

from features.shop.contact_rules import FrequencyCap, QuietHours
from features.shop.shop import read_shop

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
