"""When simulated customers buy of their own accord.

After a purchase a customer leaves for good with the chance `dropout`. Else the gap to the next
one is, in operational time (`season.Clock`), the sum of two phases:

    idle   ~ Gamma(shape k, mean g - i)     k the customer's regularity
    intent ~ Exponential(mean i)            i = min(3 days, 0.3 g)

An awake intent shows in browsing; its purchase comes at its end. The mean gap g is 1 / rate;
for customers with an anchor category (a consumable whose running out brings them back) it is
proportional to the packs they took: g = packs / 1.3 / rate, packs 2 in 30 % and else 1.
"""

from collections.abc import Sequence

import numpy as np

from features.arrays import Array, Floats, Ints
from nextbuy.simulator.seasonal_clock import Clock
from nextbuy.simulator.world import DAYS, Customers, Intents, Purchases

_INTENT_DAYS, _INTENT_SHARE = 3.0, 0.3
_TWO_PACKS = 0.3


def intent_mean(gap: Floats) -> Floats:
    """Give how long an intent is awake on average, in a gap of that mean."""
    return np.minimum(_INTENT_DAYS, _INTENT_SHARE * gap)


def draw_purchases(
    rng: np.random.Generator, people: Customers, clock: Clock
) -> tuple[Purchases, Intents, Floats]:
    """Draw purchases round by round: every living customer's next one.

    Returns
    -------
    tuple
        The purchases, the intents awake at the end of the log, and the day from which each
        customer is gone (infinite for those who are not).
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
    """Order the purchases by customer; each customer's are in the order of time already."""
    customer, bought, packs, gap, awoke = (np.concatenate(p) for p in zip(*rounds, strict=True))
    order = np.argsort(customer, kind="stable")
    return Purchases(
        customer[order], clock.day(bought)[order], packs[order], gap[order], clock.day(awoke)[order]
    )
