"""Order lines of a simulated shop."""

from pathlib import Path

import numpy as np
import pandas as pd

from nextbuy.simulator.profiles import PROFILES
from nextbuy.simulator.simulated_assortment import draw_assortment
from nextbuy.simulator.simulated_baskets import draw_baskets
from nextbuy.simulator.simulated_world import Customers, Orders
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


def test_every_order_has_a_line_and_one_discount_for_all_of_its_lines(bought: pd.DataFrame) -> None:
    off = (1 - bought["unit_price"] / bought["price"]).round(1)
    assert set(off) == {0.0, 0.1, 0.2, 0.3}
    assert (off.groupby(bought["order_id"]).nunique() == 1).all()
    assert (bought["quantity"] >= 1).all()


def test_two_draws_of_baskets_from_one_seed_have_the_same_lines_and_the_anchor_category(
    people: Customers,
) -> None:
    n = len(people.ids)
    orders = Orders(
        customer=np.arange(n),
        day=people.joined,
        store=people.home_store,
        sales_channel=np.zeros(n, dtype=np.int64),
        packs=np.ones(n, dtype=np.int64),
        intent=people.joined,
        message=np.full(n, -1),
        known=people.joined,
    )
    assortment = draw_assortment(np.random.default_rng(1), PROFILES["dense"])
    first, second = (
        draw_baskets(np.random.default_rng(2), people, assortment, orders) for _ in range(2)
    )
    np.testing.assert_array_equal(first.product, second.product)
    assert set(first.order.tolist()) == set(range(n))
    np.testing.assert_array_equal(first.price, assortment.price[first.product])
    assert (first.paid <= first.price).all()
    anchored = np.flatnonzero(people.anchor >= 0)
    lines = set(zip(first.order.tolist(), assortment.category(first.product).tolist(), strict=True))
    assert all((order, people.anchor[order]) in lines for order in anchored)
