"""Customers of a simulated shop, their ids and aliases."""

from pathlib import Path

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
