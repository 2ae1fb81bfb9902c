"""What simulated customers do in the shop besides buying.

Three kinds of sessions, all denser at busy hours:

- while an intent is awake, 0.2 a day, mostly on products of the order that it ends in;
- window shopping, at a small rate of the customer's own while living and at a tenth of it once
  gone: it views and fills carts too, and never ends in a purchase;
- the session of every online order, which ends with its checkout.

So browsing says of a coming purchase what the history of purchases cannot, and says it with
noise. Some orders are followed by a review or a call to support.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from features.arrays import Floats, Ints
from nextbuy.simulator.assortment import choose_categories, choose_products
from nextbuy.simulator.seasonal_clock import Clock
from nextbuy.simulator.world import APP, DAYS, IN_SHOP, Baskets, Customers, Intents, Orders

# For each visit the customer, the day on which it starts, and the order that it leads to.
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
    """Events in the order of time; `order` is the one they lead to, -1 without."""

    customer: Ints
    day: Floats
    event_type: Ints
    order: Ints
    store: Ints
    product: Ints  # -1 without
    device: Ints


def draw_events(
    rng: np.random.Generator,
    people: Customers,
    orders: Orders,
    baskets: Baskets,
    sessions: Sequence[Sessions],
) -> BrowsingEvents:
    """Draw all events of the log: those of the sessions, of checkouts, and after an order."""
    parts = [_draw_browsing(rng, *session) for session in sessions]
    parts += [_draw_checkouts(rng, orders), _draw_aftermath(rng, orders)]
    customer, day, kind, order = (np.concatenate(p) for p in zip(*parts, strict=True))
    place = np.argsort(day, kind="stable")
    place = place[(day[place] >= 0) & (day[place] < DAYS)]
    customer, day, kind, order = customer[place], day[place], kind[place], order[place]
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
    """Draw the visits that lead to orders or would have, and those without an intent to buy.

    Parameters
    ----------
    awake : Intents
        What customers still wanted when the log ended.
    left_at : array (customers,)
        The day on which each customer left the shop for good, in days since the start.
    """
    return [
        _draw_intent_sessions(rng, orders, awake, clock),
        _draw_window_shopping(rng, people, left_at, clock),
    ]


def _draw_intent_sessions(
    rng: np.random.Generator, orders: Orders, awake: Intents, clock: Clock
) -> Sessions:
    own = np.flatnonzero(~np.isnan(orders.intent))
    customer = np.concatenate([orders.customer[own], awake.customer])
    order = np.concatenate([own, np.full(len(awake.day), -1)])
    begin = np.concatenate([orders.intent[own], awake.day])
    end = np.concatenate([orders.day[own], np.full(len(awake.day), float(DAYS))])
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
    """Draw an instant of each span, busy hours more often."""
    first, last = clock.elapsed(begin), clock.elapsed(end)
    return clock.day(first + rng.random(len(begin)) * (last - first))


def _draw_browsing(rng: np.random.Generator, customer: Ints, day: Floats, order: Ints) -> _Browsing:
    """Draw the events of sessions, some minutes apart; none after the order."""
    events = 1 + rng.poisson(0.7, len(day))
    row = np.repeat(np.arange(len(day)), events)
    kind = rng.choice(_TYPES, len(row), p=_TYPE_SHARE)
    minutes = rng.uniform(0, 20, len(row))
    return customer[row], day[row] - minutes / 1440, kind, order[row]


def _draw_checkouts(rng: np.random.Generator, orders: Orders) -> _Browsing:
    """Draw the minutes before an online order: perhaps a view, a cart, and the checkout."""
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
    """Draw what an event is about: mostly a line of its order, else something liked."""
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
