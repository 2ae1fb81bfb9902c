"""A customer's history is that of all accounts which were known to be theirs at the instant."""

from collections.abc import Mapping, Sequence

import numpy as np

from features.arrays import History, object_array
from features.history.customer_histories import customer_at, read_customer_histories
from features.history.layout import HISTORY_COLUMNS, TEXT_COLUMNS


def _orders(*amounts: float) -> dict[str, np.ndarray]:
    columns = {name: np.full(len(amounts), 1.0) for name in HISTORY_COLUMNS["orders"]}
    columns |= {name: object_array([None] * len(amounts)) for name in columns.keys() & TEXT_COLUMNS}
    return columns | {"amount": np.array(amounts)}


def _links(column: str, *rows: tuple[float, str]) -> dict[str, np.ndarray]:
    return {
        "known_at": np.array([at for at, _ in rows]),
        column: object_array([other for _, other in rows]),
    }


# The accounts till:1 and web:2 are known to be the customer c from the instants 10 and 20 on.
RECORDS: dict[str, History] = {
    "c": {"orders": _orders(1), "links": _links("account", (10, "till:1"), (20, "web:2"))},
    "till:1": {"orders": _orders(2), "identities": _links("customer", (10, "c"))},
    "web:2": {"orders": _orders(3), "identities": _links("customer", (20, "c"))},
    "alone": {"orders": _orders(4)},
}


def _read(ids: Sequence[str]) -> Mapping[str, History]:
    return {name: RECORDS[name] for name in ids if name in RECORDS}


def _amounts(customer_id: str, as_of: int) -> list[float]:
    history = read_customer_histories(_read, [customer_id], as_of)[customer_id]
    return sorted(history["orders"]["amount"].tolist())


def test_a_customer_without_identities_has_the_rows_of_its_record() -> None:
    assert _amounts("alone", 99) == [4]


def test_accounts_count_from_when_they_were_known_to_be_the_customers() -> None:
    assert [_amounts("c", at) for at in (9, 10, 20)] == [[1], [1, 2], [1, 2, 3]]


def test_an_account_has_the_history_of_its_customer_once_that_is_known() -> None:
    assert _amounts("web:2", 19) == [3]
    assert _amounts("web:2", 20) == _amounts("till:1", 20) == [1, 2, 3]


def test_an_id_without_a_record_is_left_out() -> None:
    assert read_customer_histories(_read, ["nobody"], 99) == {}


def test_the_newest_known_identity_says_whose_an_account_is() -> None:
    record = {"identities": _links("customer", (10, "c"), (30, "d"), (20, "e"))}
    assert [customer_at(record, "a", at) for at in (9, 10, 29, 30)] == ["a", "c", "e", "d"]
