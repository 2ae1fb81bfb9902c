"""The simulated shop is what it says it is, and its truth is the truth."""

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from features.contract.tables import TABLES
from features.log.log import read_log
from features.shop.shop import read_shop
from nextbuy.simulator.profiles import PROFILES, ProfileName
from nextbuy.simulator.simulator import simulate_shop
from nextbuy.simulator.world import CHANNELS


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulate_shop(tmp_path_factory.mktemp("shop"), 5000, seed=3).parent


@pytest.fixture(scope="module")
def sparse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulate_shop(tmp_path_factory.mktemp("sparse"), 3000, 3, ProfileName.sparse).parent


def _table(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_parquet(folder / f"{name}.parquet")


def _linked(folder: Path, name: str) -> pd.DataFrame:
    """A table under the customers' own ids."""
    links = _table(folder, "identities").set_index("source_id")["customer_id"].astype(str)
    frame = _table(folder, name)
    ids = frame["customer_id"].astype(str)
    return frame.assign(customer_id=ids.map(links).fillna(ids))


@pytest.fixture(scope="module")
def bought(folder: Path) -> pd.DataFrame:
    """Order lines with their order and product."""
    lines = _table(folder, "order_lines").astype({"order_id": str, "product_id": str})
    products = _table(folder, "products").astype({"product_id": str})
    return lines.merge(_linked(folder, "orders"), on="order_id").merge(products, on="product_id")


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


def test_ids_cannot_occur_by_chance(folder: Path) -> None:
    ids = _table(folder, "truth")["customer_id"]
    assert ids.is_unique
    assert ids.str.fullmatch(r"c-[0-9a-f]{12}").all()
    others = _table(folder, "identities")["source_id"]
    assert others.is_unique
    assert others.str.fullmatch(r"g-[0-9a-f]{12}").all()


def test_customers_buy_at_their_own_rate_until_they_drop_out(folder: Path) -> None:
    truth = _table(folder, "truth").set_index("customer_id")
    caused = _table(folder, "messages").dropna(subset=["converted_at"])
    orders = _linked(folder, "orders").groupby("customer_id")["ordered_at"]
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
    assert (last[gone] <= truth["dropped_out_at"][gone]).all()


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
    stores = _linked(folder, "orders").groupby("customer_id")["store"].nunique()
    assert 0.05 < (stores == 2).mean() < 0.4
    consents = _table(folder, "consents")
    assert 0.05 < (~consents["granted"]).mean() < 0.3
    assert (consents["scope"] == "profiling").any()


def test_an_orders_amount_is_the_sum_of_its_lines(folder: Path) -> None:
    lines = _table(folder, "order_lines")
    total = (lines["quantity"] * lines["unit_price"]).groupby(lines["order_id"]).sum()
    orders = _table(folder, "orders").set_index("order_id")["amount"]
    np.testing.assert_allclose(orders, total.reindex(orders.index), atol=0.005)


def test_half_of_the_sparse_shops_customers_buy_once(folder: Path, sparse: Path) -> None:
    orders = [_linked(f, "orders").groupby("customer_id").size() for f in (folder, sparse)]
    assert (orders[0] == 1).mean() < 0.2
    assert (orders[1] == 1).mean() > 0.5
    assert orders[0].mean() == pytest.approx(14.4, rel=0.05)


def test_more_is_bought_before_christmas_than_in_summer(folder: Path, sparse: Path) -> None:
    """Counted over orders of customers who stayed that no message caused."""
    for shop, peak in ((folder, 1.4), (sparse, 2.0)):
        truth = _table(shop, "truth").set_index("customer_id")
        stayed = truth.index[truth["dropped_out_at"].isna()]
        orders = _linked(shop, "orders")
        old = orders.groupby("customer_id")["ordered_at"].transform("min") < "2025-05-01"
        caused = _table(shop, "messages")[["customer_id", "converted_at"]].dropna()
        keys = pd.MultiIndex.from_frame(orders[["customer_id", "ordered_at"]])
        own = ~keys.isin(pd.MultiIndex.from_frame(caused.astype({"customer_id": str})))
        month = orders["ordered_at"].dt.tz_convert("Europe/Warsaw")
        month = month[old & own & orders["customer_id"].isin(stayed)]
        counts = month[month >= "2025-06-01"].dt.month.value_counts()
        assert counts[12] > peak * counts[7]
        days = month.dt.day_of_week.value_counts(normalize=True)
        assert days[4] > 1.2 * days[6]
        assert (month.dt.hour < 6).mean() < 0.05


def test_what_is_consumed_comes_back_after_its_cycle_and_the_rest_at_any_time(
    bought: pd.DataFrame,
) -> None:
    bought = bought.drop_duplicates(["customer_id", "category", "order_id"])
    bought = bought.sort_values("ordered_at")
    gaps = bought.groupby(["customer_id", "category"])["ordered_at"].diff().dt.days
    many = bought.groupby(["customer_id", "category"])["order_id"].transform("size") >= 8
    groups = [bought["customer_id"], bought["category"]]
    spread = gaps[many].groupby(groups).std() / gaps[many].groupby(groups).mean()
    by_category = spread.groupby("category").median()
    consumed = [c.name for c in PROFILES["dense"].categories if c.cycle_days]
    assert by_category[consumed].max() < 0.85 * by_category.drop(consumed).min()


def test_running_out_of_the_anchor_category_brings_customers_back(
    folder: Path, bought: pd.DataFrame
) -> None:
    """Two packs of it last longer: the next purchase comes later."""
    truth = _table(folder, "truth").set_index("customer_id")
    regular = bought[bought["customer_id"].map(truth["regularity"]) == 4]
    orders = regular.groupby(["customer_id", "order_id", "ordered_at"])["quantity"].max()
    orders = orders.reset_index().sort_values(["customer_id", "ordered_at"])
    gaps = -orders.groupby("customer_id")["ordered_at"].diff(-1).dt.total_seconds()
    relative = gaps / gaps.groupby(orders["customer_id"]).transform("mean")
    mean = relative.groupby(orders["quantity"]).mean()
    assert mean[2.0] > 1.15 * mean[1.0]


def test_the_price_sensitive_use_discounts_and_take_cheaper_shelves(
    folder: Path, bought: pd.DataFrame
) -> None:
    sensitivity = _table(folder, "truth").set_index("customer_id")["price_sensitivity"]
    sensitive = bought["customer_id"].map(sensitivity)
    high, low = sensitive > 0.7, sensitive < 0.15
    assert (bought["discount"][high] > 0).mean() > 2 * (bought["discount"][low] > 0).mean()
    relative = bought["price"] / bought.groupby("category")["price"].transform("mean")
    assert relative[high].mean() < 0.75 * relative[low].mean()
    off = bought["unit_price"] < bought["price"]
    pd.testing.assert_series_equal(off, bought["discount"] > 0, check_names=False)


def test_browsing_tells_of_a_purchase_what_purchases_cannot(folder: Path) -> None:
    cutoff = pd.Timestamp("2025-06-01", tz="UTC")
    week, fortnight = pd.Timedelta(days=7), pd.Timedelta(days=14)
    orders, events = _linked(folder, "orders"), _linked(folder, "events")
    before = orders[orders["ordered_at"] <= cutoff].groupby("customer_id")["ordered_at"]
    state = pd.DataFrame({"count": before.size(), "last": before.max()})
    state = state[(state["last"] < cutoff - week) & (state["last"] > cutoff - 6 * week)]
    recent = events[events["occurred_at"].between(cutoff - week, cutoff, "right")]
    recent = recent[recent["event_type"].isin(["view", "cart"])]
    after = orders[orders["ordered_at"].between(cutoff, cutoff + fortnight, "right")]
    state["browses"] = state.index.isin(recent["customer_id"])
    state["buys"] = state.index.isin(after["customer_id"])
    alike = pd.cut(state["count"], [0, 3, 10, 1000])
    share = state.groupby([alike, "browses"], observed=True)["buys"].mean().unstack()
    assert (share[True] > 1.3 * share[False]).all()
    assert 0.05 < 1 - state["buys"][state["browses"]].mean()  # carts are abandoned, too


def test_customers_who_left_browse_far_less(folder: Path) -> None:
    truth = _table(folder, "truth").set_index("customer_id")
    events = _linked(folder, "events")
    left = events["customer_id"].map(truth["dropped_out_at"])
    later = (events["occurred_at"] > "2025-09-01") & events["event_type"].isin(["view", "cart"])
    gone = truth["dropped_out_at"] < "2025-09-01"
    of_gone = events[later & (left < "2025-09-01")]["customer_id"].nunique() / gone.sum()
    of_living = events[later & left.isna()]["customer_id"].nunique() / (~gone).sum()
    assert 0 < of_gone < 0.3 * of_living


def test_events_have_their_types_and_products(folder: Path) -> None:
    events = _table(folder, "events")
    assert events["event_id"].is_unique
    assert set(events["event_type"]) == {
        "view", "cart", "checkout", "search", "wishlist", "visit", "support", "review", "quiz",
    }  # fmt: skip
    without = events["product_id"].isna().groupby(events["event_type"], observed=True).mean()
    assert (without[["search", "visit", "support", "quiz"]] == 1).all()
    assert (without[["view", "cart", "checkout", "wishlist", "review"]] == 0).all()


@pytest.mark.parametrize(
    ("table", "happened", "low", "high"),
    [
        ("orders", "ordered_at", 0.05, 0.2),
        ("events", "occurred_at", 0.01, 0.1),
        ("messages", "sent_at", 0.01, 0.1),
        ("returns", "returned_at", 0.9, 1.0),
    ],
)
def test_some_rows_are_known_late_and_none_after_the_end(
    folder: Path, table: str, happened: str, low: float, high: float
) -> None:
    rows = _table(folder, table)
    delay = rows["known_at"] - rows[happened]
    assert (delay >= pd.Timedelta(0)).all()
    assert low < (delay > pd.Timedelta(0)).mean() <= high
    for column in rows.select_dtypes("datetimetz"):
        assert rows[column].max() < pd.Timestamp("2025-12-31", tz="UTC")
    if table in ("orders", "events"):
        assert 0.001 < (delay > pd.Timedelta(days=7)).mean() < 0.01


def test_lines_and_returns_belong_to_orders_that_are_known(folder: Path) -> None:
    orders = set(_table(folder, "orders")["order_id"])
    lines, returns = _table(folder, "order_lines"), _table(folder, "returns")
    assert set(lines["order_id"]) == orders
    assert set(returns["order_id"]) <= orders
    merged = returns.merge(_table(folder, "orders"), on="order_id")
    assert (merged["known_at_x"] >= merged["known_at_y"]).all()


def test_clothes_that_do_not_fit_come_back_and_some_customers_return_more(
    folder: Path, bought: pd.DataFrame
) -> None:
    truth = _table(folder, "truth").set_index("customer_id")
    returned = pd.MultiIndex.from_frame(_table(folder, "returns")[["order_id", "product_id"]])
    back = pd.MultiIndex.from_frame(bought[["order_id", "product_id"]]).isin(returned)
    shares = pd.Series(back).groupby(bought["category"]).mean()
    assert shares["apparel"] > 3 * shares.drop("apparel").max()
    tendency = bought["customer_id"].map(truth["return_tendency"])
    assert back[tendency > 2].mean() > 4 * back[tendency < 0.5].mean()


def test_some_customers_have_another_id_until_or_after_they_are_linked(folder: Path) -> None:
    links = _table(folder, "identities").set_index("source_id")
    assert links["customer_id"].nunique() == len(links) == 400
    orders = _table(folder, "orders")
    orders["customer_id"] = orders["customer_id"].astype(str)
    aliased = orders[orders["customer_id"].isin(links.index)]
    linked = aliased["customer_id"].map(links["known_at"])
    assert 0.02 < len(aliased) / len(orders) < 0.08
    assert (aliased["ordered_at"] > linked).any()
    assert (aliased["ordered_at"] < linked).any()
    known = _table(folder, "customers").groupby("customer_id")["known_at"].min()
    assert set(known.index).isdisjoint(links.index)
    sent = _table(folder, "messages").groupby("customer_id")["sent_at"].min()
    assert (sent >= known.reindex(sent.index)).all()  # nobody is messaged before being known


def test_customers_are_told_of_as_they_change(folder: Path) -> None:
    customers = _table(folder, "customers").sort_values("known_at")
    rows = customers.groupby("customer_id").size()
    assert len(rows) == 5000
    assert 0.1 < (rows == 2).mean() < 0.2
    assert rows.max() == 2
    distinct = customers.groupby("customer_id").nunique()
    moved = distinct[rows == 2]
    assert (moved["city"] == 2).any()
    assert (distinct[["country", "birth_year", "attr_religion"]] == 1).all(axis=None)
    assert {"attr_newsletter_topic", "attr_household_size"} < set(customers)


def test_something_sensitive_is_there_to_be_kept_out(folder: Path, sparse: Path) -> None:
    for shop in (folder, sparse):
        products = _table(shop, "products").set_index("category")
        assert "pregnancy tests" in set(products.loc["health", "subcategory"])
        assert "attr_religion" in _table(shop, "customers")


def test_a_conversion_has_the_revenue_of_its_order(folder: Path) -> None:
    messages = _table(folder, "messages")
    converted = messages["converted_at"].notna()
    assert (messages["revenue"].notna() == converted).all()
    orders = _table(folder, "orders").set_index(["customer_id", "ordered_at"])["amount"]
    keys = pd.MultiIndex.from_frame(messages.loc[converted, ["customer_id", "converted_at"]])
    amount = orders.reindex(keys)
    same = amount.to_numpy() == messages.loc[converted, "revenue"].to_numpy()
    assert same[amount.notna()].all()
    assert amount.notna().mean() > 0.9  # else known too late, or under another id


def test_who_unsubscribes_withdraws_the_consent(folder: Path) -> None:
    messages = _table(folder, "messages").dropna(subset=["unsubscribed_at"])
    assert len(messages) > 50
    consents = _table(folder, "consents")
    withdrawn = consents[~consents["granted"]][["customer_id", "scope", "changed_at"]]
    keys = messages[["customer_id", "channel", "unsubscribed_at"]].astype({"channel": str})
    keys = pd.MultiIndex.from_frame(keys.astype({"customer_id": str}))
    withdrawn = withdrawn.astype({"customer_id": str, "scope": str})
    assert keys.isin(pd.MultiIndex.from_frame(withdrawn)).all()


@pytest.mark.slow
def test_a_hundred_thousand_customers_make_a_million_and_a_half_orders(tmp_path: Path) -> None:
    simulate_shop(tmp_path, 100_000)
    orders = len(pd.read_parquet(tmp_path / "orders.parquet", columns=["order_id"]))
    assert orders == pytest.approx(1_500_000, rel=0.1)
