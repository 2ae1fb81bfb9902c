"""Tables in which a simulated shop states what it was told about its customers."""

from pathlib import Path

import numpy as np

from nextbuy.simulator.simulated_statements import consents_table, customers_table, identities_table
from nextbuy.simulator.simulated_world import CHANNELS, STORES, Customers
from tests.nextbuy.simulator.exported_shop import read_table


def test_customers_are_told_of_as_they_change(dense_shop: Path) -> None:
    customers = read_table(dense_shop, "customers").sort_values("known_at")
    rows = customers.groupby("customer_id").size()
    assert len(rows) == 5000
    assert 0.1 < (rows == 2).mean() < 0.2
    assert rows.max() == 2
    distinct = customers.groupby("customer_id").nunique()
    moved = distinct[rows == 2]
    assert (moved["city"] == 2).any()
    assert (distinct[["country", "birth_year", "attr_religion"]] == 1).all(axis=None)
    assert {"attr_newsletter_topic", "attr_household_size"} < set(customers)


def test_a_consent_is_withdrawn_only_after_it_was_given(people: Customers) -> None:
    consents = consents_table(np.random.default_rng(1), people).to_pandas()
    by_channel = consents[consents["scope"] != "profiling"].astype({"scope": str})
    keys = ["customer_id", "scope"]
    given = by_channel[by_channel["granted"]].set_index(keys)["changed_at"]
    withdrawn = by_channel[~by_channel["granted"]].set_index(keys)["changed_at"]
    assert given.index.is_unique
    assert len(withdrawn) > 0
    assert (withdrawn > given.reindex(withdrawn.index)).all()
    objections = consents[consents["scope"] == "profiling"]
    assert not objections["granted"].any()


def test_an_identity_links_each_alias_in_the_store_where_it_is_used(people: Customers) -> None:
    identities = identities_table(people).to_pandas()
    assert identities["source_id"].tolist() == people.aliases.ids
    home = [STORES[people.home_store[customer]] for customer in people.aliases.customer]
    is_home = identities["source"].astype(str) == home
    assert (is_home == people.aliases.is_guest).all()


def test_the_preferred_channel_is_the_one_of_the_highest_affinity(people: Customers) -> None:
    customers = customers_table(np.random.default_rng(1), people).to_pandas()
    first = customers.iloc[: len(people.ids)]
    assert first["customer_id"].tolist() == people.ids
    expected = [CHANNELS[channel] for channel in people.affinity.argmax(axis=1)]
    assert first["preferred_channel"].tolist() == expected
