"""Profiles, the kinds of shops that can be simulated."""

from pathlib import Path

import pytest

from tests.nextbuy.simulator.exported_shop import read_linked, read_table


def test_half_of_the_sparse_shops_customers_buy_once(dense_shop: Path, sparse_shop: Path) -> None:
    orders = [
        read_linked(f, "orders").groupby("customer_id").size() for f in (dense_shop, sparse_shop)
    ]
    assert (orders[0] == 1).mean() < 0.2
    assert (orders[1] == 1).mean() > 0.5
    assert orders[0].mean() == pytest.approx(14.4, rel=0.05)


def test_something_sensitive_is_there_to_be_kept_out(dense_shop: Path, sparse_shop: Path) -> None:
    for shop in (dense_shop, sparse_shop):
        products = read_table(shop, "products").set_index("category")
        assert "pregnancy tests" in set(products.loc["health", "subcategory"])
        assert "attr_religion" in read_table(shop, "customers")
