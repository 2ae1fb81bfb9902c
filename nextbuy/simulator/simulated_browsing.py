"""Draws what simulated customers do in the shop besides buying.

There are three kinds of sessions, all of them more frequent at busy hours:

- while an intent to buy is awake, 0.2 sessions a day, mostly about products of the order in which
  the intent ends;
- window shopping, at a small rate that differs by customer, and at a tenth of that rate once the
  customer has left: it has views and carts too, and never ends in a purchase;
- the session of every online order, which ends with its checkout.

Browsing therefore predicts a coming purchase better than past purchases alone, but with noise.
Some orders are followed by a review or a call to support.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from features.arrays import Floats, Ints
from nextbuy.simulator.seasonal_clock import Clock
from nextbuy.simulator.simulated_assortment import choose_categories, choose_products
from nextbuy.simulator.simulated_world import (
    APP,
    DAYS,
    IN_SHOP,
    Baskets,
    Customers,
    Intents,
    Orders,
)

# Customer of each session, day on which it starts, and order to which it leads (-1 without one).
Sessions = tuple[Ints, Floats, Ints]

EVENT_TYPES = (
    "view", "cart", "checkout", "search", "wishlist", "visit", "support", "review", "quiz",
)  # fmt: skip
_VIEW, _CART, _CHECKOUT, _SEARCH, _WISHLIST, _VISIT, _SUPPORT, _REVIEW, _QUIZ = range(9)
DEVICES = ("mobile", "desktop")
_WITHOUT_PRODUCT = (_SEARCH, _VISIT, _SUPPORT, _QUIZ)
_TYPES = (_VIEW, _SEARCH, _CART, _WISHLIST, _VISIT, _QUIZ)
_TYPE_SHARE = (0.60, 0.14, 0.13, 0.05, 0.06, 0.02)
_INTENT_SESSIONS = 0.2
_GONE_SHARE = 0.1
_ON_TOPIC = 0.6


@dataclass(frozen=True)
class BrowsingEvents:
    """The events of a simulated shop, one row each, in the order of time.

    Attributes
    ----------
    customer : int array (n,)
        Index of the customer.
    day : float array (n,)
        Days since the start of the log.
    event_type, store, device : int array (n,)
        Indexes in `EVENT_TYPES`, `world.STORES` and `DEVICES`.
    order : int array (n,)
        Index of the order to which the event leads or which it follows; -1 without one.
    product : int array (n,)
        Number of the product; -1 without one.
    """

    customer: Ints
    day: Floats
    event_type: Ints
    order: Ints
    store: Ints
    product: Ints
    device: Ints


def draw_events(
    rng: np.random.Generator,
    people: Customers,
    orders: Orders,
    baskets: Baskets,
    sessions: Sequence[Sessions],
) -> BrowsingEvents:
    """Draw all events of the log: those of sessions, of checkouts, and after orders."""
    parts = [_draw_browsing(rng, *session) for session in sessions]
    parts += [_draw_checkouts(rng, orders), _draw_aftermath(rng, orders)]
    customer, day, kind, order = (np.concatenate(p) for p in zip(*parts, strict=True))
    by_day = np.argsort(day, kind="stable")
    by_day = by_day[(day[by_day] >= 0) & (day[by_day] < DAYS)]
    customer, day, kind, order = customer[by_day], day[by_day], kind[by_day], order[by_day]
    in_app = (order >= 0) & (orders.sales_channel[order] == APP)
    return BrowsingEvents(
        customer,
        day,
        kind,
        order,
        store=np.where(order >= 0, orders.store[order], people.home_store[customer]),
        product=_draw_products(rng, people, baskets, customer, kind, order),
        device=np.where(in_app, 0, rng.integers(0, len(DEVICES), len(day))),
    )


_Browsing = tuple[Ints, Floats, Ints, Ints]  # customer, day, event type, order


def draw_sessions(
    rng: np.random.Generator,
    people: Customers,
    orders: Orders,
    awake: Intents,
    left_at: Floats,
    clock: Clock,
) -> list[Sessions]:
    """Draw the sessions of customers with an intent to buy, and those of window shopping.

    Parameters
    ----------
    rng : Generator
        Source of randomness.
    people : Customers
        All customers.
    orders : Orders
        All orders.
    awake : Intents
        Intents that were awake, and not yet a purchase, when the log ended.
    left_at : float array (customers,)
        Day on which each customer left the shop for good, in days since the start; infinite for
        those who stayed.
    clock : Clock
        Clock of the shop, by which sessions are more frequent at busy hours.

    Returns
    -------
    list of Sessions
        Sessions with an intent, then window shopping.
    """
    return [
        _draw_intent_sessions(rng, orders, awake, clock),
        _draw_window_shopping(rng, people, left_at, clock),
    ]


def _draw_intent_sessions(
    rng: np.random.Generator, orders: Orders, awake: Intents, clock: Clock
) -> Sessions:
    intended = np.flatnonzero(~np.isnan(orders.intent))
    customer = np.concatenate([orders.customer[intended], awake.customer])
    order = np.concatenate([intended, np.full(len(awake.day), -1)])
    begin = np.concatenate([orders.intent[intended], awake.day])
    end = np.concatenate([orders.day[intended], np.full(len(awake.day), float(DAYS))])
    sessions = rng.poisson(_INTENT_SESSIONS * (end - begin))
    day = _draw_days(rng, np.repeat(begin, sessions), np.repeat(end, sessions), clock)
    return np.repeat(customer, sessions), day, np.repeat(order, sessions)


def _draw_window_shopping(
    rng: np.random.Generator, people: Customers, left_at: Floats, clock: Clock
) -> Sessions:
    sessions = rng.poisson(people.window_shopping * (DAYS - people.joined))
    customer = np.repeat(np.arange(len(people.ids)), sessions)
    day = _draw_days(rng, people.joined[customer], np.full(len(customer), float(DAYS)), clock)
    kept = (day < left_at[customer]) | (rng.random(len(day)) < _GONE_SHARE)
    return customer[kept], day[kept], np.full(kept.sum(), -1)


def _draw_days(rng: np.random.Generator, begin: Floats, end: Floats, clock: Clock) -> Floats:
    """Draw a day within each span from `begin` to `end`, at busy hours more often."""
    first, last = clock.elapsed(begin), clock.elapsed(end)
    return clock.day(first + rng.random(len(begin)) * (last - first))


def _draw_browsing(rng: np.random.Generator, customer: Ints, day: Floats, order: Ints) -> _Browsing:
    """Draw the events of sessions, which are some minutes apart and never after the order."""
    events = 1 + rng.poisson(0.7, len(day))
    row = np.repeat(np.arange(len(day)), events)
    kind = rng.choice(_TYPES, len(row), p=_TYPE_SHARE)
    minutes = rng.uniform(0, 20, len(row))
    return customer[row], day[row] - minutes / 1440, kind, order[row]


def _draw_checkouts(rng: np.random.Generator, orders: Orders) -> _Browsing:
    """Draw the events just before an online order: maybe a view, maybe a cart, and a checkout."""
    online = np.flatnonzero(orders.sales_channel != IN_SHOP)
    viewed, carted = rng.random((2, len(online))) < np.array([[0.3], [0.5]])
    order = np.concatenate([online[viewed], online[carted], online])
    kind = np.repeat([_VIEW, _CART, _CHECKOUT], [viewed.sum(), carted.sum(), len(online)])
    earliest = np.array([20.0, 8.0, 2.0])[np.searchsorted([_VIEW, _CART, _CHECKOUT], kind)]
    minutes = earliest * rng.uniform(0.5, 1, len(order))
    return orders.customer[order], orders.day[order] - minutes / 1440, kind, order


def _draw_aftermath(rng: np.random.Generator, orders: Orders) -> _Browsing:
    draw = rng.random(len(orders.day))
    order = np.flatnonzero(draw < 0.06)
    kind = np.where(draw[order] < 0.04, _REVIEW, _SUPPORT)
    return orders.customer[order], orders.day[order] + rng.uniform(1, 20, len(order)), kind, order


def _draw_products(
    rng: np.random.Generator,
    people: Customers,
    baskets: Baskets,
    customer: Ints,
    kind: Ints,
    order: Ints,
) -> Ints:
    """Draw the product of each event: mostly of its order, else of a favourite category."""
    product = np.full(len(kind), -1)
    has = ~np.isin(kind, _WITHOUT_PRODUCT)
    bought = has & (order >= 0)
    bought &= (rng.random(len(kind)) < _ON_TOPIC) | np.isin(kind, (_CHECKOUT, _REVIEW))
    other = np.flatnonzero(has & ~bought)
    liked = choose_categories(rng, people, customer[other])
    product[other] = choose_products(rng, people, customer[other], liked)
    sizes = np.bincount(baskets.order)
    first = np.cumsum(sizes) - sizes
    line = rng.random(len(kind)) * sizes[order]
    product[bought] = baskets.product[first[order[bought]] + line[bought].astype(np.int64)]
    return product
