"""Order lines of a simulated shop."""

from pathlib import Path

import pandas as pd

from nextbuy.simulator.profiles import PROFILES
from tests.nextbuy.simulator.exported_shop import read_table


def test_what_is_consumed_comes_back_after_its_cycle_and_the_rest_at_any_time(
    bought: pd.DataFrame,
) -> None:
    bought = bought.drop_duplicates(["customer_id", "category", "order_id"])
    bought = bought.sort_values("ordered_at")
    gaps = bought.groupby(["customer_id", "category"])["ordered_at"].diff().dt.days
    many = bought.groupby(["customer_id", "category"])["order_id"].transform("size") >= 8
    groups = [bought["customer_id"], bought["category"]]
    spread = gaps[many].groupby(groups).std() / gaps[many].groupby(groups).mean()
    by_category = spread.groupby("category").median()
    consumed = [c.name for c in PROFILES["dense"].categories if c.cycle_days]
    assert by_category[consumed].max() < 0.85 * by_category.drop(consumed).min()


def test_the_price_sensitive_use_discounts_and_take_cheaper_shelves(
    dense_shop: Path, bought: pd.DataFrame
) -> None:
    sensitivity = read_table(dense_shop, "truth").set_index("customer_id")["price_sensitivity"]
    sensitive = bought["customer_id"].map(sensitivity)
    high, low = sensitive > 0.7, sensitive < 0.15
    assert (bought["discount"][high] > 0).mean() > 2 * (bought["discount"][low] > 0).mean()
    relative = bought["price"] / bought.groupby("category")["price"].transform("mean")
    assert relative[high].mean() < 0.75 * relative[low].mean()
    off = bought["unit_price"] < bought["price"]
    pd.testing.assert_series_equal(off, bought["discount"] > 0, check_names=False)
