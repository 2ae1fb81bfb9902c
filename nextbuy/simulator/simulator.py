"""Simulates a shop with a known truth and all tables of the input contract, for demos and tests.

Each part is drawn by a module of its own: who the customers are (`people`), when they buy without
a message (`purchases`, in the operational time of `seasonal_clock`), whom the shop messages and
what that causes (`campaigns`), the lines of the orders (`baskets`, from an `assortment`), and what
customers do besides buying (`browsing`). `profiles` has the parameters in which kinds of shops
differ, and `truth` the true chances that follow from them.
"""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from features.arrays import Floats
from nextbuy.simulator.profiles import PROFILES, ProfileName
from nextbuy.simulator.seasonal_clock import Clock
from nextbuy.simulator.simulated_assortment import draw_assortment
from nextbuy.simulator.simulated_baskets import draw_baskets
from nextbuy.simulator.simulated_browsing import draw_events, draw_sessions
from nextbuy.simulator.simulated_campaigns import draw_messages
from nextbuy.simulator.simulated_customers import draw_customers
from nextbuy.simulator.simulated_purchases import draw_purchases
from nextbuy.simulator.simulated_statements import consents_table, customers_table, identities_table
from nextbuy.simulator.simulated_tables import (
    Diary,
    events_table,
    messages_table,
    order_lines_table,
    orders_table,
    products_table,
    returns_table,
)
from nextbuy.simulator.simulated_world import (
    IN_SHOP,
    SALES_CHANNELS,
    TIMEZONE,
    WEB,
    Customers,
    Messages,
    Orders,
    Purchases,
    late,
)
from nextbuy.simulator.truth import write_truth

_SALES_CHANNEL_SHARE = (0.5, 0.3, 0.2)
_ELSEWHERE_SHARE = 0.4
_BATCH_STORE, _BATCH_HOUR = 1, 2  # the south shop's tills upload at night
_WEEKS_LATE_SHARE, _WEEKS_LATE = 0.004, (7.0, 28.0)

_CONFIG = """\
# A simulated {profile} shop: {customers} customers, seed {seed}. Nobody in it exists.
[shop]
name = "simulated"
timezone = "{timezone}"
currency = "EUR"
horizon_days = 90
simulated = true

[channels]
default_order = ["email", "sms", "web_push", "phone"]
window_days = 7
"""


def simulate_shop(
    folder: Path, customers: int, seed: int = 7, profile: str = ProfileName.dense
) -> Path:
    """Write a simulated shop: Parquet tables, `truth.parquet`, `nextbuy.toml`.

    The same arguments always write the same shop.

    Parameters
    ----------
    folder : Path
        Where to write the files; it is made if it does not exist.
    customers : int
        Number of customers.
    seed : int
        Seed of all random draws.
    profile : str
        `dense`, a grocery with about 14 orders per customer in two years; or `sparse`, gifts
        and furniture, where more than half of the customers buy once.

    Returns
    -------
    Path
        Path of `nextbuy.toml`.

    Raises
    ------
    ValueError
        There is no such profile.
    """
    name = ProfileName(profile)
    rng = np.random.default_rng(seed)
    clock = Clock(PROFILES[name])
    people = draw_customers(rng, customers, PROFILES[name], clock)
    purchases, awake, left_at = draw_purchases(rng, people, clock)
    messages = draw_messages(rng, people, left_at)
    orders = _draw_orders(rng, people, purchases, messages)
    assortment = draw_assortment(rng, PROFILES[name])
    baskets = draw_baskets(rng, people, assortment, orders)
    sessions = draw_sessions(rng, people, orders, awake, left_at, clock)
    events = draw_events(rng, people, orders, baskets, sessions)
    tables = _make_tables(rng, Diary(people, assortment, orders, baskets, events, messages))
    folder.mkdir(parents=True, exist_ok=True)
    for table, rows in tables.items():
        pq.write_table(rows, folder / f"{table}.parquet")
    write_truth(folder, name, people, purchases, awake, left_at)
    config = folder / "nextbuy.toml"
    text = _CONFIG.format(profile=name, customers=customers, seed=seed, timezone=TIMEZONE)
    sections = "".join(f'\n[tables.{table}]\npath = "{table}.parquet"\n' for table in tables)
    config.write_text(text + sections)
    return config


def _draw_orders(
    rng: np.random.Generator, people: Customers, purchases: Purchases, messages: Messages
) -> Orders:
    """Join the purchases that messages caused to the others, and draw where each was made."""
    message = np.flatnonzero(~np.isnan(messages.converts))
    uncaused, caused = len(purchases.day), len(message)
    customer = np.concatenate([purchases.customer, messages.customer[message]])
    day = np.concatenate([purchases.day, messages.converts[message]])
    elsewhere = people.uses_both[customer] & (rng.random(uncaused + caused) < _ELSEWHERE_SHARE)
    store = people.home_store[customer] ^ elsewhere
    channel = rng.choice(len(SALES_CHANNELS), uncaused + caused, p=_SALES_CHANNEL_SHARE)
    channel[uncaused:] = WEB  # through the message's link
    columns = {
        "customer": customer,
        "day": day,
        "store": store,
        "sales_channel": channel,
        "packs": np.concatenate([purchases.packs, np.zeros(caused, dtype=np.int64)]),
        "intent": np.concatenate([purchases.intent, np.full(caused, np.nan)]),
        "message": np.concatenate([np.full(uncaused, -1), message]),
        "known": _draw_known(rng, day, (channel == IN_SHOP) & (store == _BATCH_STORE)),
    }
    order = np.argsort(day, kind="stable")
    return Orders(**{name: values[order] for name, values in columns.items()})


def _draw_known(rng: np.random.Generator, day: Floats, in_batch: np.ndarray) -> Floats:
    """Draw when the shop's systems knew each order: at once, the next night, or weeks later."""
    night = np.ceil(day - _BATCH_HOUR / 24) + _BATCH_HOUR / 24
    return late(rng, np.where(in_batch, night, day), _WEEKS_LATE_SHARE, _WEEKS_LATE)


def _make_tables(rng: np.random.Generator, diary: Diary) -> dict[str, pa.Table]:
    return {
        "orders": orders_table(rng, diary),
        "order_lines": order_lines_table(diary),
        "products": products_table(rng, diary),
        "returns": returns_table(rng, diary),
        "events": events_table(rng, diary),
        "messages": messages_table(rng, diary),
        "consents": consents_table(rng, diary.people),
        "customers": customers_table(rng, diary.people),
        "identities": identities_table(diary.people),
    }
