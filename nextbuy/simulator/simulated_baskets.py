"""Draws the lines of the orders of a simulated shop.

A consumable category c that a customer uses joins an order with the chance

    1 / (1 + exp(-8 (e - 0.85))),   e = days since c was last bought / (cycle * packs taken)

and the anchor category joins every purchase that no message caused. Besides these lines,
Poisson(1) lines are drawn from the favourite categories, at least one where nothing was due. A
customer with price sensitivity s uses a discount with the chance 0.04 + 0.5 s.
"""

import numpy as np

from features.arrays import Flags, Floats, Ints
from nextbuy.simulator.simulated_assortment import Assortment, choose_categories, choose_products
from nextbuy.simulator.simulated_world import Baskets, Customers, Orders

_TWO_PACKS = 0.15
_DISCOUNTS = (0.1, 0.2, 0.3)


def draw_baskets(
    rng: np.random.Generator, people: Customers, assortment: Assortment, orders: Orders
) -> Baskets:
    """Draw the lines of all orders.

    Returns
    -------
    Baskets
        One row per line, in the order of `orders`; every order has at least one line.
    """
    due, packs = _draw_due(rng, people, orders)
    free = rng.poisson(1.0, len(orders.day))
    free = np.where(due.any(axis=1), free, np.maximum(free, 1))
    due_order, due_category = np.nonzero(due)
    free_order = np.repeat(np.arange(len(orders.day)), free)
    free_category = choose_categories(rng, people, orders.customer[free_order])
    several = 1 + (rng.random(len(free_order)) < _TWO_PACKS).astype(np.int64)
    order = np.concatenate([due_order, free_order])
    category = np.concatenate([due_category, free_category])
    quantity = np.concatenate([packs[due], several])
    by_order = np.argsort(order, kind="stable")
    order, category, quantity = order[by_order], category[by_order], quantity[by_order]
    product = choose_products(rng, people, orders.customer[order], category)
    price = assortment.price[product]
    off = _draw_discounts(rng, people, orders)[order]
    return Baskets(order, product, quantity, price, np.round(price * (1 - off)).astype(np.int64))


def _draw_due(rng: np.random.Generator, people: Customers, orders: Orders) -> tuple[Flags, Ints]:
    """Draw which categories were due at each order, and their packs: (orders, categories) both.

    Each round draws the next order of every customer, since what is bought in one order is not due
    again for a while.
    """
    shape = (len(orders.day), people.cycle.shape[1])
    due, packs = np.zeros(shape, dtype=bool), np.ones(shape, dtype=np.int64)
    needed = np.isfinite(people.cycle)
    cycle = np.where(needed, people.cycle, 1.0)
    lasted = cycle.copy()
    lasts_until = people.joined[:, None] + cycle * rng.uniform(-1, 1, cycle.shape)
    for rows in _rounds(orders.customer):
        customer = orders.customer[rows]
        left = (lasts_until[customer] - orders.day[rows, None]) / lasted[customer]
        joins = rng.random(left.shape) < 1 / (1 + np.exp(8 * (left - 0.15)))
        joins &= needed[customer]
        taken = 1 + (rng.random(left.shape) < _TWO_PACKS).astype(np.int64)
        anchored = np.flatnonzero((orders.packs[rows] > 0) & (people.anchor[customer] >= 0))
        joins[anchored, people.anchor[customer[anchored]]] = True
        taken[anchored, people.anchor[customer[anchored]]] = orders.packs[rows[anchored]]
        due[rows], packs[rows] = joins, taken
        lasting = cycle[customer] * taken
        lasted[customer] = np.where(joins, lasting, lasted[customer])
        lasts_until[customer] = np.where(
            joins, orders.day[rows, None] + lasting, lasts_until[customer]
        )
    return due, packs


def _rounds(customer: Ints) -> list[Ints]:
    """Split the indexes of orders by rank: all first orders, all second ones, and so on.

    The orders are given in the order of time.
    """
    by_customer = np.argsort(customer, kind="stable")
    sizes = np.bincount(customer)
    first = np.repeat(np.cumsum(sizes) - sizes, sizes)
    rank = np.arange(len(customer)) - first
    by_rank = np.argsort(rank, kind="stable")
    return np.split(by_customer[by_rank], np.cumsum(np.bincount(rank))[:-1])


def _draw_discounts(rng: np.random.Generator, people: Customers, orders: Orders) -> Floats:
    n = len(orders.day)
    used = rng.random(n) < 0.04 + 0.5 * people.price_sensitivity[orders.customer]
    return np.where(used, rng.choice(_DISCOUNTS, n), 0.0)
