"""A simulated shop's orders and messages as the tables of the input contract, in Parquet."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from nextbuy.world import (
    ARMS,
    CHANNELS,
    DAYS,
    STORES,
    Customers,
    Floats,
    Ints,
    Messages,
    Orders,
)

_START_US = 1_704_067_200_000_000  # 2024-01-01 00:00 UTC
_DAY_US = 86_400_000_000
_CATEGORIES = (
    "coffee",
    "tea",
    "skin care",
    "pet food",
    "books",
    "toys",
    "kitchen",
    "garden",
)
_BRANDS = ("Aster", "Borealis", "Cobalt", "Dune", "Ember")
_COLORS = ("black", "white", "red", "green", "blue")
_PRODUCTS = 400
_CLICK_RATE = np.array([0.08, 0.10, 0.05, 0.15])

TABLES = (
    "orders", "order_lines", "products", "returns", "events", "messages", "consents", "customers",
    "identities",
)  # fmt: skip


@dataclass(frozen=True)
class _Baskets:
    """The lines of all orders; money in cents."""

    order: Ints
    product: Ints
    quantity: Ints
    price: Ints

    def amounts(self, orders: int) -> Ints:
        """Sum the lines of each order."""
        return np.bincount(self.order, self.quantity * self.price, orders).astype(np.int64)


def write_tables(
    folder: Path,
    rng: np.random.Generator,
    people: Customers,
    orders: Orders,
    messages: Messages,
) -> None:
    """Write every table of the contract into a folder."""
    prices = np.round(rng.lognormal(2.6, 0.6, _PRODUCTS) * 100).astype(np.int64)
    baskets = _draw_baskets(rng, prices, len(orders.day))
    tables = {
        "orders": _orders(rng, people, orders, baskets),
        "order_lines": _order_lines(baskets),
        "products": _products(rng, prices),
        "returns": _returns(rng, people, orders, baskets),
        "events": _events(rng, people, orders),
        "messages": _messages(rng, people, messages),
        "consents": _consents(rng, people),
        "customers": _customers(rng, people),
        "identities": _identities(people),
    }
    for name in TABLES:
        pq.write_table(pa.table(tables[name]), folder / f"{name}.parquet")


def write_truth(folder: Path, people: Customers, alive_until: Floats) -> None:
    """Write what no shop knows, apart from the tables: for tests, never for training."""
    response = people.response()
    truth = {
        "customer_id": pa.array(people.ids),
        "rate_per_day": people.rate,
        "regularity": people.regularity,
        "dropout": people.dropout,
        "dropped_out_at": _instants(np.where(np.isinf(alive_until), np.nan, alive_until)),
        **{f"response_{name}": response[:, place] for place, name in enumerate(CHANNELS)},
    }
    pq.write_table(pa.table(truth), folder / "truth.parquet")


def _draw_baskets(rng: np.random.Generator, prices: Ints, orders: int) -> _Baskets:
    lines = rng.integers(1, 5, orders)
    order = np.repeat(np.arange(orders), lines)
    product = rng.integers(0, _PRODUCTS, len(order))
    quantity = 1 + (rng.random(len(order)) < 0.2).astype(np.int64)
    return _Baskets(order, product, quantity, prices[product])


def _orders(
    rng: np.random.Generator, people: Customers, orders: Orders, baskets: _Baskets
) -> dict[str, Any]:
    n = len(orders.day)
    amount = baskets.amounts(n)
    discounted = rng.random(n) < 0.2
    cancelled = np.where(rng.random(n) < 0.02, orders.day + rng.uniform(0.1, 5, n), np.nan)
    elsewhere = people.uses_both[orders.customer] & (rng.random(n) < 0.4)
    return {
        "order_id": pa.array(_numbered("o", n)),
        "customer_id": _ids(people, orders.customer),
        "ordered_at": _instants(orders.day),
        "amount": _money(amount),
        "discount": _money(np.where(discounted, amount // 6, 0)),
        "store": _named(people.home_store[orders.customer] ^ elsewhere, STORES),
        "sales_channel": _named(rng.integers(0, 3, n), ("web", "app", "shop")),
        "currency": _named(np.zeros(n), ("EUR",)),
        "cancelled_at": _instants(np.where(cancelled < DAYS, cancelled, np.nan)),
    }


def _order_lines(baskets: _Baskets) -> dict[str, Any]:
    order_ids = _numbered("o", int(baskets.order[-1]) + 1)
    return {
        "order_id": pa.DictionaryArray.from_arrays(baskets.order.astype(np.int32), order_ids),
        "product_id": _named(baskets.product, _numbered("p", _PRODUCTS)),
        "quantity": baskets.quantity.astype(float),
        "unit_price": _money(baskets.price),
    }


def _products(rng: np.random.Generator, prices: Ints) -> dict[str, Any]:
    category = np.arange(_PRODUCTS) % len(_CATEGORIES)
    return {
        "product_id": pa.array(_numbered("p", _PRODUCTS)),
        "category": _named(category, _CATEGORIES),
        "brand": _named(rng.integers(0, len(_BRANDS), _PRODUCTS), _BRANDS),
        "color": _named(rng.integers(0, len(_COLORS), _PRODUCTS), _COLORS),
        "price": _money(prices),
    }


def _returns(
    rng: np.random.Generator, people: Customers, orders: Orders, baskets: _Baskets
) -> dict[str, Any]:
    returned = np.flatnonzero(rng.random(len(baskets.order)) < 0.02)
    order = baskets.order[returned]
    day = orders.day[order] + rng.uniform(2, 25, len(order))
    returned, order, day = returned[day < DAYS], order[day < DAYS], day[day < DAYS]
    order_ids = _numbered("o", len(orders.day))
    return {
        "return_id": pa.array(_numbered("r", len(order))),
        "customer_id": _ids(people, orders.customer[order]),
        "returned_at": _instants(day),
        "amount": _money(baskets.price[returned] * baskets.quantity[returned]),
        "order_id": pa.DictionaryArray.from_arrays(order.astype(np.int32), order_ids),
        "product_id": _named(baskets.product[returned], _numbered("p", _PRODUCTS)),
    }


def _events(rng: np.random.Generator, people: Customers, orders: Orders) -> dict[str, Any]:
    """Views and carts on the days before an order."""
    order = np.repeat(np.arange(len(orders.day)), rng.integers(1, 4, len(orders.day)))
    day = orders.day[order] - rng.exponential(1.0, len(order))
    kept = (day > 0) & (day > people.joined[orders.customer[order]] - 3)
    order, day = order[kept], day[kept]
    return {
        "customer_id": _ids(people, orders.customer[order]),
        "occurred_at": _instants(day),
        "event_type": _named(rng.random(len(order)) < 0.3, ("view", "cart")),
        "product_id": _named(rng.integers(0, _PRODUCTS, len(order)), _numbered("p", _PRODUCTS)),
        "device": _named(rng.integers(0, 2, len(order)), ("mobile", "desktop")),
    }


def _messages(rng: np.random.Generator, people: Customers, messages: Messages) -> dict[str, Any]:
    n = len(messages.sent)
    real = messages.channel < len(CHANNELS)
    place = np.minimum(messages.channel, len(CHANNELS) - 1)
    taste = people.affinity[messages.customer, place]
    clicks = real & (rng.random(n) < _CLICK_RATE[place] * np.exp(0.7 * taste - 0.245))
    clicks |= ~np.isnan(messages.converts)
    clicked = np.where(clicks, messages.sent + rng.exponential(0.01, n), np.nan)
    machine = (messages.channel == 0) & (rng.random(n) < 0.25)
    opens = clicks | machine | (real & (rng.random(n) < 0.2))
    opened = np.where(opens, messages.sent + 0.005, np.nan)
    unsubscribes = np.where(opens & (rng.random(n) < 0.004), messages.sent + 0.02, np.nan)
    return {
        "message_id": pa.array(_numbered("m", n)),
        "customer_id": _ids(people, messages.customer),
        "sent_at": _instants(messages.sent),
        "channel": _named(messages.channel, (*CHANNELS, "none")),
        "campaign_id": _named(messages.sent.astype(np.int64), _numbered("campaign", DAYS)),
        "delivered_at": _instants(np.where(real, messages.sent + 0.001, np.nan)),
        "opened_at": _instants(opened),
        "machine_opened": pa.array(machine & ~clicks),
        "clicked_at": _instants(clicked),
        "converted_at": _instants(messages.converts),
        "unsubscribed_at": _instants(unsubscribes),
        "propensity": pa.array(messages.propensity, from_pandas=True),
        "arm": _named(messages.arm, ARMS),
    }


def _consents(rng: np.random.Generator, people: Customers) -> dict[str, Any]:
    """Consents as they change: given, perhaps withdrawn; and objections to profiling."""
    customer, scope, day, granted = [], [], [], []
    for place in range(len(CHANNELS)):
        for days, given in ((people.granted, True), (people.withdrawn, False)):
            rows = np.flatnonzero(days[:, place] < DAYS)
            customer.append(rows)
            scope.append(np.full(len(rows), place))
            day.append(days[rows, place])
            granted.append(np.full(len(rows), given))
    objects = np.flatnonzero(rng.random(len(people.ids)) < 0.015)
    customer.append(objects)
    scope.append(np.full(len(objects), len(CHANNELS)))
    day.append(people.joined[objects])
    granted.append(np.zeros(len(objects), dtype=bool))
    return {
        "customer_id": _ids(people, np.concatenate(customer)),
        "scope": _named(np.concatenate(scope), (*CHANNELS, "profiling")),
        "granted": np.concatenate(granted),
        "changed_at": _instants(np.concatenate(day)),
    }


def _customers(rng: np.random.Generator, people: Customers) -> dict[str, Any]:
    n = len(people.ids)
    return {
        "customer_id": pa.array(people.ids),
        "known_at": _instants(people.joined),
        "first_seen_at": _instants(people.joined),
        "birth_year": rng.integers(1945, 2006, n),
        "country": _named(rng.choice(3, n, p=[0.7, 0.2, 0.1]), ("PL", "DE", "CZ")),
        "acquisition_channel": _named(rng.integers(0, 4, n), ("search", "social", "friend", "ad")),
        "preferred_channel": _named(np.argmax(people.affinity, axis=1), CHANNELS),
        **{f"reachable_{c}": people.reachable[:, place] for place, c in enumerate(CHANNELS)},
    }


def _identities(people: Customers) -> dict[str, Any]:
    n = len(people.ids)
    return {
        "source": _named(people.home_store, STORES),
        "source_id": pa.array([f"account-{place}" for place in range(n)]),
        "customer_id": pa.array(people.ids),
        "known_at": _instants(people.joined),
    }


def _instants(day: Floats) -> pa.Array:
    missing = np.isnan(day)
    us = _START_US + (np.where(missing, 0.0, day) * _DAY_US).astype(np.int64)
    return pa.array(us, pa.int64(), mask=missing).cast(pa.timestamp("us", tz="UTC"))


def _money(cents: Ints) -> Floats:
    return np.asarray(cents, dtype=float) / 100


def _ids(people: Customers, customer: Ints) -> pa.Array:
    return pa.DictionaryArray.from_arrays(customer.astype(np.int32), people.ids)


def _named(place: NDArray[Any], names: Sequence[str]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(np.asarray(place, np.int32), list(names))


def _numbered(prefix: str, count: int) -> list[str]:
    return [f"{prefix}-{place:09d}" for place in range(count)]
