"""A simulated shop with a known truth: all tables of the contract, for demos and tests.

Customers join, buy with a rate and a regularity of their own, and drop out after a purchase
with a probability of their own. Every two weeks the shop decides whom to message: mostly by a
rule that looks at an engagement nobody logs, partly at random with a logged propensity, `none`
among the arms. A message makes a living customer buy with a probability that depends on the
channel and on the customer.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nextbuy.tables import TABLES, write_tables, write_truth
from nextbuy.world import (
    CHANNELS,
    CONTROL,
    DAYS,
    NO_MESSAGE,
    OPTIMISED,
    RANDOM,
    Customers,
    Floats,
    Ints,
    Messages,
    Orders,
)

_CONSENT_SHARE = (0.80, 0.50, 0.40, 0.30)
_REACHABLE_SHARE = (0.97, 0.90, 0.60, 0.85)
_CAMPAIGN_DAYS = 14
_MESSAGED_SHARE = 0.6
_RANDOM_SHARE, _CONTROL_SHARE = 0.20, 0.05

_CONFIG = """\
# A simulated shop: {customers} customers, seed {seed}. Nobody in it exists.
[shop]
name = "simulated"
timezone = "Europe/Warsaw"
currency = "EUR"
horizon_days = 90
simulated = true

[channels]
default_order = ["email", "sms", "web_push", "phone"]
window_days = 7
"""


def simulate_shop(folder: Path, customers: int, seed: int = 7) -> Path:
    """Write a simulated shop: Parquet tables, `truth.parquet`, `nextbuy.toml`.

    Returns
    -------
    Path
        Of `nextbuy.toml`. The same number of customers and seed give the same shop.
    """
    rng = np.random.default_rng(seed)
    people = _draw_customers(rng, customers)
    buyer, day, alive_until = _draw_orders(rng, people)
    messages = _draw_messages(rng, people, alive_until)
    caused = ~np.isnan(messages.converts)
    buyer = np.concatenate([buyer, messages.customer[caused]])
    day = np.concatenate([day, messages.converts[caused]])
    order = np.argsort(day, kind="stable")
    folder.mkdir(parents=True, exist_ok=True)
    write_tables(folder, rng, people, Orders(buyer[order], day[order]), messages)
    write_truth(folder, people, alive_until)
    config = folder / "nextbuy.toml"
    sections = "".join(f'\n[tables.{table}]\npath = "{table}.parquet"\n' for table in TABLES)
    config.write_text(_CONFIG.format(customers=customers, seed=seed) + sections)
    return config


def _draw_customers(rng: np.random.Generator, n: int) -> Customers:
    hexes = rng.integers(0, 2**48, size=2 * n + 10)
    ids = [f"c-{value:012x}" for value in np.unique(hexes)[:n]]
    rng.shuffle(ids)
    joined = DAYS * 0.85 * rng.beta(1.0, 1.6, n)
    consents = rng.random((n, len(CHANNELS))) < _CONSENT_SHARE
    later = np.where(rng.random(consents.shape) < 0.15, rng.uniform(0, 200, consents.shape), 0.0)
    granted = np.where(consents, joined[:, None] + later, np.inf)
    leaves = rng.random(consents.shape) < 0.12
    withdrawn = np.where(leaves, granted + rng.uniform(30, 500, consents.shape), np.inf)
    return Customers(
        ids=ids,
        joined=joined,
        rate=rng.gamma(1.3, 1 / (1.3 * 18.0), n),
        regularity=rng.choice([1.0, 2.0, 4.0], n, p=[0.55, 0.30, 0.15]),
        dropout=rng.beta(0.6, 7.0, n),
        home_store=rng.integers(0, 2, n),
        uses_both=rng.random(n) < 0.25,
        engagement=rng.normal(0, 1, n),
        affinity=rng.normal(0, 1, (n, len(CHANNELS))),
        granted=granted,
        withdrawn=withdrawn,
        reachable=rng.random((n, len(CHANNELS))) < _REACHABLE_SHARE,
    )


def _draw_orders(rng: np.random.Generator, people: Customers) -> tuple[Ints, Floats, Floats]:
    """Draw purchases round by round: every living customer's next one.

    Returns
    -------
    tuple
        Customer and day of each order, and the day from which each customer is gone.
    """
    customer = np.arange(len(people.ids))
    day = people.joined.copy()
    alive_until = np.full(len(people.ids), np.inf)
    who, when = [], []
    while len(customer):
        who.append(customer)
        when.append(day)
        leaves = rng.random(len(customer)) < people.dropout[customer]
        alive_until[customer[leaves]] = day[leaves]
        customer, day = customer[~leaves], day[~leaves]
        k = people.regularity[customer]
        day = day + rng.gamma(k, 1 / (k * people.rate[customer]))
        stays = day < DAYS
        customer, day = customer[stays], day[stays]
    return np.concatenate(who), np.concatenate(when), alive_until


def _draw_messages(rng: np.random.Generator, people: Customers, alive_until: Floats) -> Messages:
    parts = [
        _draw_campaign(rng, people, alive_until, float(start))
        for start in range(_CAMPAIGN_DAYS, DAYS, _CAMPAIGN_DAYS)
    ]
    fields = Messages.__dataclass_fields__
    return Messages(**{f: np.concatenate([getattr(part, f) for part in parts]) for f in fields})


def _draw_campaign(
    rng: np.random.Generator, people: Customers, alive_until: Floats, start: float
) -> Messages:
    known = people.joined < start
    customer = np.flatnonzero(known & (rng.random(len(people.ids)) < _MESSAGED_SHARE))
    n = len(customer)
    sent = start + rng.uniform(7 / 24, 18 / 24, n)
    eligible = np.column_stack([_eligible(people, customer, sent), np.ones(n, dtype=bool)])
    draw = rng.random(n)
    arm = np.select([draw < _RANDOM_SHARE, draw > 1 - _CONTROL_SHARE], [RANDOM, CONTROL], OPTIMISED)
    by_rule = _rule(people.engagement[customer], eligible)
    channel = np.where(arm == RANDOM, _choose_uniformly(rng, eligible), by_rule)
    channel[arm == CONTROL] = NO_MESSAGE
    propensity = np.where(arm == RANDOM, 1 / eligible.sum(axis=1), np.nan)
    propensity[arm == CONTROL] = 1.0  # within the control group nothing else can happen
    chances = np.column_stack([people.response()[customer], np.zeros(n)])
    lives = sent < alive_until[customer]
    caused = lives & (rng.random(n) < chances[np.arange(n), channel])
    converts = np.where(caused, sent + rng.uniform(0.02, 3, n), np.nan)
    converts[converts >= DAYS] = np.nan
    return Messages(customer, sent, channel, arm, propensity, converts)


def _eligible(people: Customers, customer: Ints, sent: Floats) -> NDArray[np.bool_]:
    consented = people.granted[customer] <= sent[:, None]
    return consented & (sent[:, None] < people.withdrawn[customer]) & people.reachable[customer]


def _choose_uniformly(rng: np.random.Generator, eligible: NDArray[np.bool_]) -> Ints:
    return np.argmax(np.where(eligible, rng.random(eligible.shape), -1.0), axis=1)


def _rule(engagement: Floats, eligible: NDArray[np.bool_]) -> Ints:
    """The shop's rule: e-mail for the engaged, else text messages; it confounds what is logged."""
    likes = np.tile([0.4, 0.3, 0.2, 0.1, 0.0], (len(engagement), 1))
    likes[:, 0] += engagement
    likes[:, 1] -= engagement
    return np.argmax(np.where(eligible, likes, -np.inf), axis=1)
