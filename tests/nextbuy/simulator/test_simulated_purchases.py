"""Purchases of simulated customers that no message caused."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nextbuy.simulator.seasonal_clock import Clock
from nextbuy.simulator.simulated_purchases import draw_purchases, intent_mean
from nextbuy.simulator.simulated_world import DAYS, Customers
from tests.nextbuy.simulator.exported_shop import read_linked, read_table


def test_customers_buy_at_their_own_rate_until_they_drop_out(dense_shop: Path) -> None:
    truth = read_table(dense_shop, "truth").set_index("customer_id")
    caused = read_table(dense_shop, "messages").dropna(subset=["converted_at"])
    orders = read_linked(dense_shop, "orders").groupby("customer_id")["ordered_at"]
    extra = caused.groupby("customer_id").size().reindex(truth.index, fill_value=0)
    count = orders.count().reindex(truth.index) - extra - 1
    end = truth["dropped_out_at"].fillna(pd.Timestamp("2025-12-31", tz="UTC"))
    alive = (end - orders.min().reindex(truth.index)).dt.days
    long = (alive > 200) & truth["dropped_out_at"].isna() & (truth["regularity"] == 1)
    ratio = count[long].sum() / (alive[long] * truth["rate_per_day"][long]).sum()
    assert ratio == pytest.approx(1.0, abs=0.05)
    gone = truth["dropped_out_at"].notna()
    last = orders.max().reindex(truth.index)
    assert gone.mean() > 0.2
    assert (last[gone] <= truth["dropped_out_at"][gone]).all()


def test_running_out_of_the_anchor_category_brings_customers_back(
    dense_shop: Path, bought: pd.DataFrame
) -> None:
    """Two packs of it last longer: the next purchase comes later."""
    truth = read_table(dense_shop, "truth").set_index("customer_id")
    regular = bought[bought["customer_id"].map(truth["regularity"]) == 4]
    orders = regular.groupby(["customer_id", "order_id", "ordered_at"])["quantity"].max()
    orders = orders.reset_index().sort_values(["customer_id", "ordered_at"])
    gaps = -orders.groupby("customer_id")["ordered_at"].diff(-1).dt.total_seconds()
    relative = gaps / gaps.groupby(orders["customer_id"]).transform("mean")
    mean = relative.groupby(orders["quantity"]).mean()
    assert mean[2.0] > 1.15 * mean[1.0]


def test_an_intent_is_awake_for_a_share_of_a_short_gap_and_three_days_of_a_long_one() -> None:
    gap = np.array([1.0, 10.0, 20.0, 400.0])
    np.testing.assert_allclose(intent_mean(gap), [0.3, 3.0, 3.0, 3.0])


def test_purchases_are_ordered_and_each_follows_its_intent(people: Customers, clock: Clock) -> None:
    purchases, awake, left_at = draw_purchases(np.random.default_rng(1), people, clock)
    again = np.diff(purchases.customer) == 0
    assert (np.diff(purchases.customer) >= 0).all()
    assert (np.diff(purchases.day)[again] > 0).all()
    assert (purchases.intent <= purchases.day).all()
    assert purchases.day.max() < DAYS
    first = np.unique(purchases.customer, return_index=True)[1]
    np.testing.assert_allclose(purchases.day[first], people.joined, atol=1e-9)
    assert np.isinf(left_at[awake.customer]).all()  # nobody who left has an intent


def test_customers_with_a_dropout_of_1_buy_once(people: Customers, clock: Clock) -> None:
    fickle = replace(people, dropout=np.ones(len(people.ids)))
    purchases, awake, left_at = draw_purchases(np.random.default_rng(1), fickle, clock)
    assert purchases.customer.tolist() == list(range(len(people.ids)))
    assert len(awake.customer) == 0
    np.testing.assert_allclose(left_at, people.joined, atol=1e-9)
