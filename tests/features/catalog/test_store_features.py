"""Tests of the features of stores and of the activity group."""

import pytest

from features.catalog.store_features import store_features
from features.language.scope import Lookups
from tests.features.catalog.small_history import compute, make_history

_STORES = ["a", "b"]


def _active(**days_of_store: int):
    orders = [
        {"ago": day, "amount": 100, "store": store}
        for store, days in days_of_store.items()
        for day in range(days)
    ]
    return make_history(orders=orders)


@pytest.mark.parametrize(
    ("days", "group"),
    [
        ({"a": 3, "b": 3}, "reward"),
        ({"a": 3, "b": 1}, "stimulate"),
        ({"a": 1, "b": 1}, "win_back"),
        ({}, "win_back"),
    ],
)
def test_the_group_counts_the_stores_of_high_activity(days: dict[str, int], group: str) -> None:
    medians = Lookups(0, {"store_activity": {"median_days": {"a": 2.0, "b": 2.0}}})
    values = compute(_active(**days), "activity_group", lookups=medians, stores=_STORES)
    assert values == {"activity_group": group}


@pytest.mark.parametrize(("days", "group"), [(3, "reward"), (1, "stimulate"), (0, "win_back")])
def test_a_single_store_has_the_three_groups_by_high_low_and_no_activity(
    days: int, group: str
) -> None:
    medians = Lookups(0, {"store_activity": {"median_days": {"a": 2.0}}})
    values = compute(_active(a=days), "activity_group", lookups=medians, stores=["a"])
    assert values == {"activity_group": group}


def test_the_main_store_is_that_of_most_orders() -> None:
    history = dict(_active(a=2, b=1))
    history |= make_history(
        messages=[{"ago": 1, "channel": "email", "store": store} for store in ("a", "b", "b", "b")]
    )
    name = "main_store_messages_share_182d"
    assert compute(history, name, stores=_STORES) == {name: 0.25}


def test_of_many_stores_none_has_features_of_its_own() -> None:
    few, many = (store_features([f"s{i}" for i in range(count)]) for count in (8, 9))
    assert len(few) > len(many) == len(store_features(["s0"]))
