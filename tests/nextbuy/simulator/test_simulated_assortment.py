"""The assortment of a simulated shop, and which of its products a customer chooses."""

from dataclasses import replace

import numpy as np
import pytest

from nextbuy.simulator.profiles import PROFILES
from nextbuy.simulator.simulated_assortment import (
    BRANDS,
    COLORS,
    Assortment,
    choose_categories,
    choose_products,
    draw_assortment,
)
from nextbuy.simulator.simulated_world import Customers

SHELVES = 8


@pytest.fixture
def assortment() -> Assortment:
    return draw_assortment(np.random.default_rng(1), PROFILES["dense"])


def test_every_category_has_every_brand_on_every_shelf_once(assortment: Assortment) -> None:
    product = np.arange(assortment.products)
    grid = [assortment.category(product), assortment.brand(product), assortment.shelf(product)]
    cells = set(zip(*(axis.tolist() for axis in grid), strict=True))
    assert len(cells) == len(product) == len(PROFILES["dense"].categories) * len(BRANDS) * SHELVES
    assert [axis.max() + 1 for axis in grid] == [10, len(BRANDS), SHELVES]


def test_within_a_category_and_brand_a_higher_shelf_costs_more(assortment: Assortment) -> None:
    prices = assortment.price.reshape(-1, SHELVES)
    assert (prices > 0).all()
    assert (np.diff(prices, axis=1) > 0).all()


def test_prices_are_cents_around_the_price_of_their_category(assortment: Assortment) -> None:
    of_category = assortment.price.reshape(len(assortment.categories), -1)
    expected = np.array([100 * category.price for category in assortment.categories])
    np.testing.assert_allclose(np.median(of_category, axis=1), expected, rtol=0.3)
    assert set(assortment.color.tolist()) == set(range(len(COLORS)))


def test_a_chosen_product_is_of_the_category_that_was_asked_for(
    people: Customers, assortment: Assortment
) -> None:
    customer = np.arange(len(people.ids))
    category = customer % len(assortment.categories)
    product = choose_products(np.random.default_rng(2), people, customer, category)
    np.testing.assert_array_equal(assortment.category(product), category)


def test_most_choices_are_of_the_customers_favourite_brand(
    people: Customers, assortment: Assortment
) -> None:
    customer = np.repeat(np.arange(len(people.ids)), 50)
    category = np.zeros(len(customer), dtype=np.int64)
    product = choose_products(np.random.default_rng(3), people, customer, category)
    favourite = assortment.brand(product) == people.brand[customer]
    assert favourite.mean() == pytest.approx(0.6 + 0.4 / len(BRANDS), abs=0.02)


def test_the_price_sensitive_choose_the_cheapest_shelves(
    people: Customers, assortment: Assortment
) -> None:
    customer = np.repeat(np.arange(len(people.ids)), 50)
    category = np.zeros(len(customer), dtype=np.int64)
    shelves = []
    for sensitivity in (0.0, 1.0):
        alike = replace(people, price_sensitivity=np.full(len(people.ids), sensitivity))
        product = choose_products(np.random.default_rng(4), alike, customer, category)
        shelves.append(assortment.shelf(product))
    assert shelves[0].mean() == pytest.approx((SHELVES - 1) / 2, abs=0.1)
    # P(floor(8 u^4) = 0) = (1/8)^(1/4)
    assert (shelves[1] == 0).mean() == pytest.approx((1 / 8) ** 0.25, abs=0.02)


def test_a_customer_with_one_favourite_always_chooses_it(people: Customers) -> None:
    favourites = np.zeros_like(people.favourites)
    only = np.arange(len(people.ids)) % favourites.shape[1]
    favourites[np.arange(len(people.ids)), only] = 1.0
    devoted = replace(people, favourites=favourites)
    customer = np.repeat(np.arange(len(people.ids)), 3)
    category = choose_categories(np.random.default_rng(5), devoted, customer)
    np.testing.assert_array_equal(category, only[customer])
