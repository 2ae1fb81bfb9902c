"""The simulated shop as a whole: its tables, its contract with the input, and its seed."""

from pathlib import Path

import pandas as pd
import pytest

from features.contract.tables import TABLES
from features.log.log import read_log
from features.shop.shop import read_shop
from nextbuy.simulator.profiles import PROFILES
from nextbuy.simulator.simulator import simulate_shop
from tests.nextbuy.simulator.exported_shop import read_linked, read_table


def test_it_has_every_table_of_the_contract(dense_shop: Path) -> None:
    names = {path.stem for path in dense_shop.glob("*.parquet")}
    assert names == {table.name for table in TABLES} | {"truth"}
    assert "simulated = true" in (dense_shop / "nextbuy.toml").read_text()
    assert "truth" not in (dense_shop / "nextbuy.toml").read_text()


def test_the_same_seed_is_the_same_shop_and_another_is_not(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        simulate_shop(tmp_path / name, 200, seed)
    same = [(tmp_path / n / "orders.parquet").read_bytes() for n in ("a", "b", "c")]
    assert same[0] == same[1] != same[2]


@pytest.mark.parametrize("profile", PROFILES)
def test_it_keeps_the_contract_with_every_column_given(tmp_path: Path, profile: str) -> None:
    log = read_log(read_shop(simulate_shop(tmp_path, 100, profile=profile)))
    for table in TABLES:
        given = {table[name].name for name in log.provided[table.name]}
        assert {c.name for c in table.columns} - given <= {
            "decision_id",
            "known_at",
            "source",
            "store",
        }
        assert log.count(table.name) > 0
    assert {"orders", "events", "messages", "returns"} == {
        name for name, columns in log.provided.items()
        if "known_at" in columns and name not in ("customers", "identities")
    }  # fmt: skip


def test_stores_share_customers_and_consents_change(dense_shop: Path) -> None:
    stores = read_linked(dense_shop, "orders").groupby("customer_id")["store"].nunique()
    assert 0.05 < (stores == 2).mean() < 0.4
    consents = read_table(dense_shop, "consents")
    assert 0.05 < (~consents["granted"]).mean() < 0.3
    assert (consents["scope"] == "profiling").any()


@pytest.mark.slow
def test_a_hundred_thousand_customers_make_a_million_and_a_half_orders(tmp_path: Path) -> None:
    simulate_shop(tmp_path, 100_000)
    orders = len(pd.read_parquet(tmp_path / "orders.parquet", columns=["order_id"]))
    assert orders == pytest.approx(1_500_000, rel=0.1)
