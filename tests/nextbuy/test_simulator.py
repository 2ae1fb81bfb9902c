"""The simulated shop is what it says it is, and its truth is the truth."""

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from features.contract import TABLES
from nextbuy.simulator import simulate_shop
from nextbuy.world import CHANNELS


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulate_shop(tmp_path_factory.mktemp("shop"), 5000, seed=3).parent


def _table(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_parquet(folder / f"{name}.parquet")


def test_it_has_every_table_of_the_contract(folder: Path) -> None:
    names = {path.stem for path in folder.glob("*.parquet")}
    assert names == {table.name for table in TABLES} | {"truth"}
    assert "simulated = true" in (folder / "nextbuy.toml").read_text()
    assert "truth" not in (folder / "nextbuy.toml").read_text()


def test_the_same_seed_is_the_same_shop_and_another_is_not(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        simulate_shop(tmp_path / name, 200, seed)
    same = [(tmp_path / n / "orders.parquet").read_bytes() for n in ("a", "b", "c")]
    assert same[0] == same[1] != same[2]


def test_ids_cannot_occur_by_chance(folder: Path) -> None:
    ids = _table(folder, "customers")["customer_id"]
    assert ids.is_unique
    assert ids.str.fullmatch(r"c-[0-9a-f]{12}").all()


def test_customers_buy_at_their_own_rate_until_they_drop_out(folder: Path) -> None:
    truth = _table(folder, "truth").set_index("customer_id")
    caused = _table(folder, "messages").dropna(subset=["converted_at"])
    orders = _table(folder, "orders").groupby("customer_id")["ordered_at"]
    extra = caused.groupby("customer_id").size().reindex(truth.index, fill_value=0)
    count = orders.count().reindex(truth.index) - extra - 1
    end = truth["dropped_out_at"].fillna(pd.Timestamp("2025-12-31", tz="UTC"))
    alive = (end - orders.min().reindex(truth.index)).dt.days
    long = (alive > 200) & truth["dropped_out_at"].isna() & (truth["regularity"] == 1)
    ratio = count[long].sum() / (alive[long] * truth["rate_per_day"][long]).sum()
    assert ratio == pytest.approx(1.0, abs=0.05)
    gone = truth["dropped_out_at"].notna()
    last = orders.max().reindex(truth.index)
    assert gone.mean() > 0.2
    assert ((last[gone] - truth["dropped_out_at"][gone]).dt.days <= 3).all()


def test_random_sends_have_their_propensity_and_reach_the_consented_only(folder: Path) -> None:
    connection = duckdb.connect()
    for name in ("messages", "consents"):
        connection.execute(f"CREATE VIEW {name} AS FROM '{folder / name}.parquet'")
    messages = connection.execute("SELECT arm, channel, propensity FROM messages").fetchdf()
    random = messages[messages["arm"] == "random"]
    assert 0.18 < (messages["arm"] == "random").mean() < 0.22
    assert set(random["channel"]) == {*CHANNELS, "none"}
    # a channel drawn with propensity 1/k is drawn in 1/k of the cases
    for k in (2, 3, 4):
        share = (random.loc[np.isclose(random["propensity"], 1 / k), "channel"] == "none").mean()
        assert share == pytest.approx(1 / k, abs=0.04)
    assert messages.loc[messages["arm"] == "optimised", "propensity"].isna().all()
    without = connection.execute(
        "SELECT count(*) FROM messages AS m WHERE channel <> 'none' AND NOT coalesce(("
        "SELECT arg_max(granted, changed_at) FROM consents AS c WHERE c.customer_id = m.customer_id"
        " AND c.scope = m.channel AND c.changed_at <= m.sent_at), FALSE)"
    ).fetchall()
    assert without == [(0,)]


def test_messages_move_customers_as_the_truth_says(folder: Path) -> None:
    truth = _table(folder, "truth").set_index("customer_id")
    messages = _table(folder, "messages")
    alive = truth["dropped_out_at"].reindex(messages["customer_id"]).isna().to_numpy()
    for channel in CHANNELS:
        rows = messages[(messages["channel"] == channel) & alive]
        expected = truth[f"response_{channel}"].reindex(rows["customer_id"]).mean()
        found = rows["converted_at"].notna().mean()
        assert found == pytest.approx(expected, abs=4 * np.sqrt(expected / len(rows)))
    assert messages.loc[messages["channel"] == "none", "converted_at"].isna().all()


def test_stores_share_customers_and_consents_change(folder: Path) -> None:
    stores = _table(folder, "orders").groupby("customer_id")["store"].nunique()
    assert 0.05 < (stores == 2).mean() < 0.4
    consents = _table(folder, "consents")
    assert 0.05 < (~consents["granted"]).mean() < 0.3
    assert (consents["scope"] == "profiling").any()


def test_an_orders_amount_is_the_sum_of_its_lines(folder: Path) -> None:
    lines = _table(folder, "order_lines")
    total = (lines["quantity"] * lines["unit_price"]).groupby(lines["order_id"]).sum()
    orders = _table(folder, "orders").set_index("order_id")["amount"]
    np.testing.assert_allclose(orders, total.reindex(orders.index), atol=0.005)


@pytest.mark.slow
def test_a_hundred_thousand_customers_make_a_million_and_a_half_orders(tmp_path: Path) -> None:
    simulate_shop(tmp_path, 100_000)
    orders = len(pd.read_parquet(tmp_path / "orders.parquet", columns=["order_id"]))
    assert orders == pytest.approx(1_500_000, rel=0.1)
