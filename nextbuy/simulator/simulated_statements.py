"""Makes the tables of the input contract that hold what customers told a simulated shop."""

import numpy as np
import pyarrow as pa

from features.arrays import Ints
from nextbuy.simulator.exported_columns import instants, named
from nextbuy.simulator.simulated_world import CHANNELS, DAYS, STORES, Customers

_COUNTRIES = ("PL", "DE", "CZ")
_CITIES = (
    "Warszawa", "Kraków", "Gdańsk", "Berlin", "Hamburg", "Leipzig", "Praha", "Brno", "Ostrava",
)  # fmt: skip
_PER_COUNTRY = len(_CITIES) // len(_COUNTRIES)
_ACQUIRED = ("search", "social", "friend", "ad")
_RELIGIONS = ("catholic", "protestant", "muslim", "none")  # a sensitive attribute
_TOPICS = ("new arrivals", "offers", "recipes")
_HOUSEHOLDS = ("1", "2", "3", "4", "5")
_CHANGES_SHARE = 0.15


def customers_table(rng: np.random.Generator, people: Customers) -> pa.Table:
    """Make the table `customers`: a row per customer, and another for the 15 % who moved later."""
    n = len(people.ids)
    changed = np.flatnonzero(rng.random(n) < _CHANGES_SHARE)
    moved = people.known_from[changed] + rng.random(len(changed)) * (
        DAYS - people.known_from[changed]
    )
    customer = np.concatenate([np.arange(n), changed])
    country = rng.choice(len(_COUNTRIES), n, p=[0.7, 0.2, 0.1])[customer]
    fixed = {
        "first_seen_at": instants(people.joined[customer]),
        "birth_year": rng.integers(1945, 2006, n)[customer],
        "country": named(country, _COUNTRIES),
        "acquisition_channel": named(rng.integers(0, len(_ACQUIRED), n)[customer], _ACQUIRED),
        "preferred_channel": named(np.argmax(people.affinity, axis=1)[customer], CHANNELS),
        "attr_religion": named(rng.integers(0, len(_RELIGIONS), n)[customer], _RELIGIONS),
        **{f"reachable_{c}": people.reachable[customer, p] for p, c in enumerate(CHANNELS)},
    }
    city = country * _PER_COUNTRY + rng.integers(0, _PER_COUNTRY, len(customer))
    return pa.table(
        {
            "customer_id": named(customer, people.ids),
            "known_at": instants(np.concatenate([people.known_from, moved])),
            **fixed,
            "city": named(city, _CITIES),
            "attr_newsletter_topic": _drawn(rng, _TOPICS, len(customer)),
            "attr_household_size": _drawn(rng, _HOUSEHOLDS, len(customer)),
        }
    )


def _drawn(rng: np.random.Generator, names: tuple[str, ...], count: int) -> pa.Array:
    return named(rng.integers(0, len(names), count), names)


def consents_table(rng: np.random.Generator, people: Customers) -> pa.Table:
    """Make the table `consents`: a row per consent, withdrawal and objection to profiling."""
    customer, scope, day, granted = [], [], [], []
    for channel in range(len(CHANNELS)):
        for days, given in ((people.granted, True), (people.withdrawn, False)):
            rows = np.flatnonzero(days[:, channel] < DAYS)
            customer.append(rows)
            scope.append(np.full(len(rows), channel))
            day.append(days[rows, channel])
            granted.append(np.full(len(rows), given))
    objects = np.flatnonzero(rng.random(len(people.ids)) < 0.015)
    customer.append(objects)
    scope.append(np.full(len(objects), len(CHANNELS)))
    day.append(people.known_from[objects])
    granted.append(np.zeros(len(objects), dtype=bool))
    return pa.table(
        {
            "customer_id": named(np.concatenate(customer), people.ids),
            "scope": named(np.concatenate(scope), (*CHANNELS, "profiling")),
            "granted": np.concatenate(granted),
            "changed_at": instants(np.concatenate(day)),
        }
    )


def identities_table(people: Customers) -> pa.Table:
    """Make the table `identities`: a row per alias, with its store and when it was linked."""
    aliases = people.aliases
    home: Ints = people.home_store[aliases.customer]
    return pa.table(
        {
            "source": named(np.where(aliases.is_guest, home, 1 - home), STORES),
            "source_id": pa.array(aliases.ids),
            "customer_id": named(aliases.customer, people.ids),
            "known_at": instants(aliases.linked),
        }
    )
