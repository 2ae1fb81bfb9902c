"""Draws the products of a simulated shop, and which of them a customer chooses.

There is one product for each category, brand and price shelf; the number of a product is its
index in that grid. Within a category and brand a higher shelf costs more.
"""

from dataclasses import dataclass

import numpy as np

from features.arrays import Floats, Ints
from nextbuy.simulator.profiles import Category, Profile
from nextbuy.simulator.simulated_world import Customers

BRANDS = ("Aster", "Borealis", "Cobalt", "Dune", "Ember")
COLORS = ("black", "white", "red", "green", "blue")
_SHELVES = 8
_STEP = 1.22  # price of a shelf divided by the price of the shelf below it
_LOYAL_SHARE = 0.6


@dataclass(frozen=True)
class Assortment:
    """All products that a simulated shop sells.

    Attributes
    ----------
    categories : tuple of Category
        Categories, by the number that `category` returns.
    color : int array (products,)
        Index of each product's colour in `COLORS`.
    price : int array (products,)
        List price in cents.
    """

    categories: tuple[Category, ...]
    color: Ints
    price: Ints

    @property
    def products(self) -> int:
        """Number of products."""
        return len(self.price)

    def category(self, product: Ints) -> Ints:
        """Return the index of each product's category in `categories`."""
        return product // (len(BRANDS) * _SHELVES)

    def brand(self, product: Ints) -> Ints:
        """Return the index of each product's brand in `BRANDS`."""
        return product // _SHELVES % len(BRANDS)

    def shelf(self, product: Ints) -> Ints:
        """Return the price shelf of each product, from 0 (the cheapest) to 7."""
        return product % _SHELVES


def draw_assortment(rng: np.random.Generator, profile: Profile) -> Assortment:
    """Draw the colours and prices of the products in the categories of a profile."""
    shape = (len(profile.categories), len(BRANDS), _SHELVES)
    base = np.array([c.price for c in profile.categories])[:, None, None]
    brand = rng.lognormal(0, 0.1, shape[:2])[:, :, None]
    price = base * brand * _STEP ** (np.arange(_SHELVES) - _SHELVES / 2)
    color = rng.integers(0, len(COLORS), price.size)
    return Assortment(profile.categories, color, np.round(price.ravel() * 100).astype(np.int64))


def choose_products(
    rng: np.random.Generator, people: Customers, customer: Ints, category: Ints
) -> Ints:
    """Draw the product that each customer chooses in a category.

    The brand is the customer's favourite with chance 60 %, else any brand. The shelf is
    floor(8 u^(1 + 3 s)) with u uniform and s the price sensitivity: every shelf is equally likely
    for s = 0, the cheapest ones are the most likely for s = 1.

    Parameters
    ----------
    rng : Generator
        Source of randomness.
    people : Customers
        All customers.
    customer, category : int array (n,)
        Index of the customer and of the category of each choice.

    Returns
    -------
    int array (n,)
        Number of the product.
    """
    n = len(customer)
    loyal = rng.random(n) < _LOYAL_SHARE
    brand = np.where(loyal, people.brand[customer], rng.integers(0, len(BRANDS), n))
    exponent = 1 + 3 * people.price_sensitivity[customer]
    shelf = (_SHELVES * rng.random(n) ** exponent).astype(np.int64)
    return (category * len(BRANDS) + brand) * _SHELVES + shelf


def choose_categories(rng: np.random.Generator, people: Customers, customer: Ints) -> Ints:
    """Draw a category for each customer in `customer`, with the chances in `people.favourites`."""
    below: Floats = np.cumsum(people.favourites, axis=1)[:, :-1]
    draw = rng.random(len(customer))
    category = np.zeros(len(customer), dtype=np.int64)
    for column in below.T:
        category += draw > column[customer]
    return category
