"""Tests of coverage in time and of lateness, counted by hand."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.log.log import read_log
from features.readiness.coverage import DailyRows, find_gaps, find_partial_end, find_shifts
from features.readiness.finding import Finding
from features.readiness.readiness import Readiness, examine_log
from features.shop.shop import read_shop
from tests.features.readiness.shop_tables import even_orders

Find = Callable[..., list[Finding]]
WriteShop = Callable[..., Path]
Orders = Callable[..., pd.DataFrame]


def _examine(write_shop: WriteShop, frame: pd.DataFrame, **shop: str | int) -> Readiness:
    return examine_log(read_log(read_shop(write_shop({"orders": frame}, **shop))))


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


def _days(counts: list[int]) -> DailyRows:
    days = np.arange(len(counts)) + 19_723  # 2024-01-01
    kept = np.array(counts) > 0
    return DailyRows(days[kept], np.array(counts)[kept])


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


def test_days_without_orders_are_named(find: Find) -> None:
    frame = even_orders(2400, 20)
    days = frame["ordered_at"].str[:10]
    (found,) = find(frame[~days.between("2024-02-05", "2024-02-14")])
    assert found.what.startswith("10 days without a row")
    assert found.examples == ["2024-02-05 to 2024-02-14"]


def test_a_month_that_breaks_in_is_named(find: Find) -> None:
    frame = even_orders(2400, 20)
    thin = frame["ordered_at"].str.startswith("2024-02") & (frame.index % 10 > 0)
    (found,) = find(frame[~thin])
    assert (found.where, found.examples) == ("orders", ["2024-02: 58"])


def test_a_last_day_that_is_not_whole_is_named(find: Find) -> None:
    frame = even_orders(2400, 20)
    (found,) = find(frame.head(2400 - 15))
    assert found.what == "the last day has less than half of the usual rows"
    assert found.remedy.endswith("shop.observed_until = '2024-04-28'.")
