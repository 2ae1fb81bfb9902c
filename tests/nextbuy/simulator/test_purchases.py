"""Purchases that simulated customers make of their own accord."""

from pathlib import Path

import pandas as pd
import pytest

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
