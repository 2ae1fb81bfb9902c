"""Draws when simulated customers buy without being caused to by a message.

After a purchase a customer leaves for good with the chance `dropout`. Otherwise the gap to the
next purchase is, in operational time (`seasonal_clock.Clock`), the sum of two phases:

    idle   ~ Gamma(shape k, mean g - i)     k the customer's regularity
    intent ~ Exponential(mean i)            i = min(3 days, 0.3 g)

While an intent is awake it shows in browsing; the purchase comes at its end. The mean gap g is
1 / rate. For customers with an anchor category (a consumable whose running out brings them back)
it is proportional to the packs they bought: g = packs / 1.3 / rate, with 2 packs in 30 % of the
purchases and else 1.
"""

from collections.abc import Sequence

import numpy as np

from features.arrays import Array, Floats, Ints
from nextbuy.simulator.seasonal_clock import Clock
from nextbuy.simulator.simulated_world import DAYS, Customers, Intents, Purchases

_INTENT_DAYS, _INTENT_SHARE = 3.0, 0.3
_TWO_PACKS = 0.3


def intent_mean(gap: Floats) -> Floats:
    """Return how long an intent is awake on average, in days, in a gap of the mean length `gap`."""
    return np.minimum(_INTENT_DAYS, _INTENT_SHARE * gap)


def draw_purchases(
    rng: np.random.Generator, people: Customers, clock: Clock
) -> tuple[Purchases, Intents, Floats]:
    """Draw all purchases, in rounds that hold the next purchase of everybody who has not left.

    Returns
    -------
    purchases : Purchases
        All purchases that no message caused.
    awake : Intents
        Intents that are awake at the end of the log.
    left_at : float array (customers,)
        Day on which each customer left for good; infinite for those who stayed.
    """
    customer = np.arange(len(people.ids))
    bought = clock.elapsed(people.joined)
    awoke = np.maximum(0.0, bought - rng.exponential(_INTENT_DAYS, len(customer)))
    left_at = np.full(len(people.ids), np.inf)
    rounds, awake = [], []
    while len(customer):
        packs, gap = _draw_gaps(rng, people, customer)
        rounds.append((customer, bought, packs, gap, awoke))
        leaves = rng.random(len(customer)) < people.dropout[customer]
        left_at[customer[leaves]] = bought[leaves]
        customer, bought, gap = customer[~leaves], bought[~leaves], gap[~leaves]
        intent, k = intent_mean(gap), people.regularity[customer]
        awoke = bought + rng.gamma(k, (gap - intent) / k)
        bought = awoke + rng.exponential(intent)
        stays = bought < DAYS
        pending = (awoke < DAYS) & ~stays
        awake.append((customer[pending], awoke[pending]))
        customer, bought, awoke = customer[stays], bought[stays], awoke[stays]
    who, when = (np.concatenate(parts) for parts in zip(*awake, strict=True))
    return _sorted(rounds, clock), Intents(who, clock.day(when)), clock.day(left_at)


def _draw_gaps(rng: np.random.Generator, people: Customers, customer: Ints) -> tuple[Ints, Floats]:
    anchored = people.anchor[customer] >= 0
    packs = 1 + (anchored & (rng.random(len(customer)) < _TWO_PACKS)).astype(np.int64)
    stretch = np.where(anchored, packs / (1 + _TWO_PACKS), 1.0)
    return packs, stretch / people.rate[customer]


def _sorted(rounds: Sequence[tuple[Array, ...]], clock: Clock) -> Purchases:
    """Sort the purchases by customer; those of one customer are in the order of time already."""
    customer, bought, packs, gap, awoke = (np.concatenate(p) for p in zip(*rounds, strict=True))
    order = np.argsort(customer, kind="stable")
    return Purchases(
        customer[order], clock.day(bought)[order], packs[order], gap[order], clock.day(awoke)[order]
    )
