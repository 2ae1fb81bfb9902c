"""Who objects to profiling: the latest word to any store counts, whenever it was given."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from features.log.log import Log, read_log
from features.log.objections import drop_objecting_customers, objecting_customers_sql
from features.shop.shop import read_shop

WriteShop = Callable[..., Path]
ORDERS = pd.DataFrame(
    {
        "order_id": ["a", "b"],
        "customer_id": ["c", "d"],
        "ordered_at": ["2024-01-05", "2024-01-06"],
        "amount": [1, 2],
    }
)
Word = tuple[str, str, bool, str, str | None]  # customer, scope, granted, changed at, store


def _log(write_shop: WriteShop, words: list[Word], **tables: pd.DataFrame) -> Log:
    columns = ["customer_id", "scope", "granted", "changed_at", "store"]
    consents = pd.DataFrame(words, columns=columns)
    return read_log(read_shop(write_shop({"orders": ORDERS, "consents": consents} | tables)))


def _objecting(log: Log) -> set[str]:
    return {row[0] for row in log.fetch(objecting_customers_sql(log))}


@pytest.mark.parametrize(
    ("words", "objects"),
    [
        ([("c", "profiling", False, "2024-01-01", None)], True),
        ([("c", "profiling", True, "2024-01-01", None)], False),
        ([("c", "email", False, "2024-01-01", None)], False),
        (
            [
                ("c", "profiling", False, "2024-01-01", None),
                ("c", "profiling", True, "2024-01-02", None),
            ],
            False,
        ),
        (
            [
                ("c", "profiling", True, "2024-01-01", None),
                ("c", "profiling", False, "2024-01-01", None),
            ],
            True,
        ),
        (
            [
                ("c", "profiling", False, "2024-01-01", "north"),
                ("c", "profiling", True, "2024-01-02", "south"),
            ],
            True,
        ),
        ([("c", "profiling", False, "2025-01-01", None)], True),
    ],
    ids=[
        "an objection", "a consent", "another scope", "taken back", "at the same instant",
        "to one store", "after the end of the data",
    ],
)  # fmt: skip
def test_the_latest_word_on_profiling_counts(
    write_shop: WriteShop, words: list[Word], objects: bool
) -> None:
    assert _objecting(_log(write_shop, words)) == ({"c"} if objects else set())


def test_the_accounts_of_a_customer_who_objects_object_too(write_shop: WriteShop) -> None:
    identities = pd.DataFrame({"source": ["till"], "source_id": ["1"], "customer_id": ["c"]})
    words: list[Word] = [("c", "profiling", False, "2024-01-01", None)]
    log = _log(write_shop, words, identities=identities)
    assert {"c", "till:1"} <= _objecting(log)
    assert "d" not in _objecting(log)


def test_rows_of_customers_who_object_are_dropped(write_shop: WriteShop) -> None:
    log = _log(write_shop, [("c", "profiling", False, "2024-01-01", None)])
    frame = pd.DataFrame({"customer_id": ["c", "d", "c", "e"], "x": [1, 2, 3, 4]})
    kept = drop_objecting_customers(log, frame)
    assert kept.to_dict("list") == {"customer_id": ["d", "e"], "x": [2, 4]}
    assert kept.index.tolist() == [0, 1]


def test_without_consents_nobody_objects(write_shop: WriteShop) -> None:
    assert _objecting(read_log(read_shop(write_shop({"orders": ORDERS})))) == set()
