"""Coverage in time, lateness, and the settings suggested from them, counted by hand."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.log.log import read_log
from features.readiness.coverage import Days, find_gaps, find_partial_end, find_shifts
from features.readiness.readiness import Readiness, examine
from features.shop.shop import read_shop

WriteShop = Callable[..., Path]
Orders = Callable[..., pd.DataFrame]


def _examine(write_shop: WriteShop, frame: pd.DataFrame, **shop: str | int) -> Readiness:
    return examine(read_log(read_shop(write_shop({"orders": frame}, **shop))))


def test_days_are_local(write_shop: WriteShop, orders: Orders) -> None:
    frame = orders(
        ("a", "2024-03-30T23:30:00Z", 1),  # the 31st in Berlin, in winter time
        ("a", "2024-03-31T21:30:00Z", 1),  # still the 31st, in summer time
        ("b", "2024-04-04T22:00:00Z", 1),  # the 5th
    )
    (table,) = _examine(write_shop, frame, timezone="Europe/Berlin").tables
    assert (table.rows, table.days_covered, table.largest_gap_days) == (3, 2, 4)
    assert (table.first_at, table.last_at) == (
        "2024-03-31T00:30:00+01:00",
        "2024-04-05T00:00:00+02:00",
    )
    assert table.columns == ["amount", "customer_id", "order_id", "ordered_at"]
    assert table.lateness is None


def test_lateness_leaves_out_the_history_that_was_loaded(
    write_shop: WriteShop, orders: Orders
) -> None:
    happened = pd.date_range("2024-01-01 12:00", periods=300, freq="D")
    late = pd.to_timedelta(np.where(np.arange(300) % 10 == 0, 3, 0), unit="D")
    known = (happened + late).where(happened >= "2024-04-10", pd.Timestamp("2024-04-10 13:00"))
    frame = orders(*[("a", f"{day}", 1) for day in happened]).assign(known_at=known)
    frame = frame[frame.index >= 20]
    report = _examine(write_shop, frame, settle_days=1)
    lateness = report.tables[0].lateness
    assert lateness is not None
    assert lateness.late_share == pytest.approx(0.1, abs=0.01)
    assert (lateness.days_50, lateness.days_90, lateness.days_99) == (0, pytest.approx(0), 3)
    assert (report.suggestions.settle_days, report.suggestions.settle_days_now) == (3, 1)


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
    for place in range(100):
        start = pd.Timestamp("2022-01-01") + pd.Timedelta(days=place % 30)
        back = start + pd.Timedelta(days=40 if place < 80 else 100)
        rows += [(f"c{place}", f"{day:%Y-%m-%d}", 1) for day in (start, back)]
    rows.append(("last", "2024-06-01", 1))
    report = _examine(write_shop, orders(*rows), horizon_days=60)
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
    for place, (name, start, gap) in enumerate(long + short):
        for day in (start, start + gap):
            at = pd.Timestamp("2022-01-01") + pd.Timedelta(days=day)
            rows.append((f"{name}{place}", f"{at:%Y-%m-%d}", 1))
    rows.append(("last", "2024-01-10", 1))
    suggestions = _examine(write_shop, orders(*rows)).suggestions
    assert (suggestions.horizon_days, suggestions.gaps) == (300, 60)


def test_few_gaps_suggest_nothing_and_short_ones_a_month(
    write_shop: WriteShop, orders: Orders
) -> None:
    daily = [("a", f"{day:%Y-%m-%d}", 1) for day in pd.date_range("2023-01-01", periods=200)]
    assert _examine(write_shop, orders(*daily[:40])).suggestions.horizon_days is None
    assert _examine(write_shop, orders(*daily)).suggestions.horizon_days == 30


def _days(counts: list[int]) -> Days:
    days = np.arange(len(counts)) + 19_723  # 2024-01-01
    kept = np.array(counts) > 0
    return Days(days[kept], np.array(counts)[kept])


def test_a_gap_is_measured_against_the_shops_own_rhythm() -> None:
    weekly = ([5] + [0] * 6) * 10
    assert list(find_gaps("orders", _days(weekly))) == []
    assert list(find_gaps("orders", _days(weekly + [0] * 20 + weekly))) == []
    (found,) = find_gaps("orders", _days(weekly + [0] * 35 + weekly))
    assert found.what == "41 days without a row, where 7 days to the next is usual"
    assert list(find_gaps("orders", _days([9]))) == []


def test_a_weekly_low_is_no_partial_day() -> None:
    weeks = [40, 40, 40, 40, 40, 40, 10] * 9
    assert list(find_partial_end("orders", _days(weeks))) == []
    assert list(find_partial_end("orders", _days([*weeks, 40, 40]))) == []
    (found,) = find_partial_end("orders", _days([*weeks, 40, 12, 3]))
    assert (found.what, found.count) == (
        "the last 2 days have less than half of the usual rows",
        15,
    )


def test_the_first_and_the_last_month_may_be_short() -> None:
    assert list(find_shifts("orders", _days([10] * 92))) == []
    assert list(find_shifts("orders", _days([0] * 28 + [10] * 64))) == []
    assert list(find_shifts("orders", _days([10]))) == []
    (found,) = find_shifts("orders", _days([10] * 31 + [1] * 29 + [10] * 31))
    assert (found.examples, found.count) == (["2024-02: 29"], 29)
