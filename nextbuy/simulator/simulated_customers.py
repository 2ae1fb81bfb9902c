"""Draws who the simulated customers are: the latent truth of each."""

import numpy as np

from features.arrays import Flags, Floats, Ints
from nextbuy.simulator.profiles import Profile
from nextbuy.simulator.seasonal_clock import Clock
from nextbuy.simulator.simulated_assortment import BRANDS
from nextbuy.simulator.simulated_world import CHANNELS, DAYS, Aliases, Customers

_CONSENT_SHARE = (0.80, 0.50, 0.40, 0.30)
_REACHABLE_SHARE = (0.97, 0.90, 0.60, 0.85)
_REGULARITY, _REGULARITY_SHARE = (1.0, 2.0, 4.0), (0.55, 0.30, 0.15)
_ALIAS_SHARE = 0.08
_NEED_SHARE = 0.35
_CYCLE_SPREAD = 0.3


def draw_customers(rng: np.random.Generator, n: int, profile: Profile, clock: Clock) -> Customers:
    """Draw `n` customers of a profile, each with the latent truth that determines the behaviour."""
    joined = clock.day(DAYS * 0.85 * rng.beta(1.0, 1.6, n))
    rate = rng.gamma(profile.rate_shape, 1 / (profile.rate_shape * profile.gap_days), n)
    regularity = rng.choice(_REGULARITY, n, p=_REGULARITY_SHARE)
    cycle, anchor = _draw_cycles(rng, profile, rate, regularity)
    uses_both = rng.random(n) < 0.25
    aliases = _draw_aliases(rng, joined, uses_both)
    known_from = joined.copy()
    known_from[aliases.customer[aliases.is_guest]] = aliases.linked[aliases.is_guest]
    granted, withdrawn = _draw_consents(rng, known_from)
    weights = np.array([category.weight for category in profile.categories])
    return Customers(
        ids=_draw_ids(rng, "c", n),
        aliases=aliases,
        joined=joined,
        known_from=known_from,
        rate=rate,
        regularity=regularity,
        dropout=rng.beta(*profile.dropout, n),
        home_store=rng.integers(0, 2, n),
        uses_both=uses_both,
        price_sensitivity=rng.beta(1.2, 1.8, n),
        return_tendency=rng.gamma(0.8, 1 / 0.8, n),
        window_shopping=rng.gamma(1.0, 0.015, n),
        favourites=rng.dirichlet(weights, n),
        brand=rng.integers(0, len(BRANDS), n),
        cycle=cycle,
        anchor=anchor,
        engagement=rng.normal(0, 1, n),
        affinity=rng.normal(0, 1, (n, len(CHANNELS))),
        granted=granted,
        withdrawn=withdrawn,
        reachable=rng.random((n, len(CHANNELS))) < _REACHABLE_SHARE,
    )


def _draw_ids(rng: np.random.Generator, prefix: str, n: int) -> list[str]:
    hexes = np.unique(rng.integers(0, 2**48, size=2 * n + 10))
    return [f"{prefix}-{value:012x}" for value in rng.permutation(hexes)[:n]]


def _draw_cycles(
    rng: np.random.Generator, profile: Profile, rate: Floats, regularity: Floats
) -> tuple[Floats, Ints]:
    """Draw which categories each customer consumes, how fast, and which category is the anchor.

    Regular customers who consume anything have an anchor category, whose cycle equals their mean
    gap between purchases.
    """
    days = np.array([c.cycle_days or np.inf for c in profile.categories])
    shape = (len(rate), len(days))
    needed = np.isfinite(days) & (rng.random(shape) < _NEED_SHARE)
    cycle = np.where(needed, days * rng.lognormal(0, _CYCLE_SPREAD, shape), np.inf)
    chosen = np.argmax(np.where(needed, rng.random(shape), -1.0), axis=1)
    anchored = needed.any(axis=1) & (regularity > 1)
    cycle[anchored, chosen[anchored]] = 1 / rate[anchored]
    return cycle, np.where(anchored, chosen, -1)


def _draw_aliases(rng: np.random.Generator, joined: Floats, uses_both: Flags) -> Aliases:
    """Draw who has a second id: guests, and second accounts of customers who use both stores."""
    n = len(joined)
    count = max(2, round(_ALIAS_SHARE * n))
    second = rng.permutation(np.flatnonzero(uses_both))[: count // 2]
    others = np.setdiff1d(np.arange(n), second)
    guests = rng.permutation(others)[: count - len(second)]
    customer = np.concatenate([guests, second])
    linked = joined[customer] + rng.beta(1, 3, len(customer)) * (DAYS - joined[customer])
    is_guest = np.arange(len(customer)) < len(guests)
    return Aliases(customer, _draw_ids(rng, "g", len(customer)), is_guest, linked)


def _draw_consents(rng: np.random.Generator, known_from: Floats) -> tuple[Floats, Floats]:
    """Draw the days on which the consent to each channel is given and withdrawn; else infinite."""
    consents = rng.random((len(known_from), len(CHANNELS))) < _CONSENT_SHARE
    later = np.where(rng.random(consents.shape) < 0.15, rng.uniform(0, 200, consents.shape), 0.0)
    granted = np.where(consents, known_from[:, None] + later, np.inf)
    leaves = rng.random(consents.shape) < 0.12
    return granted, np.where(leaves, granted + rng.uniform(30, 500, consents.shape), np.inf)
