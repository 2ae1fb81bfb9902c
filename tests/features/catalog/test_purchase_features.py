"""Tests of the features of purchases and spending, counted by hand."""

import numpy as np

from tests.features.catalog.small_history import ago, compute, make_history

_ORDERS = make_history(
    orders=[
        {"ago": 320, "amount": 800, "discount": 200, "sales_channel": "online"},
        {"ago": 50, "amount": 1000, "discount": 0, "sales_channel": "shop"},
        {"ago": 12, "amount": 3000, "discount": 1000, "sales_channel": "shop"},
        {"ago": 11, "amount": 500, "sales_channel": None, "cancelled_known_at": ago(10)},
    ]
)


def test_a_lookback_takes_only_the_days_before_the_cutoff() -> None:
    names = ("purchase_days_count_14d", "purchase_days_count_91d", "order_amount_sum_28d")
    assert compute(_ORDERS, *names) == dict(zip(names, (1.0, 2.0, 3000.0), strict=True))


def test_the_trend_compares_two_windows_of_one_length() -> None:
    names = ("purchase_days_trend_28d", "purchase_days_trend_91d")
    assert compute(_ORDERS, *names) == {
        "purchase_days_trend_28d": 0.0,
        "purchase_days_trend_91d": 2.0,
    }


def test_the_weeks_before_the_cutoff_do_not_overlap() -> None:
    names = [f"purchase_days_count_week{week}" for week in (1, 2, 3)]
    assert list(compute(_ORDERS, *names).values()) == [1.0, 0.0, 0.0]


def test_the_coming_season_is_counted_a_year_ago() -> None:
    name = "purchase_days_count_year_ago_91d"
    assert compute(_ORDERS, name) == {name: 1.0}


def test_shares_are_means_over_the_orders_that_have_them() -> None:
    values = compute(_ORDERS, "discount_share_mean_365d", "discounted_count_365d")
    assert values["discount_share_mean_365d"] == np.mean([0.2, 0.0, 0.25])
    assert values["discounted_count_365d"] == 2.0
    assert compute(_ORDERS, "cancelled_share_mean") == {"cancelled_share_mean": 0.25}


def test_a_cancelled_order_is_in_no_sales_channel() -> None:
    names = ("sales_channel_top", "sales_channel_last", "sales_channel_count")
    assert compute(_ORDERS, *names) == dict(zip(names, ("shop", "shop", 2.0), strict=True))
