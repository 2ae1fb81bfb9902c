"""Tests of the days between which a shop's orders are there."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.log.data_span import find_last_day
from features.log.log import read_log
from features.shop.shop import read_shop
from features.windows import end_of_day, to_datetime

WriteShop = Callable[..., Path]
EVERY_DAY = np.arange(100, 400)


def _last(days: list[int], counts: list[int]) -> tuple[int, bool]:
    return find_last_day(np.array(days), np.array(counts))


def test_the_last_full_day_is_the_end() -> None:
    assert find_last_day(EVERY_DAY, np.full(300, 20)) == (399, True)


@pytest.mark.parametrize("later", [400, 440, 1000, 5000])
@pytest.mark.parametrize("rows", [6, 20, 3000])
def test_a_single_later_row_moves_no_end(later: int, rows: int) -> None:
    days, counts = np.append(EVERY_DAY, later), np.append(np.full(300, rows), 1)
    assert find_last_day(days, counts) == (399, True)


def test_a_day_with_a_twentieth_of_the_usual_rows_is_part_of_the_data() -> None:
    counts = np.full(300, 100)
    counts[-1] = 5
    assert find_last_day(EVERY_DAY, counts) == (399, True)
    counts[-1] = 4
    assert find_last_day(EVERY_DAY, counts) == (398, True)


def test_a_shop_with_an_order_a_day_is_looked_at_by_weeks() -> None:
    assert find_last_day(EVERY_DAY, np.ones(300)) == (399, True)
    days, counts = np.append(EVERY_DAY, 450), np.ones(301)
    assert find_last_day(days, counts) == (399, True)


def test_a_shop_with_two_orders_a_week_is_looked_at_by_spans_of_28_days() -> None:
    days = [*range(0, 700, 4), 800]
    assert _last(days, [1] * len(days)) == (696, True)


def test_with_hardly_any_orders_the_last_one_is_the_end() -> None:
    assert _last([0, 40, 80, 300], [1, 1, 1, 1]) == (300, False)


def test_closed_days_between_count_for_nothing() -> None:
    """A shop that sells on Mondays only ends with its last Monday."""
    mondays = np.arange(4, 700, 7)
    assert find_last_day(mondays, np.full(len(mondays), 30)) == (mondays[-1], True)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=200).filter(any))
def test_the_end_is_a_day_with_rows(counts: list[int]) -> None:
    rows = np.array(counts)
    days = np.flatnonzero(rows)
    last, _ = find_last_day(days, rows[days])
    assert last in days


def _orders(days: np.ndarray, per_day: int = 10) -> pd.DataFrame:
    moments = [
        datetime(2020, 1, 1, 9, tzinfo=UTC) + timedelta(days=int(day), minutes=n)
        for day in days
        for n in range(per_day)
    ]
    count = len(moments)
    return pd.DataFrame(
        {
            "order_id": [f"o{i}" for i in range(count)],
            "customer_id": [f"c{i % 40}" for i in range(count)],
            "ordered_at": [f"{moment:%Y-%m-%dT%H:%M:%SZ}" for moment in moments],
            "amount": 10,
        }
    )


def test_one_row_of_1970_and_one_of_a_year_later_move_neither_begin_nor_end(
    write_shop: WriteShop,
) -> None:
    orders = _orders(np.arange(200))
    orders.loc[5, "ordered_at"], orders.loc[6, "ordered_at"] = "1970-01-01", "2021-10-01T08:00:00Z"
    log = read_log(read_shop(write_shop({"orders": orders})))
    assert log.observed_until == end_of_day(18262 + 199, ZoneInfo("UTC"))
    assert to_datetime(log.first_order_at) == datetime(2020, 1, 1, 9, tzinfo=UTC)
    assert log.count("orders") == len(orders)
    assert log.data_span is not None
    assert (log.data_span.earlier, log.data_span.later) == (1, 1)


def test_an_old_row_that_was_imported_again_moves_no_end(write_shop: WriteShop) -> None:
    orders = _orders(np.arange(200))
    orders["known_at"] = orders["ordered_at"]
    orders.loc[3, "known_at"] = "2021-03-01T08:00:00Z"
    log = read_log(read_shop(write_shop({"orders": orders})))
    assert log.observed_until == end_of_day(18262 + 199, ZoneInfo("UTC"))


def test_data_of_today_end_now(write_shop: WriteShop) -> None:
    """Bare dates of today would otherwise end the data at midnight, which is still to come."""
    orders = _orders(np.arange(200))
    shift = (datetime.now(UTC).date() - datetime(2020, 1, 1).date()).days - 199
    days = pd.to_datetime(orders["ordered_at"]).dt.tz_localize(None) + pd.Timedelta(days=shift)
    log = read_log(
        read_shop(write_shop({"orders": orders.assign(ordered_at=days.dt.strftime("%Y-%m-%d"))}))
    )
    now = datetime.now(UTC)
    assert now - timedelta(seconds=30) < to_datetime(log.observed_until) <= now
