"""Histories one after the other: whose rows are whose, and codes in the order of their texts."""

import numpy as np

from features.arrays import object_array
from features.history.flat_columns import flatten_histories


def _orders(amounts: list[float], stores: list[str | None]) -> dict:
    return {"orders": {"amount": np.array(amounts), "store": object_array(stores)}}


def test_rows_stand_under_their_customers_and_texts_have_codes_in_their_order() -> None:
    histories = [_orders([1, 2], ["south", None]), {}, _orders([3], ["north"])]
    flat = flatten_histories(histories, {"orders": {"amount", "store"}}, ["east", "west"])
    assert flat.words == ["east", "north", "south", "west"]
    assert flat.offsets["orders"].tolist() == [0, 2, 2, 3]
    assert flat.values["orders", "amount"].tolist() == [1, 2, 3]
    assert flat.values["orders", "store"].tolist() == [2, -1, 1]
    assert (flat.customers, flat.rows, flat.most_rows) == (3, 3, 2)


def test_a_table_without_rows_and_nobody_at_all_have_offsets_too() -> None:
    columns = {"orders": {"amount"}, "returns": {"amount"}}
    flat = flatten_histories([_orders([1], [None])], columns, [])
    assert flat.offsets["returns"].tolist() == [0, 0]
    assert flat.values["returns", "amount"].tolist() == []
    nobody = flatten_histories([], columns, ["a"])
    assert (nobody.customers, nobody.rows, nobody.most_rows) == (0, 0, 0)
