"""Makes the tables of the input contract that hold what a simulated shop logged.

A row is exported only if the shop knows it by the end of the log: what happened shortly before the
end and becomes known later is missing, as it is from any export.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from features.arrays import Floats, Ints
from nextbuy.simulator.exported_columns import (
    ExportedColumns,
    instants,
    money,
    named,
    numbered,
    rows,
)
from nextbuy.simulator.simulated_assortment import BRANDS, COLORS, Assortment
from nextbuy.simulator.simulated_browsing import DEVICES, EVENT_TYPES, BrowsingEvents
from nextbuy.simulator.simulated_world import (
    ARMS,
    CHANNELS,
    DAYS,
    SALES_CHANNELS,
    STORES,
    Baskets,
    Customers,
    Messages,
    Orders,
    late,
)

_CLICK_RATE = np.array([0.08, 0.10, 0.05, 0.15])
_WEEKS_LATE = (7.0, 28.0)


@dataclass(frozen=True)
class Diary:
    """Holds everything that happened in a simulated shop and may be logged."""

    people: Customers
    assortment: Assortment
    orders: Orders
    baskets: Baskets
    events: BrowsingEvents
    messages: Messages

    @property
    def ids(self) -> pa.Array:
        """Ids under which rows are logged: those of the customers, then those of the aliases."""
        return pa.array([*self.people.ids, *self.people.aliases.ids])

    def logged_ids(self, customer: Ints, day: Floats, store: Ints) -> pa.Array:
        """Return the id under which each row is logged, by its customer, day and store."""
        return named(self.people.logged_id(customer, day, store), self.ids)


def orders_table(rng: np.random.Generator, diary: Diary) -> pa.Table:
    """Make the table `orders`, one row per order; 2 % are cancelled after days or weeks."""
    orders, baskets, n = diary.orders, diary.baskets, len(diary.orders.day)
    amount = baskets.sums(baskets.paid, n)
    cancelled = np.where(rng.random(n) < 0.02, orders.day + rng.gamma(1.0, 4.0, n), np.nan)
    columns: ExportedColumns = {
        "order_id": numbered("o", n),
        "customer_id": diary.logged_ids(orders.customer, orders.day, orders.store),
        "ordered_at": instants(orders.day),
        "amount": money(amount),
        "known_at": instants(orders.known),
        "store": named(orders.store, STORES),
        "sales_channel": named(orders.sales_channel, SALES_CHANNELS),
        "currency": named(np.zeros(n, dtype=np.int64), ("EUR",)),
        "discount": money(baskets.sums(baskets.price, n) - amount),
        "cancelled_at": instants(_logged(cancelled)),
    }
    return rows(columns, orders.known < DAYS)


def order_lines_table(diary: Diary) -> pa.Table:
    """Make the table `order_lines`, one row per line of the orders that are exported."""
    baskets, orders = diary.baskets, diary.orders
    columns: ExportedColumns = {
        "order_id": named(baskets.order, numbered("o", len(orders.day))),
        "product_id": named(baskets.product, numbered("p", diary.assortment.products)),
        "quantity": baskets.quantity.astype(float),
        "unit_price": money(baskets.paid),
    }
    return rows(columns, orders.known[baskets.order] < DAYS)


def products_table(rng: np.random.Generator, diary: Diary) -> pa.Table:
    """Make the table `products`, one row per product."""
    assortment = diary.assortment
    product = np.arange(assortment.products)
    categories = [assortment.categories[index] for index in assortment.category(product)]
    halves = rng.integers(0, 2, len(product))
    draw = rng.random(len(product))
    return pa.table(
        {
            "product_id": numbered("p", len(product)),
            "category": [category.name for category in categories],
            "subcategory": [c.subcategories[h] for c, h in zip(categories, halves, strict=True)],
            "brand": named(assortment.brand(product), BRANDS),
            "color": named(assortment.color, COLORS),
            "size": [c.sizes[int(d * len(c.sizes))] for c, d in zip(categories, draw, strict=True)],
            "price": money(assortment.price),
        }
    )


def returns_table(rng: np.random.Generator, diary: Diary) -> pa.Table:
    """Make the table `returns`, one row per returned order line.

    The chance of a return depends on the category and the customer; a return is known some days
    after it happened, once it is processed.
    """
    orders, baskets, assortment = diary.orders, diary.baskets, diary.assortment
    by_category = np.array([category.returned for category in assortment.categories])
    chance = by_category[assortment.category(baskets.product)]
    chance = chance * diary.people.return_tendency[orders.customer[baskets.order]]
    line = np.flatnonzero(rng.random(len(chance)) < np.minimum(chance, 0.8))
    order = baskets.order[line]
    day = orders.day[order] + rng.uniform(2, 25, len(line))
    known = np.maximum(day + rng.gamma(1.5, 2.0, len(line)), orders.known[order])
    columns: ExportedColumns = {
        "return_id": numbered("r", len(line)),
        "customer_id": diary.logged_ids(orders.customer[order], day, orders.store[order]),
        "returned_at": instants(day),
        "amount": money(baskets.paid[line] * baskets.quantity[line]),
        "known_at": instants(known),
        "order_id": named(order, numbered("o", len(orders.day))),
        "product_id": named(baskets.product[line], numbered("p", assortment.products)),
    }
    return rows(columns, known < DAYS)


def events_table(rng: np.random.Generator, diary: Diary) -> pa.Table:
    """Make the table `events`, one row per event.

    Some events become known late, because a device was offline or a batch was lost.
    """
    events = diary.events
    known = late(rng, late(rng, events.day, 0.03, (0.1, 3.0)), 0.003, _WEEKS_LATE)
    columns: ExportedColumns = {
        "customer_id": diary.logged_ids(events.customer, events.day, events.store),
        "occurred_at": instants(events.day),
        "event_type": named(events.event_type, EVENT_TYPES),
        "event_id": numbered("e", len(events.day)),
        "known_at": instants(known),
        "product_id": named(events.product, numbered("p", diary.assortment.products)),
        "store": named(events.store, STORES),
        "device": named(events.device, DEVICES),
    }
    return rows(columns, known < DAYS)


def messages_table(rng: np.random.Generator, diary: Diary) -> pa.Table:
    """Make the table `messages`, one row per decision of a campaign, also those to send nothing.

    A row holds what followed: delivery, opens by machines and people, clicks, purchases.
    """
    people, messages, n = diary.people, diary.messages, len(diary.messages.sent)
    real = messages.channel < len(CHANNELS)
    channel = np.minimum(messages.channel, len(CHANNELS) - 1)  # any channel where none is sent
    converts = ~np.isnan(messages.converts)
    unsubscribed = _unsubscribed(rng, people, messages)
    leaves = ~np.isnan(unsubscribed)
    delivered = real & (converts | leaves | (rng.random(n) < 0.98))
    taste = people.affinity[messages.customer, channel]
    clicks = delivered & (rng.random(n) < _CLICK_RATE[channel] * np.exp(0.7 * taste - 0.245))
    clicks |= converts
    machine = delivered & (messages.channel == 0) & (rng.random(n) < 0.25)
    opens = clicks | leaves | machine | (delivered & (rng.random(n) < 0.2))
    clicked = np.where(clicks, messages.sent + 0.005 + rng.exponential(0.004, n), np.nan)
    known = late(rng, messages.sent, 0.02, (0.2, 1.5))
    columns: ExportedColumns = {
        "message_id": numbered("m", n),
        "customer_id": named(messages.customer, diary.ids),
        "sent_at": instants(messages.sent),
        "channel": named(messages.channel, (*CHANNELS, "none")),
        "known_at": instants(known),
        "campaign_id": named(messages.sent.astype(np.int64), numbered("campaign", DAYS)),
        "store": named(people.home_store[messages.customer], STORES),
        "delivered_at": instants(np.where(delivered, messages.sent + 0.001, np.nan)),
        "opened_at": instants(np.where(opens, messages.sent + 0.005, np.nan)),
        "machine_opened": pa.array(machine & ~clicks & ~leaves),
        "clicked_at": instants(_logged(clicked)),
        "converted_at": instants(messages.converts),
        "revenue": pa.array(money(_revenue(diary)), from_pandas=True),
        "unsubscribed_at": instants(unsubscribed),
        "propensity": pa.array(messages.propensity, from_pandas=True),
        "arm": named(messages.arm, ARMS),
    }
    return rows(columns, known < DAYS)


def _unsubscribed(rng: np.random.Generator, people: Customers, messages: Messages) -> Floats:
    """Draw when a message was answered by unsubscribing, in days; NaN where it was not.

    80 % of the consents that are withdrawn between two messages are withdrawn through the first.
    """
    channel = np.minimum(messages.channel, len(CHANNELS) - 1)
    withdrawn = people.withdrawn[messages.customer, channel]
    after = (messages.sent + 0.01 < withdrawn) & (withdrawn < np.minimum(messages.sent + 13, DAYS))
    through = (messages.channel < len(CHANNELS)) & after & (rng.random(len(channel)) < 0.8)
    return np.where(through, withdrawn, np.nan)


def _revenue(diary: Diary) -> Floats:
    """Return the amount in cents of the order that each message caused; NaN without one."""
    orders, baskets = diary.orders, diary.baskets
    caused = orders.message >= 0
    revenue = np.full(len(diary.messages.sent), np.nan)
    revenue[orders.message[caused]] = baskets.sums(baskets.paid, len(caused))[caused]
    return revenue


def _logged(day: Floats) -> Floats:
    """Replace days after the end of the log by NaN."""
    return np.where(day < DAYS, day, np.nan)
