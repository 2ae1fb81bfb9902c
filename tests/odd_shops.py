"""Shops whose customers buy in an odd rhythm, or of whom there are very few; orders alone.

Every function makes the same table `orders` each time it is called with the same arguments.
"""

from collections.abc import Iterable
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd

_FIRST = pd.Timestamp("2020-01-01")
RHYTHMS = ("constant", "seasonal", "bursty", "none")


def write_orders(folder: Path, orders: pd.DataFrame, **section: object) -> Path:
    """Write orders with a nextbuy.toml, whose path is returned; keywords are `[shop]` settings."""
    folder.mkdir(parents=True, exist_ok=True)
    orders.to_csv(folder / "orders.csv", index=False)
    config = folder / "nextbuy.toml"
    shop = {"name": "odd", "timezone": "Europe/Warsaw"} | section
    config.write_bytes(
        msgspec.toml.encode({"shop": shop, "tables": {"orders": {"path": "orders.csv"}}})
    )
    return config


def make_orders(visits: Iterable[tuple[str, Iterable[float]]], days: float) -> pd.DataFrame:
    """Make the table of orders from each customer's days (fractions are hours) after 2020-01-01."""
    rows = [(customer, day) for customer, when in visits for day in when if 0 <= day < days]
    rows.sort(key=lambda row: row[1])
    return pd.DataFrame(
        {
            "order_id": [f"o{number}" for number in range(len(rows))],
            "customer_id": [customer for customer, _ in rows],
            "ordered_at": [
                f"{_FIRST + pd.Timedelta(days=day):%Y-%m-%d %H:%M:%S}" for _, day in rows
            ],
            "amount": [round(20 + 7 * (number % 11) / 3, 2) for number in range(len(rows))],
        }
    )


def subscriptions(customers: int = 400, days: int = 730) -> pd.DataFrame:
    """Make a shop in which everybody buys every 30 days from the first purchase on."""
    first = np.random.default_rng(0).uniform(0, days, customers)
    return make_orders(((f"c{i}", np.arange(at, days, 30)) for i, at in enumerate(first)), days)


def yearly_sale(years: int, customers: int = 900, comes: float = 0.5) -> pd.DataFrame:
    """Make a shop that sells in one week of November, and hardly anything between.

    Parameters
    ----------
    years : int
        Number of sales; the log ends in the middle of December.
    customers : int
        New customers at each sale.
    comes : float
        The chance of each customer to come to each later sale.
    """
    rng, days = np.random.default_rng(1), 365 * years - 16
    visits = []
    for year in range(years):
        for number in range(customers):
            sales = [s for s in range(year, years) if s == year or rng.random() < comes]
            when = [365 * sale + rng.uniform(320, 327) for sale in sales]
            visits.append((f"y{year}-{number}", when))
    strays = rng.uniform(0, days, 40 * years)
    return make_orders([*visits, *((f"s{i}", [day]) for i, day in enumerate(strays))], days)


def one_time_buyers(customers: int = 900, days: int = 730) -> pd.DataFrame:
    """Make a shop to which nobody ever comes back."""
    when = np.random.default_rng(2).uniform(0, days, customers)
    return make_orders(((f"c{i}", [day]) for i, day in enumerate(when)), days)


def daily_businesses(days: int = 730) -> pd.DataFrame:
    """Make a shop of five businesses that order on almost every day."""
    rng = np.random.default_rng(3)
    visits = ((f"b{i}", np.arange(days)[rng.random(days) < 0.95] + 0.4 + i / 10) for i in range(5))
    return make_orders(visits, days)


def half_a_year_missing(customers: int = 1200, days: int = 730) -> pd.DataFrame:
    """Make a shop whose export lacks the days 300 to 479."""
    orders = ordinary(customers, days, seed=4)
    day = (pd.to_datetime(orders["ordered_at"]) - _FIRST).dt.days
    return orders[~day.between(300, 479)]


def ordinary(customers: int, days: int, seed: int, growth: float = 1.0) -> pd.DataFrame:
    """Make a shop whose customers differ in how often they buy, and leave at some time.

    Parameters
    ----------
    customers, days, seed : int
        Customers, days of the log, seed of the draws.
    growth : float
        How many times as many customers are new at the end of the log as at its begin.
    """
    rng = np.random.default_rng(seed)
    share = rng.random(customers)
    first = days * (share if growth == 1 else np.log1p(share * (growth - 1)) / np.log(growth))
    stays, gap = rng.exponential(400, customers), 1 / rng.gamma(0.8, 1 / 25, customers)
    visits = []
    for number in range(customers):
        waits = rng.exponential(gap[number], max(1, round(2 * days / gap[number]) + 10))
        later = first[number] + np.cumsum(waits)
        visits.append(
            (f"c{number}", [first[number], *later[later < first[number] + stays[number]]])
        )
    return make_orders(visits, days)


def alike(customers: int = 89, days: int = 500) -> pd.DataFrame:
    """Make a shop whose customers hardly differ, so that nothing tells who comes back.

    At its holdout the BTYD model that did best before has a log-loss of .83, the base rate .69.
    """
    rng = np.random.default_rng(2)
    visits = []
    for number in range(customers):
        first, gap = rng.uniform(0, 0.8 * days), rng.choice([120.0, 200.0])
        visits.append((f"c{number}", np.r_[first, first + np.cumsum(rng.exponential(gap, 20))]))
    return make_orders(visits, days)


def any_shop(seed: int) -> pd.DataFrame:
    """Draw a shop: 1 to 500 customers, 30 days to 5 years, and any rhythm of `RHYTHMS`.

    Purchases come at constant gaps of the shop, in one season of the year, in bursts, or by chance.
    """
    rng = np.random.default_rng(seed)
    customers, days = int(rng.integers(1, 501)), float(rng.uniform(30, 1826))
    rhythm, gap = RHYTHMS[seed % len(RHYTHMS)], float(np.exp(rng.uniform(np.log(2), np.log(400))))
    visits = []
    for number in range(customers):
        first, most = rng.uniform(0, days), int(min(300, 1 + days / gap))
        waits = np.full(most, gap) if rhythm == "constant" else rng.exponential(gap, most)
        when = np.r_[first, first + np.cumsum(waits)]
        if rhythm == "seasonal":
            when = when[np.r_[True, np.abs(when[1:] % 365 - 330) < 30]]
        if rhythm == "bursty":
            when = np.repeat(when, rng.integers(1, 5, len(when))) + rng.uniform(0, 3, 1)
            when = when + np.arange(len(when)) % 4
        visits.append((f"c{number}", when))
    return make_orders(visits, days)
