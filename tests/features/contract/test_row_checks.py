"""Rows that contradict each other: of two statements without a clock none can count."""

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


def _faults(write_shop: WriteShop, **tables: pd.DataFrame) -> list[Fault]:
    config = write_shop({"orders": ORDERS} | tables)
    try:
        read_log(read_shop(config)).connection.close()
    except InputError as error:
        return error.faults
    return []


def test_a_customer_twice_without_a_clock_is_refused(write_shop: WriteShop) -> None:
    customers = pd.DataFrame({"customer_id": ["x", "x ", "y"], "country": ["PL", "DE", "PL"]})
    (fault,) = _faults(write_shop, customers=customers)
    assert fault.where == "customers.customer_id"
    assert (fault.count, fault.rows, fault.examples) == (1, 3, ("x 2 times",))
    assert "known_at, which says which one counts" in fault.remedy
    assert _faults(write_shop, customers=customers[1:]) == []


def test_with_a_clock_a_customer_may_change_but_not_twice_at_once(write_shop: WriteShop) -> None:
    customers = pd.DataFrame({"customer_id": ["x", "x"], "known_at": ["2024-01-01", "2024-01-02"]})
    assert _faults(write_shop, customers=customers) == []
    for known in ("2024-01-01", ""):
        (fault,) = _faults(write_shop, customers=customers.assign(known_at=known))
        assert fault.where == "customers.customer_id+known_at"


def test_an_id_of_a_source_twice_without_a_clock_is_refused(write_shop: WriteShop) -> None:
    identities = pd.DataFrame(
        {"source": ["web", "web"], "source_id": ["1", "1"], "customer_id": ["x", "y"]}
    )
    (fault,) = _faults(write_shop, identities=identities)
    assert fault.where == "identities.source+source_id"
    assert _faults(write_shop, identities=identities.assign(source=["web", "app"])) == []


def test_events_need_no_id(write_shop: WriteShop) -> None:
    events = pd.DataFrame(
        {"customer_id": ["x"] * 2, "occurred_at": ["2024-01-01"] * 2, "event_type": ["view"] * 2}
    )
    assert _faults(write_shop, events=events) == []
    (fault,) = _faults(write_shop, events=events.assign(event_id="e"))
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
    (fault,) = _faults(write_shop, orders=frame)
    assert (fault.count, fault.rows, fault.examples) == (1, 3, examples)


def test_one_id_in_two_systems_is_two_customers_with_statements_of_their_own(
    write_shop: Callable[..., Path],
) -> None:
    customers = pd.DataFrame({"customer_id": ["x", "x"], "known_at": "2024-01-01"})
    assert _faults(write_shop, customers=customers.assign(source=["web", "till"])) == []
    (fault,) = _faults(write_shop, customers=customers.assign(source=None))
    assert fault.where == "customers.customer_id+source+known_at"
