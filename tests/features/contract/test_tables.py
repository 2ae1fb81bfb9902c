"""The declarations of the contract agree with each other, and names are looked up in them."""

import pytest

from features.contract.tables import (
    CUSTOMERS,
    EVENTS,
    KIND_DESCRIPTIONS,
    MESSAGES,
    ORDER_LINES,
    TABLES,
    TABLES_BY_NAME,
    TABLES_WITH_LOCAL_DAY,
    Table,
    known_at_column,
)

by_table = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)


@by_table
def test_keys_and_clocks_are_columns_of_their_table(table: Table) -> None:
    names = [column.name for column in table.columns]
    assert len(set(names)) == len(names)
    named = {*table.key, *([table.happened] if table.happened else [])}
    named |= {column.known_with for column in table.columns if column.known_with}
    assert named <= set(names)
    assert all(column.kind in KIND_DESCRIPTIONS for column in table.columns)


@by_table
def test_what_is_known_with_another_column_is_known_with_a_late_instant(table: Table) -> None:
    instants = {column.known_with for column in table.columns if column.known_with}
    assert instants <= set(table.late_instants)


def test_late_instants_are_neither_the_rows_own_clock_nor_known_at() -> None:
    assert MESSAGES.late_instants == (
        "delivered_at", "opened_at", "clicked_at", "converted_at", "unsubscribed_at",
    )  # fmt: skip
    assert CUSTOMERS.late_instants == ("first_seen_at",)
    assert ORDER_LINES.late_instants == EVENTS.late_instants == ()


def test_a_name_with_the_prefix_of_a_pattern_has_its_declaration() -> None:
    column = CUSTOMERS.column("reachable_SMS")
    assert column is not None
    assert (column.kind, column.pattern) == ("flag", True)
    assert CUSTOMERS.held_as("reachable_SMS") == "reachable_sms"
    assert CUSTOMERS.held_as("country") == "country"


def test_an_unknown_column_is_none_when_asked_for_and_an_error_when_relied_on() -> None:
    assert CUSTOMERS.column("shoe_size") is None
    with pytest.raises(KeyError, match=r"customers\.shoe_size is not in the contract"):
        CUSTOMERS["shoe_size"]


def test_tables_with_a_local_day_have_rows_that_happen() -> None:
    for name in TABLES_WITH_LOCAL_DAY:
        assert TABLES_BY_NAME[name].happened not in (None, "known_at")


def test_the_clock_of_an_instant_has_its_name() -> None:
    assert known_at_column("first_seen_at") == "first_seen_known_at"
