"""Histories one after the other: whose rows are whose, and codes in the order of their texts."""

import numpy as np

from features.arrays import Array, object_array
from features.history.flat_columns import FlatColumns, Flattener
from features.history.layout import HISTORY_COLUMNS, TEXT_COLUMNS
from features.history.record import RecordedHistory, pack_history, record_columns, unpack_history


def _orders(amounts: list[float], stores: list[str | None]) -> dict:
    count = len(amounts)
    rows = {
        name: np.full(count, None if name in TEXT_COLUMNS else np.nan)
        for name in HISTORY_COLUMNS["orders"]
    }
    return {"orders": rows | {"amount": np.array(amounts), "store": object_array(stores)}}


def _column(flat: FlatColumns, name: str) -> list[float]:
    numbers, texts = record_columns("orders")
    if name in texts:
        return flat.codes["orders"][texts.index(name)].tolist()
    return flat.numbers["orders"][numbers.index(name)].tolist()


def test_rows_stand_under_their_customers_and_texts_have_codes_in_their_order() -> None:
    histories = [_orders([1, 2], ["south", None]), {}, _orders([3], ["north"])]
    flat = Flattener(["orders"], ["east", "west"]).flatten(histories)
    assert flat.words.texts == ["east", "north", "south", "west"]
    assert flat.offsets["orders"].tolist() == [0, 2, 2, 3]
    assert _column(flat, "amount") == [1, 2, 3]
    assert _column(flat, "store") == [2, -1, 1]
    assert (flat.customers, flat.rows, flat.most_rows) == (3, 3, 2)


def test_a_table_without_rows_and_nobody_at_all_have_offsets_too() -> None:
    tables = ["orders", "returns"]
    flat = Flattener(tables, []).flatten([_orders([1], [None])])
    assert flat.offsets["returns"].tolist() == [0, 0]
    assert flat.numbers["returns"].shape == (len(record_columns("returns")[0]), 0)
    nobody = Flattener(tables, ["a"]).flatten([])
    assert (nobody.customers, nobody.rows, nobody.most_rows) == (0, 0, 0)


def _three() -> FlatColumns:
    histories = [_orders([1, 2], ["south", None]), {}, _orders([3], ["north"])]
    return Flattener(["orders"], []).flatten(histories)


def test_customers_between_two_places_are_read_without_a_copy() -> None:
    flat = _three()
    some = flat.between(1, 3)
    assert (some.customers, some.offsets["orders"].tolist()) == (2, [0, 0, 1])
    assert _column(some, "amount") == [3]
    assert np.shares_memory(some.numbers["orders"], flat.numbers["orders"])


def test_customers_are_joined_from_others_in_the_order_given() -> None:
    joined = _three().joined(np.array([2, 0, 1]), np.array([0, 2, 3]))
    assert (joined.customers, joined.offsets["orders"].tolist()) == (2, [0, 3, 3])
    assert _column(joined, "amount") == [3, 1, 2]
    assert _stores(joined) == ["north", "south", None]
    assert joined.numbers["orders"].flags.c_contiguous


_WORDS = object_array(["", "east", "south", None])


def _recorded(stores: list[int], words: Array = _WORDS) -> RecordedHistory:
    """Pack and unpack orders of some stores, by their indices among the words."""
    blocks = {name: np.empty((0, 0)) for name in HISTORY_COLUMNS}
    numbers, texts = record_columns("orders")
    blocks["orders"] = np.full((len(stores), len(numbers) + len(texts)), np.nan)
    blocks["orders"][:, len(numbers) :] = -1
    blocks["orders"][:, len(numbers) + texts.index("store")] = stores
    return unpack_history(pack_history(list(blocks.values())), words)


def _stores(flat: FlatColumns) -> list[str | None]:
    return [flat.words.decoded[code] for code in _column(flat, "store")]


def test_codes_of_records_become_codes_among_more_words() -> None:
    flattener = Flattener(["orders", "returns"], ["north", "a"])
    for stores in ([2, -1], [1]):
        flat = flattener.flatten([_recorded(stores), _recorded([]), _recorded([2])])
        assert flat.words.texts == ["", "a", "east", "north", "south"]
        assert _stores(flat) == [*(_WORDS[code] for code in stores), "south"]
        assert flat.codes["returns"].shape == (len(record_columns("returns")[1]), 0)
    alone = flattener.flatten([_recorded([2, 1])])
    assert alone.words is flat.words
    assert alone.codes["orders"].flags.c_contiguous and alone.codes["orders"].dtype == np.int32
    assert alone.numbers["orders"].flags.c_contiguous


def test_records_of_two_builds_and_changed_copies_are_numbered_by_their_texts() -> None:
    other = object_array(["", "west", None])
    flattener = Flattener(["orders"], [])
    flat = flattener.flatten([_recorded([2]), _recorded([1], other)])
    assert _stores(flat) == ["south", "west"]
    changed = dict(_recorded([2, 1]))
    changed["orders"] = _orders([1.0], ["elsewhere"])["orders"]
    assert _stores(flattener.flatten([changed, _recorded([1])])) == ["elsewhere", "east"]
    assert _stores(flattener.flatten([_recorded([1], other)])) == ["west"]


def test_features_of_the_calendar_read_no_table() -> None:
    flat = Flattener([], ["a"]).flatten([_orders([1.0], [None]), {}])
    assert (flat.customers, flat.rows, flat.most_rows) == (2, 0, 0)
