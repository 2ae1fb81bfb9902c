"""The products of a simulated shop, and which of them a customer takes.

Products stand on shelves: category x brand x price shelf, and a product's number is its place
on that grid. Within a category and brand the shelves rise in price.
"""

from dataclasses import dataclass

import numpy as np

from features.arrays import Floats, Ints
from nextbuy.simulator.profiles import Category, Profile
from nextbuy.simulator.world import Customers

BRANDS = ("Aster", "Borealis", "Cobalt", "Dune", "Ember")
COLORS = ("black", "white", "red", "green", "blue")
_SHELVES = 8
_STEP = 1.22  # price of a shelf over the one below
_LOYAL_SHARE = 0.6


@dataclass(frozen=True)
class Assortment:
    """All products; prices in cents."""

    categories: tuple[Category, ...]
    color: Ints
    price: Ints

    @property
    def products(self) -> int:
        """Count the products."""
        return len(self.price)

    def category(self, product: Ints) -> Ints:
        """Give the category of products."""
        return product // (len(BRANDS) * _SHELVES)

    def brand(self, product: Ints) -> Ints:
        """Give the brand of products."""
        return product // _SHELVES % len(BRANDS)

    def shelf(self, product: Ints) -> Ints:
        """Give the price shelf of products, 0 the cheapest."""
        return product % _SHELVES


def draw_assortment(rng: np.random.Generator, profile: Profile) -> Assortment:
    """Draw colours and prices of the products of a profile's categories."""
    shape = (len(profile.categories), len(BRANDS), _SHELVES)
    base = np.array([c.price for c in profile.categories])[:, None, None]
    brand = rng.lognormal(0, 0.1, shape[:2])[:, :, None]
    price = base * brand * _STEP ** (np.arange(_SHELVES) - _SHELVES / 2)
    color = rng.integers(0, len(COLORS), price.size)
    return Assortment(profile.categories, color, np.round(price.ravel() * 100).astype(np.int64))


def choose_products(
    rng: np.random.Generator, people: Customers, customer: Ints, category: Ints
) -> Ints:
    """Choose a product of each category given, as the customer would.

    The brand is the customer's own in 60 %, else any. The shelf is floor(8 u^(1 + 3 s)), u
    uniform and s the price sensitivity: any for s = 0, mostly the cheapest ones for s = 1.
    """
    n = len(customer)
    loyal = rng.random(n) < _LOYAL_SHARE
    brand = np.where(loyal, people.brand[customer], rng.integers(0, len(BRANDS), n))
    exponent = 1 + 3 * people.price_sensitivity[customer]
    shelf = (_SHELVES * rng.random(n) ** exponent).astype(np.int64)
    return (category * len(BRANDS) + brand) * _SHELVES + shelf


def choose_categories(rng: np.random.Generator, people: Customers, customer: Ints) -> Ints:
    """Draw a category for each customer given, from the favourites."""
    below: Floats = np.cumsum(people.favourites, axis=1)[:, :-1]
    draw = rng.random(len(customer))
    category = np.zeros(len(customer), dtype=np.int64)
    for column in below.T:
        category += draw > column[customer]
    return category
