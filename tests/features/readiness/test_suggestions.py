"""Tests of the suggested settings, counted by hand."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from features.log.log import read_log
from features.readiness.readiness import Readiness, examine_log
from features.shop.shop import read_shop

WriteShop = Callable[..., Path]
Orders = Callable[..., pd.DataFrame]


def _examine(write_shop: WriteShop, frame: pd.DataFrame, **shop: str | int) -> Readiness:
    return examine_log(read_log(read_shop(write_shop({"orders": frame}, **shop))))


def test_orders_known_at_once_suggest_no_settling(write_shop: WriteShop, orders: Orders) -> None:
    frame = orders(("a", "2024-01-01 10:00:00", 1), ("a", "2024-01-02 10:00:00", 1))
    frame["known_at"] = ["2023-12-01 10:00:00", "2024-01-02 10:00:00"]  # one before it happened
    report = _examine(write_shop, frame)
    assert report.tables[0].lateness is not None
    assert report.suggestions is not None
    assert report.suggestions.settle_days == 0


def test_the_horizon_closes_85_percent_of_the_gaps(write_shop: WriteShop, orders: Orders) -> None:
    """80 customers come back after 40 days, 20 after 100; all could be watched for long enough."""
    rows = []
    for index in range(100):
        start = pd.Timestamp("2022-01-01") + pd.Timedelta(days=index % 30)
        back = start + pd.Timedelta(days=40 if index < 80 else 100)
        rows += [(f"c{index}", f"{day:%Y-%m-%d}", 1) for day in (start, back)]
    report = _examine(write_shop, orders(*rows), horizon_days=60, observed_until="2024-06-01")
    assert report.suggestions.horizon_days == 100
    assert report.suggestions.horizon_days_now == 60
    assert (report.suggestions.gaps, report.suggestions.watched_days) == (100, 365)


def test_gaps_that_could_not_have_been_seen_do_not_count(
    write_shop: WriteShop, orders: Orders
) -> None:
    """Gaps that begin near the end are seen only if short, so they would make all look short."""
    long = [("c", 0, 300)] * 60
    short = [("d", 700, 5)] * 500
    rows = []
    for index, (name, start, gap) in enumerate(long + short):
        for day in (start, start + gap):
            at = pd.Timestamp("2022-01-01") + pd.Timedelta(days=day)
            rows.append((f"{name}{index}", f"{at:%Y-%m-%d}", 1))
    suggestions = _examine(write_shop, orders(*rows), observed_until="2024-01-10").suggestions
    assert (suggestions.horizon_days, suggestions.gaps) == (300, 60)


def test_few_gaps_suggest_nothing_and_short_ones_a_month(
    write_shop: WriteShop, orders: Orders
) -> None:
    daily = [("a", f"{day:%Y-%m-%d}", 1) for day in pd.date_range("2023-01-01", periods=200)]
    assert _examine(write_shop, orders(*daily[:40])).suggestions.horizon_days is None
    assert _examine(write_shop, orders(*daily)).suggestions.horizon_days == 30
