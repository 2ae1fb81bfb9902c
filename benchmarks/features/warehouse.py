"""A synthetic shop of any size in the contract's form, in time-ordered Parquet files.

Made for its size and skew: gamma-distributed customers, popular and rare products, favourite
categories. Nothing is to be learned from it; `nextbuy.simulator.simulator` has a shop with causes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from features.arrays import Ints
from features.windows import DAY

CUTOFF = "2024-11-30"  # a month before the end, so that there are rows that must not be read
_START = 18_993 * DAY  # 2022-01-01
_MONTHS, _MONTH = 36, 365 * 3 * DAY // 36
_CATEGORIES, _PRODUCTS = 40, 2000
_CHANNELS = np.array(["email", "sms", "web_push", "phone"])
_EVENT_TYPES = np.array(["view", "cart", "search", "wishlist", "visit", "checkout", "support"])
_TYPE_SHARES = [0.62, 0.12, 0.10, 0.05, 0.06, 0.04, 0.01]

Columns = dict[str, NDArray | pa.Array]


@dataclass(frozen=True)
class _Shop:
    """Customers and products of the warehouse; by each month a part of the customers has come."""

    rng: np.random.Generator
    weight: NDArray[np.float64]  # cumulated over customers, who stand in the order they came
    here: Ints  # customers that have come by the end of each month
    favourite: Ints  # category of each customer
    price: NDArray[np.float64]  # of each product
    per_month: NDArray[np.float64]  # share of all rows

    def customers(self, month: int, n: int) -> Ints:
        """Draw customers by their weight, of those who have come."""
        reached = self.weight[self.here[month] - 1]
        return np.searchsorted(self.weight, self.rng.random(n) * reached, side="right")

    def products(self, customers: Ints) -> Ints:
        """Draw a product: mostly of the favourite category, the first of each most often."""
        is_favourite = self.rng.random(len(customers)) < 0.6
        anywhere = self.rng.integers(0, _CATEGORIES, len(customers))
        category = np.where(is_favourite, self.favourite[customers], anywhere)
        rank = (self.rng.random(len(customers)) ** 3 * (_PRODUCTS // _CATEGORIES)).astype(int)
        return category + _CATEGORIES * rank

    def instants(self, month: int, n: int) -> Ints:
        """Draw instants of a month, in order."""
        return np.sort(self.rng.integers(0, _MONTH, n)) + _START + month * _MONTH

    def share(self, values: Ints, share: float, mean_days: float) -> pa.Array:
        """Give some of the instants a later one, exponential in days; the others none."""
        later = values + (self.rng.exponential(mean_days, len(values)) * DAY).astype(np.int64)
        return _instants(later, self.rng.random(len(values)) >= share)


def write_warehouse(folder: Path, orders: int, seed: int = 0) -> Path:
    """Write a synthetic shop: per order 2 lines, 3 events and 2 messages; 10 orders per customer.

    Parameters
    ----------
    folder : Path
        Where to write it.
    orders : int
        Number of orders.
    seed : int
        Seed of all draws.

    Returns
    -------
    Path
        Its nextbuy.toml.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shop = _make_shop(np.random.default_rng(seed), max(orders // 10, _MONTHS))
    _write_products(folder, shop)
    _write_customers(folder, shop)
    makers: dict[str, tuple[Callable[..., dict[str, Columns]], int]] = {
        "orders": (_orders, orders),
        "events": (_events, 3 * orders),
        "messages": (_messages, 2 * orders),
    }
    for make, rows in makers.values():
        writers: dict[str, pq.ParquetWriter] = {}
        for month in range(_MONTHS):
            for name, columns in make(shop, month, round(rows * shop.per_month[month])).items():
                table = pa.table(columns)
                if name not in writers:
                    path = folder / f"{name}.parquet"
                    writers[name] = pq.ParquetWriter(path, table.schema, compression="zstd")
                writers[name].write_table(table)
        for writer in writers.values():
            writer.close()
    names = ["orders", "order_lines", "products", "returns", "events", "messages", "customers"]
    config = {"shop": {}, "tables": {name: {"path": f"{name}.parquet"} for name in names}}
    path = folder / "nextbuy.toml"
    path.write_bytes(msgspec.toml.encode(config))
    return path


def _make_shop(rng: np.random.Generator, customers: int) -> _Shop:
    weight = np.cumsum(rng.gamma(0.8, 1.0, customers))
    month = np.arange(1, _MONTHS + 1)
    here = np.minimum(customers, (customers * (0.3 + 0.7 * month / 30)).astype(np.int64))
    active = weight[here - 1]
    return _Shop(
        rng,
        weight,
        here,
        rng.integers(0, _CATEGORIES, customers),
        np.round(rng.lognormal(3.0, 0.8, _PRODUCTS), 2) + 0.5,
        active / active.sum(),
    )


def _instants(values: Ints, missing: NDArray[np.bool_] | None = None) -> pa.Array:
    return pa.array(values, pa.timestamp("us", "UTC"), mask=missing)


def _ids(letter: str, numbers: Ints) -> pa.Array:
    return pa.array(np.char.add(letter, numbers.astype(str)))


def _write_products(folder: Path, shop: _Shop) -> None:
    number = np.arange(_PRODUCTS)
    columns = {
        "product_id": number,
        "category": _ids("category-", number % _CATEGORIES),
        "brand": _ids("brand-", shop.rng.integers(0, 120, _PRODUCTS)),
        "color": _ids("color-", shop.rng.integers(0, 12, _PRODUCTS)),
        "size": shop.rng.choice(np.array(["S", "M", "L", "XL"]), _PRODUCTS),
        "price": shop.price,
    }
    pq.write_table(pa.table(columns), folder / "products.parquet", compression="zstd")


def _write_customers(folder: Path, shop: _Shop) -> None:
    n = len(shop.weight)
    month = np.searchsorted(shop.here, np.arange(n), side="right")
    came = np.sort(_START + month * _MONTH)
    columns = {
        "customer_id": np.arange(n),
        "known_at": _instants(came),
        "first_seen_at": _instants(came),
        "birth_year": pa.array(shop.rng.integers(1940, 2005, n), mask=shop.rng.random(n) < 0.4),
        "country": shop.rng.choice(np.array(["DE", "AT", "CH"]), n, p=[0.7, 0.2, 0.1]),
        "acquisition_channel": shop.rng.choice(np.array(["search", "social", "friend"]), n),
    }
    pq.write_table(pa.table(columns), folder / "customers.parquet", compression="zstd")


def _orders(shop: _Shop, month: int, n: int) -> dict[str, Columns]:
    """Make the orders of a month, their lines and their returns."""
    rng = shop.rng
    at, customer = shop.instants(month, n), shop.customers(month, n)
    order = np.arange(n) + month * 1_000_000_000
    lines = 1 + rng.poisson(1.0, n)
    line_order = np.repeat(np.arange(n), lines)
    product = shop.products(customer[line_order])
    reduced = np.where(rng.random(n) < 0.25, rng.choice([0.05, 0.1, 0.2, 0.3], n), 0.0)
    price = np.round(shop.price[product] * (1 - reduced[line_order]), 2)
    quantity = 1 + rng.poisson(0.3, len(product))
    starts = np.cumsum(lines) - lines
    amount = np.round(np.add.reduceat(quantity * price, starts), 2)
    full = np.add.reduceat(quantity * shop.price[product], starts)
    back = np.flatnonzero(rng.random(n) < 0.04)
    return {
        "orders": {
            "order_id": order,
            "customer_id": customer,
            "ordered_at": _instants(at),
            "known_at": _instants(at + rng.exponential(600e6, n).astype(np.int64)),
            "amount": amount,
            "discount": np.round(np.maximum(full - amount, 0), 2),
            "store": np.where(rng.random(n) < 0.8, "main", "outlet"),
            "cancelled_at": shop.share(at, 0.04, 3.0),
        },
        "order_lines": {
            "order_id": order[line_order],
            "product_id": product,
            "quantity": quantity,
            "unit_price": price,
        },
        "returns": {
            "return_id": order[back],
            "customer_id": customer[back],
            "returned_at": shop.share(at[back], 1.0, 12.0),
            "amount": amount[back],
            "order_id": order[back],
        },
    }


def _events(shop: _Shop, month: int, n: int) -> dict[str, Columns]:
    rng = shop.rng
    customer, kind = shop.customers(month, n), rng.choice(len(_EVENT_TYPES), n, p=_TYPE_SHARES)
    of_product = np.isin(kind, [0, 1, 3])
    columns = {
        "event_id": np.arange(n) + month * 1_000_000_000,
        "customer_id": customer,
        "occurred_at": _instants(shop.instants(month, n)),
        "event_type": pa.DictionaryArray.from_arrays(kind, _EVENT_TYPES),
        "product_id": pa.array(shop.products(customer), mask=~of_product),
        "store": np.where(rng.random(n) < 0.8, "main", "outlet"),
        "device": np.where(rng.random(n) < 0.6, "mobile", "desktop"),
    }
    return {"events": columns}


def _messages(shop: _Shop, month: int, n: int) -> dict[str, Columns]:
    rng = shop.rng
    at = shop.instants(month, n)
    columns = {
        "message_id": np.arange(n) + month * 1_000_000_000,
        "customer_id": rng.integers(0, shop.here[month], n),
        "sent_at": _instants(at),
        "channel": rng.choice(_CHANNELS, n, p=[0.6, 0.15, 0.2, 0.05]),
        "delivered_at": shop.share(at, 0.97, 0.001),
        "opened_at": shop.share(at, 0.3, 0.5),
        "machine_opened": rng.random(n) < 0.1,
        "clicked_at": shop.share(at, 0.05, 0.6),
        "converted_at": shop.share(at, 0.01, 1.0),
        "unsubscribed_at": shop.share(at, 0.002, 1.0),
    }
    return {"messages": columns}
