"""Writes only the orders of a simulated shop, for logs of a million customers.

Customers, their rates, regularity, drop-out and season are the simulator's; baskets, messages and
browsing, which take its time and memory, are left out. An order's amount is log-normal around its
customer's mean.
"""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from nextbuy.simulator.exported_columns import instants, money, named, numbered
from nextbuy.simulator.profiles import PROFILES, ProfileName
from nextbuy.simulator.seasonal_clock import Clock
from nextbuy.simulator.simulated_customers import draw_customers
from nextbuy.simulator.simulated_purchases import draw_purchases
from nextbuy.simulator.simulated_world import TIMEZONE

_MEAN_CENTS, _BETWEEN, _WITHIN = 4000.0, 0.5, 0.4
_CONFIG = f"""\
[shop]
name = "simulated orders"
timezone = "{TIMEZONE}"
currency = "EUR"
horizon_days = 90
simulated = true

[tables.orders]
path = "orders.parquet"
"""


def write_simulated_orders(
    folder: Path, customers: int, profile: str = ProfileName.sparse, seed: int = 7
) -> Path:
    """Write `orders.parquet` and `nextbuy.toml` of a simulated shop.

    Parameters
    ----------
    folder : Path
        Where to write them.
    customers : int
        Number of customers.
    profile : str
        Profile of the simulator.
    seed : int
        Seed of all draws.

    Returns
    -------
    Path
        The `nextbuy.toml`.
    """
    rng = np.random.default_rng(seed)
    clock = Clock(PROFILES[ProfileName(profile)])
    people = draw_customers(rng, customers, PROFILES[ProfileName(profile)], clock)
    purchases = draw_purchases(rng, people, clock)[0]
    order = np.argsort(purchases.day, kind="stable")
    customer, n = purchases.customer[order], len(order)
    log_mean = rng.normal(np.log(_MEAN_CENTS), _BETWEEN, customers)
    amount = np.exp(log_mean[customer] + rng.normal(0.0, _WITHIN, n)).astype(np.int64)
    table = pa.table(
        {
            "order_id": numbered("o", n),
            "customer_id": named(customer, pa.array(people.ids)),
            "ordered_at": instants(purchases.day[order]),
            "amount": money(amount),
        }
    )
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, folder / "orders.parquet")
    path = folder / "nextbuy.toml"
    path.write_text(_CONFIG)
    return path
