"""Tests of the browsing features, counted by hand."""

import numpy as np
import pytest

from tests.features.catalog.small_history import compute, make_history

_BROWSER = make_history(
    orders=[{"ago": 20, "amount": 100}],
    events=[
        {"ago": 60, "event_type": "view", "device": "mobile", "category": "toys"},
        {"ago": 10, "event_type": "view", "device": "mobile", "category": "books"},
        {"ago": 10, "event_type": "cart", "device": "desktop", "category": "books"},
        {"ago": 3, "event_type": "view", "category": "books"},
        {"ago": 300, "event_type": "view", "category": "toys"},
    ],
)


def test_events_are_counted_by_type_and_lookback() -> None:
    names = ("view_count_7d", "view_count_28d", "view_count_91d", "cart_count_28d")
    assert list(compute(_BROWSER, *names).values()) == [1.0, 2.0, 3.0, 1.0]


def test_events_since_the_last_purchase_leave_out_earlier_ones() -> None:
    names = ("view_count_since_purchase", "cart_count_since_purchase")
    assert compute(_BROWSER, *names) == dict(zip(names, (2.0, 1.0), strict=True))


def test_two_events_of_one_instant_are_one_session_on_one_active_day() -> None:
    names = ("active_days_count_28d", "sessions_count_28d")
    assert compute(_BROWSER, *names) == dict.fromkeys(names, 2.0)


def test_the_share_of_mobile_events_leaves_out_unknown_devices() -> None:
    share = compute(_BROWSER, "mobile_share_mean_91d")["mobile_share_mean_91d"]
    assert share == pytest.approx(2 / 3)


def test_the_category_viewed_most_is_named() -> None:
    values = compute(_BROWSER, "viewed_category_top_28d", "viewed_categories_count_28d")
    assert values == {"viewed_category_top_28d": "books", "viewed_categories_count_28d": 1.0}


def test_who_never_visited_has_counts_of_0_and_no_days_since() -> None:
    values = compute(make_history(), "view_count_28d", "days_since_event", "cart_per_view_91d")
    assert values["view_count_28d"] == 0.0
    assert np.isnan(values["days_since_event"])
    assert values["cart_per_view_91d"] == pytest.approx(1 / 10)
