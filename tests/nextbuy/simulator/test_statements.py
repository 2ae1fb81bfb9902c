"""Tables in which a simulated shop states what it was told about its customers."""

from pathlib import Path

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
