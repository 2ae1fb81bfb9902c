"""Profiles, the kinds of shops that can be simulated."""

from pathlib import Path

import pytest

from nextbuy.simulator.profiles import PROFILES, ProfileName
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


@pytest.mark.parametrize("name", list(ProfileName))
def test_every_profile_has_distinct_categories_some_of_which_are_consumed(
    name: ProfileName,
) -> None:
    categories = PROFILES[name].categories
    assert len({category.name for category in categories}) == len(categories) == 10
    assert 0 < sum(category.cycle_days is not None for category in categories) < len(categories)
    assert all(0 < category.returned < 0.5 for category in categories)
    assert all(category.price > 0 and category.weight > 0 for category in categories)


def test_a_profile_is_read_by_its_name_alone() -> None:
    assert PROFILES["sparse"].gap_days > PROFILES["dense"].gap_days
    with pytest.raises(ValueError, match="'luxury' is not a valid ProfileName"):
        ProfileName("luxury")
