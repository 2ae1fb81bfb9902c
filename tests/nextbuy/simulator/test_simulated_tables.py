"""Tables of what a simulated shop logged."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.nextbuy.simulator.exported_shop import read_table


def test_an_orders_amount_is_the_sum_of_its_lines(dense_shop: Path) -> None:
    lines = read_table(dense_shop, "order_lines")
    total = (lines["quantity"] * lines["unit_price"]).groupby(lines["order_id"]).sum()
    orders = read_table(dense_shop, "orders").set_index("order_id")["amount"]
    np.testing.assert_allclose(orders, total.reindex(orders.index), atol=0.005)


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
    dense_shop: Path, table: str, happened: str, low: float, high: float
) -> None:
    rows = read_table(dense_shop, table)
    delay = rows["known_at"] - rows[happened]
    assert (delay >= pd.Timedelta(0)).all()
    assert low < (delay > pd.Timedelta(0)).mean() <= high
    for column in rows.select_dtypes("datetimetz"):
        assert rows[column].max() < pd.Timestamp("2025-12-31", tz="UTC")
    if table in ("orders", "events"):
        assert 0.001 < (delay > pd.Timedelta(days=7)).mean() < 0.01


def test_lines_and_returns_belong_to_orders_that_are_known(dense_shop: Path) -> None:
    orders = set(read_table(dense_shop, "orders")["order_id"])
    lines, returns = read_table(dense_shop, "order_lines"), read_table(dense_shop, "returns")
    assert set(lines["order_id"]) == orders
    assert set(returns["order_id"]) <= orders
    merged = returns.merge(read_table(dense_shop, "orders"), on="order_id")
    assert (merged["known_at_x"] >= merged["known_at_y"]).all()


def test_clothes_that_do_not_fit_come_back_and_some_customers_return_more(
    dense_shop: Path, bought: pd.DataFrame
) -> None:
    truth = read_table(dense_shop, "truth").set_index("customer_id")
    returned = pd.MultiIndex.from_frame(
        read_table(dense_shop, "returns")[["order_id", "product_id"]]
    )
    back = pd.MultiIndex.from_frame(bought[["order_id", "product_id"]]).isin(returned)
    shares = pd.Series(back).groupby(bought["category"]).mean()
    assert shares["apparel"] > 3 * shares.drop("apparel").max()
    tendency = bought["customer_id"].map(truth["return_tendency"])
    assert back[tendency > 2].mean() > 4 * back[tendency < 0.5].mean()


def test_a_conversion_has_the_revenue_of_its_order(dense_shop: Path) -> None:
    messages = read_table(dense_shop, "messages")
    converted = messages["converted_at"].notna()
    assert (messages["revenue"].notna() == converted).all()
    orders = read_table(dense_shop, "orders").set_index(["customer_id", "ordered_at"])["amount"]
    keys = pd.MultiIndex.from_frame(messages.loc[converted, ["customer_id", "converted_at"]])
    amount = orders.reindex(keys)
    same = amount.to_numpy() == messages.loc[converted, "revenue"].to_numpy()
    assert same[amount.notna()].all()
    assert amount.notna().mean() > 0.9  # else known too late, or under another id


def test_who_unsubscribes_withdraws_the_consent(dense_shop: Path) -> None:
    messages = read_table(dense_shop, "messages").dropna(subset=["unsubscribed_at"])
    assert len(messages) > 50
    consents = read_table(dense_shop, "consents")
    withdrawn = consents[~consents["granted"]][["customer_id", "scope", "changed_at"]]
    keys = messages[["customer_id", "channel", "unsubscribed_at"]].astype({"channel": str})
    keys = pd.MultiIndex.from_frame(keys.astype({"customer_id": str}))
    withdrawn = withdrawn.astype({"customer_id": str, "scope": str})
    assert keys.isin(pd.MultiIndex.from_frame(withdrawn)).all()
