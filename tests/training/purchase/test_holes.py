"""Holes of a log: what counts as one, and that nothing is learned from windows that overlap one."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pandas as pd
import pytest

from features.builds.shop_catalog import read_catalog
from features.errors import InputError
from features.log.log import Log, read_log
from features.shop.shop import read_shop
from features.windows import DAY, end_of_day, local_day
from training.data_support import assess
from training.purchase.holes import Hole, find_holes, overlaps_hole
from training.purchase.slice_cutoffs import (
    check_history,
    holdout_cutoff,
    walk_open_origins,
    walk_training_origins,
)
from training.purchase.slices import make_slices

WriteShop = Callable[..., Path]
_FIRST = (pd.Timestamp("2023-01-01") - pd.Timestamp("1970-01-01")).days


def _log(write_shop: WriteShop, days: Iterable[int]) -> Log:
    """Make a log with an order on each of some days after 2023-01-01, of ten customers in turn."""
    orders = pd.DataFrame(
        {
            "order_id": f"o{day}",
            "customer_id": f"c{day % 10}",
            "ordered_at": f"{pd.Timestamp('2023-01-01 10:00') + pd.Timedelta(days=day)}",
            "amount": 10 + day % 5,
        }
        for day in days
    )
    return read_log(read_shop(write_shop({"orders": orders})))


def _holes(log: Log) -> list[tuple[int, int]]:
    found = find_holes(log, log.observed_until)
    return [(first - _FIRST, last - _FIRST) for first, last in found]


@pytest.fixture
def holed(write_shop: WriteShop) -> Log:
    """A log of two years without a purchase on its days 300 to 449."""
    return _log(write_shop, [*range(300), *range(450, 730)])


def test_half_a_year_without_a_purchase_is_a_hole(holed: Log) -> None:
    assert _holes(holed) == [(300, 449)]
    assert str(find_holes(holed, holed.observed_until)[0]) == "2023-10-28 to 2024-03-25"


def test_a_hole_is_known_only_as_far_as_the_cutoff_reaches(holed: Log) -> None:
    zone = holed.shop.timezone
    assert find_holes(holed, end_of_day(_FIRST + 320, zone)) == []
    (hole,) = find_holes(holed, end_of_day(_FIRST + 340, zone))
    assert hole == Hole(_FIRST + 300, _FIRST + 340)


@pytest.mark.parametrize(
    "days",
    [
        pytest.param([*range(300), *range(329, 730)], id="closed for holidays"),
        pytest.param(range(0, 730, 40), id="few purchases"),
        pytest.param(
            [d for d in range(1100) if d % 365 < 10], id="one sale a year and nothing between"
        ),
        pytest.param([d for d in range(730) if d % 90 < 20], id="a sale in each quarter"),
    ],
)
def test_pauses_of_the_shops_rhythm_are_no_holes(
    days: Iterable[int], write_shop: WriteShop
) -> None:
    assert _holes(_log(write_shop, days)) == []


def test_no_window_that_is_learned_from_overlaps_a_hole(holed: Log) -> None:
    cutoff = holdout_cutoff(holed, 90)
    origins = list(walk_training_origins(holed, cutoff, 90))
    days = [local_day(origin, holed.shop.timezone) - _FIRST for origin in origins]
    assert all(day + 90 < 300 or day >= 449 for day in days)
    assert min(days) < 200 < 449 <= max(days)
    soon = end_of_day(_FIRST + 470, holed.shop.timezone)
    later = [local_day(o, holed.shop.timezone) for o, _ in walk_open_origins(holed, soon, 90)]
    assert later and all(day - _FIRST >= 449 for day in later)
    assert make_slices(holed, cutoff, 90, read_catalog(holed, cutoff)).year_ago is None


def test_a_window_that_ends_where_a_hole_begins_is_whole(holed: Log) -> None:
    zone, holes = holed.shop.timezone, find_holes(holed, holed.observed_until)
    before = end_of_day(_FIRST + 209, zone)
    assert not overlaps_hole(holed, holes, before, before + 90 * DAY)
    assert overlaps_hole(holed, holes, before, before + 91 * DAY)
    inside = end_of_day(_FIRST + 448, zone)
    assert overlaps_hole(holed, holes, inside, inside + 90 * DAY)
    after = end_of_day(_FIRST + 449, zone)
    assert not overlaps_hole(holed, holes, after, after + 90 * DAY)


def test_holes_that_leave_no_window_are_named_by_check_and_training(write_shop: WriteShop) -> None:
    log = _log(write_shop, [*range(120), *range(200, 330)])
    support = assess(log)[0]
    assert support.verdict == "not_possible"
    assert support.missing == [
        "the purchases from 2023-05-01 to 2023-07-19, or a shorter horizon_days"
    ]
    with pytest.raises(InputError, match="no purchase from 2023-05-01 to 2023-07-19"):
        check_history(log, holdout_cutoff(log, 90), 90)
