"""Customers of a simulated shop, their ids and aliases."""

from pathlib import Path

import numpy as np

from nextbuy.simulator.simulated_world import Customers
from tests.nextbuy.simulator.exported_shop import read_table


def test_ids_cannot_occur_by_chance(dense_shop: Path) -> None:
    ids = read_table(dense_shop, "truth")["customer_id"]
    assert ids.is_unique
    assert ids.str.fullmatch(r"c-[0-9a-f]{12}").all()
    others = read_table(dense_shop, "identities")["source_id"]
    assert others.is_unique
    assert others.str.fullmatch(r"g-[0-9a-f]{12}").all()


def test_some_customers_have_another_id_until_or_after_they_are_linked(dense_shop: Path) -> None:
    links = read_table(dense_shop, "identities").set_index("source_id")
    assert links["customer_id"].nunique() == len(links) == 400
    orders = read_table(dense_shop, "orders")
    orders["customer_id"] = orders["customer_id"].astype(str)
    aliased = orders[orders["customer_id"].isin(links.index)]
    linked = aliased["customer_id"].map(links["known_at"])
    assert 0.02 < len(aliased) / len(orders) < 0.08
    assert (aliased["ordered_at"] > linked).any()
    assert (aliased["ordered_at"] < linked).any()
    known = read_table(dense_shop, "customers").groupby("customer_id")["known_at"].min()
    assert set(known.index).isdisjoint(links.index)
    sent = read_table(dense_shop, "messages").groupby("customer_id")["sent_at"].min()
    assert (sent >= known.reindex(sent.index)).all()  # nobody is messaged before being known


def test_the_anchor_category_of_a_regular_customer_lasts_a_mean_gap(people: Customers) -> None:
    anchored = np.flatnonzero(people.anchor >= 0)
    assert 0 < len(anchored) < len(people.ids)
    assert (people.regularity[anchored] > 1).all()
    cycle = people.cycle[anchored, people.anchor[anchored]]
    np.testing.assert_allclose(cycle, 1 / people.rate[anchored])


def test_a_consent_is_given_when_the_customer_is_known_and_withdrawn_later(
    people: Customers,
) -> None:
    assert (people.granted >= people.known_from[:, None]).all()
    withdrawn = np.isfinite(people.withdrawn)
    assert withdrawn.any()
    assert (people.withdrawn[withdrawn] >= people.granted[withdrawn] + 30).all()


def test_half_of_the_aliases_are_guests_and_the_rest_use_both_stores(people: Customers) -> None:
    aliases = people.aliases
    assert len(aliases.ids) == round(0.08 * len(people.ids))
    assert aliases.is_guest.sum() == len(aliases.ids) // 2
    assert people.uses_both[aliases.customer[~aliases.is_guest]].all()
    assert (aliases.linked >= people.joined[aliases.customer]).all()
