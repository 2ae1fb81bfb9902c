"""Events of a simulated shop's visitors."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nextbuy.simulator.seasonal_clock import Clock
from nextbuy.simulator.simulated_browsing import draw_sessions
from nextbuy.simulator.simulated_world import Customers, Intents, Orders
from tests.nextbuy.simulator.exported_shop import read_linked, read_table


def test_browsing_tells_of_a_purchase_what_purchases_cannot(dense_shop: Path) -> None:
    cutoff = pd.Timestamp("2025-06-01", tz="UTC")
    week, fortnight = pd.Timedelta(days=7), pd.Timedelta(days=14)
    orders, events = read_linked(dense_shop, "orders"), read_linked(dense_shop, "events")
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


def test_customers_who_left_browse_far_less(dense_shop: Path) -> None:
    truth = read_table(dense_shop, "truth").set_index("customer_id")
    events = read_linked(dense_shop, "events")
    left = events["customer_id"].map(truth["dropped_out_at"])
    later = (events["occurred_at"] > "2025-09-01") & events["event_type"].isin(["view", "cart"])
    gone = truth["dropped_out_at"] < "2025-09-01"
    of_gone = events[later & (left < "2025-09-01")]["customer_id"].nunique() / gone.sum()
    of_living = events[later & left.isna()]["customer_id"].nunique() / (~gone).sum()
    assert 0 < of_gone < 0.3 * of_living


def test_events_have_their_types_and_products(dense_shop: Path) -> None:
    events = read_table(dense_shop, "events")
    assert events["event_id"].is_unique
    assert set(events["event_type"]) == {
        "view", "cart", "checkout", "search", "wishlist", "visit", "support", "review", "quiz",
    }  # fmt: skip
    without = events["product_id"].isna().groupby(events["event_type"], observed=True).mean()
    assert (without[["search", "visit", "support", "quiz"]] == 1).all()
    assert (without[["view", "cart", "checkout", "wishlist", "review"]] == 0).all()


def test_customers_without_an_order_or_intent_only_window_shop(
    people: Customers, clock: Clock
) -> None:
    n = len(people.ids)
    nothing, none = np.zeros(0), np.zeros(0, dtype=np.int64)
    orders = Orders(none, nothing, none, none, none, intent=nothing, message=none, known=nothing)
    awake = Intents(customer=none, day=nothing)
    intent, window = draw_sessions(
        np.random.default_rng(1), people, orders, awake, np.full(n, np.inf), clock
    )
    assert len(intent[0]) == 0
    customer, day, order = window
    assert len(customer) > 100
    assert (order == -1).all()
    assert (day >= people.joined[customer]).all()
    gone = draw_sessions(np.random.default_rng(1), people, orders, awake, np.zeros(n), clock)[1]
    assert len(gone[0]) == pytest.approx(0.1 * len(customer), rel=0.5)
