"""The tables of a log: types, clocks and end of the data; faults of all tables in one error."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from features.builds.feature_build import build_features
from features.builds.shop_catalog import read_catalog
from features.errors import InputError
from features.log.log import Log, read_log
from features.shop.shop import read_shop
from features.windows import to_datetime

ROOT = Path(__file__).parents[3]
GOOD = pd.DataFrame(
    {
        "order_id": ["a", "b", "c"],
        "customer_id": ["x", "y", "x"],
        "ordered_at": ["2024-01-05", "2024-01-06 10:00:00", "2024-01-07T10:00:00Z"],
        "amount": ["10.50", "0", "7.25"],
    }
)


def _read(write_shop: Callable[..., Path], frame: pd.DataFrame, **shop: str) -> Log:
    return read_log(read_shop(write_shop({"orders": frame}, **shop)))


def _faults(write_shop: Callable[..., Path], frame: pd.DataFrame, **shop: str) -> str:
    with pytest.raises(InputError) as caught:
        _read(write_shop, frame, **shop)
    return str(caught.value)


def test_values_are_held_in_the_contracts_types(write_shop: Callable[..., Path]) -> None:
    log = _read(write_shop, GOOD, timezone="Europe/Berlin")
    query = "SELECT amount, ordered_at, known_at, local_day FROM orders ORDER BY order_id"
    rows = log.connection.execute(query).fetchall()
    assert [row[0] for row in rows] == [1050, 0, 725]
    happened = [to_datetime(row[1]).isoformat() for row in rows]
    known = [to_datetime(row[2]).isoformat() for row in rows]
    # a bare date happens at the start of its local day and is known at its end
    assert happened[0] == "2024-01-04T23:00:00+00:00"
    assert known[0] == "2024-01-05T22:59:59.999999+00:00"
    # a naive time is local, one with a zone is itself
    assert happened[1] == known[1] == "2024-01-06T09:00:00+00:00"
    assert happened[2] == known[2] == "2024-01-07T10:00:00+00:00"
    assert [row[3] for row in rows] == [19727, 19728, 19729]


def test_faults_of_several_tables_come_in_one_error(write_shop: Callable[..., Path]) -> None:
    consents = pd.DataFrame(
        {"customer_id": ["x"], "scope": ["email"], "granted": ["perhaps"], "changed_at": ["?"]}
    )
    config = write_shop({"orders": GOOD.assign(amount="x"), "consents": consents})
    with pytest.raises(InputError) as caught:
        read_log(read_shop(config))
    assert {fault.where.split(".")[0] for fault in caught.value.faults} == {"orders", "consents"}


def test_a_late_field_is_known_at_the_later_of_its_instant_and_the_rows(
    write_shop: Callable[..., Path],
) -> None:
    frame = GOOD.assign(
        known_at=["2024-02-01 00:00:00", "", ""],
        cancelled_at=["2024-01-20 00:00:00", "2024-01-09", ""],
    )
    log = _read(write_shop, frame)
    query = "SELECT cancelled_at, cancelled_known_at FROM orders ORDER BY order_id"
    (_, first), (second_at, second_known), third = log.connection.execute(query).fetchall()
    assert third == (None, None)  # never cancelled, so never known to be
    assert to_datetime(first).isoformat() == "2024-02-01T00:00:00+00:00"
    assert to_datetime(second_at).isoformat() == "2024-01-09T00:00:00+00:00"
    assert to_datetime(second_known).isoformat() == "2024-01-09T23:59:59.999999+00:00"


def test_the_data_do_not_end_before_the_last_order(write_shop: Callable[..., Path]) -> None:
    """An order known before it happened is used from when it happened: that day the data end."""
    known = ["2024-01-05 12:00:00", "2024-01-06 12:00:00", "2024-01-07 09:59:59"]
    log = _read(write_shop, GOOD.assign(known_at=known))
    assert to_datetime(log.observed_until).isoformat() == "2024-01-07T23:59:59.999999+00:00"
    frame = build_features(log, [log.observed_until], read_catalog(log, log.observed_until))
    assert frame["orders_count"].sum() == 3


def test_the_fingerprint_is_of_the_rows_and_not_of_their_order(
    write_shop: Callable[..., Path],
) -> None:
    prints = [
        _read(write_shop, frame).fingerprint()
        for frame in (GOOD, GOOD[::-1], GOOD.assign(amount="1"))
    ]
    assert prints[0] == prints[1] != prints[2]


@pytest.mark.parametrize(
    ("table", "happened", "rest"),
    [
        ("orders", "ordered_at", {"order_id": "a", "amount": "1"}),
        ("returns", "returned_at", {"return_id": "a", "amount": "1"}),
        ("events", "occurred_at", {"event_type": "view"}),
        ("messages", "sent_at", {"message_id": "a", "channel": "sms"}),
    ],
)
def test_rows_that_happened_carry_their_local_day(
    write_shop: Callable[..., Path], table: str, happened: str, rest: dict[str, str]
) -> None:
    frame = pd.DataFrame([{"customer_id": "x", happened: "2024-01-05T23:30:00Z", **rest}])
    tables = {"orders": GOOD} | {table: pd.concat([frame, GOOD]) if table == "orders" else frame}
    if table == "orders":
        tables["orders"]["order_id"] = ["first", "a", "b", "c"]
    log = read_log(read_shop(write_shop(tables, timezone="Europe/Berlin")))
    query = f"SELECT min(local_day) FROM {table} WHERE customer_id = 'x'"
    day = 19727 if table == "orders" else 19728  # the orders above begin on the 5th
    assert log.connection.execute(query).fetchall() == [(day,)]
