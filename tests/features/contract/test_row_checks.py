"""Rows that break the contract are counted and named; rows that contradict each other too."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from features.errors import Fault, InputError
from features.log.log import read_log
from features.shop.shop import read_shop

ORDERS = pd.DataFrame(
    {
        "order_id": ["a", "b", "c"],
        "customer_id": ["x", "y", "x"],
        "ordered_at": ["2024-01-05 10:00:00", "2024-01-06 10:00:00", "2024-01-07 10:00:00"],
        "amount": ["10.50", "0", "7.25"],
    }
)
WriteShop = Callable[..., Path]


def _faults_of_tables(write_shop: WriteShop, **tables: pd.DataFrame) -> list[Fault]:
    config = write_shop({"orders": ORDERS} | tables)
    try:
        read_log(read_shop(config)).connection.close()
    except InputError as error:
        return error.faults
    return []


def test_a_customer_twice_without_a_clock_is_refused(write_shop: WriteShop) -> None:
    customers = pd.DataFrame({"customer_id": ["x", "x ", "y"], "country": ["PL", "DE", "PL"]})
    (fault,) = _faults_of_tables(write_shop, customers=customers)
    assert fault.where == "customers.customer_id"
    assert (fault.count, fault.rows, fault.examples) == (1, 3, ("x 2 times",))
    assert "known_at, which says which one counts" in fault.remedy
    assert _faults_of_tables(write_shop, customers=customers[1:]) == []


def test_with_a_clock_a_customer_may_change_but_not_twice_at_once(write_shop: WriteShop) -> None:
    customers = pd.DataFrame({"customer_id": ["x", "x"], "known_at": ["2024-01-01", "2024-01-02"]})
    assert _faults_of_tables(write_shop, customers=customers) == []
    for known in ("2024-01-01", ""):
        (fault,) = _faults_of_tables(write_shop, customers=customers.assign(known_at=known))
        assert fault.where == "customers.customer_id+known_at"


def test_an_id_of_a_source_twice_without_a_clock_is_refused(write_shop: WriteShop) -> None:
    identities = pd.DataFrame(
        {"source": ["web", "web"], "source_id": ["1", "1"], "customer_id": ["x", "y"]}
    )
    (fault,) = _faults_of_tables(write_shop, identities=identities)
    assert fault.where == "identities.source+source_id"
    assert _faults_of_tables(write_shop, identities=identities.assign(source=["web", "app"])) == []


def test_events_need_no_id(write_shop: WriteShop) -> None:
    events = pd.DataFrame(
        {"customer_id": ["x"] * 2, "occurred_at": ["2024-01-01"] * 2, "event_type": ["view"] * 2}
    )
    assert _faults_of_tables(write_shop, events=events) == []
    (fault,) = _faults_of_tables(write_shop, events=events.assign(event_id="e"))
    assert fault.where == "events.event_id"


def test_known_before_it_happened_is_no_fault(write_shop: WriteShop) -> None:
    config = write_shop(
        {"orders": ORDERS.assign(known_at="2024-01-01 00:00:00")}, observed_until="2024-02-01"
    )
    log = read_log(read_shop(config))
    assert log.count("orders") == 3


@pytest.mark.parametrize(
    ("column", "value", "examples"),
    [("amount", "ten", ("row 2: 'ten'",)), ("amount", "", ("row 2: nothing",))],
)
def test_a_fault_carries_its_rows(
    write_shop: WriteShop, column: str, value: str, examples: tuple[str, ...]
) -> None:
    frame = ORDERS.copy()
    frame.loc[1, column] = value
    (fault,) = _faults_of_tables(write_shop, orders=frame)
    assert (fault.count, fault.rows, fault.examples) == (1, 3, examples)


def test_one_id_in_two_systems_is_two_customers_with_statements_of_their_own(
    write_shop: Callable[..., Path],
) -> None:
    customers = pd.DataFrame({"customer_id": ["x", "x"], "known_at": "2024-01-01"})
    assert _faults_of_tables(write_shop, customers=customers.assign(source=["web", "till"])) == []
    (fault,) = _faults_of_tables(write_shop, customers=customers.assign(source=None))
    assert fault.where == "customers.customer_id+source+known_at"


def _fault_text(write_shop: WriteShop, orders: pd.DataFrame) -> str:
    with pytest.raises(InputError) as caught:
        read_log(read_shop(write_shop({"orders": orders})))
    return str(caught.value)


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("amount", "ten", "a decimal number"),
        ("amount", "-3", "0 or more, got 1 row that breaks it (row 2: '-3')"),
        ("amount", "", "a value in every row, got 1 row that breaks it (row 2: nothing)"),
        ("ordered_at", "06/01/2024", "a date, or a date and time"),
        ("ordered_at", "2999-01-01", "nothing after now"),
        ("customer_id", " ", "a value in every row"),
    ],
)
def test_a_wrong_value_is_named_with_its_row(
    write_shop: Callable[..., Path], column: str, value: str, expected: str
) -> None:
    frame = ORDERS.copy()
    frame.loc[1, column] = value
    says = _fault_text(write_shop, frame)
    assert says.startswith(f"orders.{column}: expected ")
    assert expected in says


def test_all_faults_of_a_table_come_in_one_error(write_shop: Callable[..., Path]) -> None:
    frame = ORDERS.assign(amount=["x", "-1", "2"], order_id="same")
    with pytest.raises(InputError) as caught:
        read_log(read_shop(write_shop({"orders": frame})))
    assert [fault.where for fault in caught.value.faults] == [
        "orders.amount",
        "orders.amount",
        "orders.order_id",
    ]


def test_repeated_ids_are_named(write_shop: Callable[..., Path]) -> None:
    says = _fault_text(write_shop, ORDERS.assign(order_id=["a", "a", "c"]))
    assert (
        "orders.order_id: expected each once (one order a row), got 1 repeated (a 2 times)" in says
    )


def test_an_empty_table_is_refused(write_shop: Callable[..., Path]) -> None:
    assert "orders: expected at least one row (one order), got an empty" in _fault_text(
        write_shop, ORDERS.head(0)
    )


def test_two_currencies_are_refused(write_shop: Callable[..., Path]) -> None:
    says = _fault_text(write_shop, ORDERS.assign(currency=["EUR", "PLN", "eur"]))
    assert "orders.currency: expected one currency, EUR as in nextbuy.toml, got 1 row" in says
    assert "Convert the amounts" in says
