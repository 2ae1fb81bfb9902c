"""The tables of a history agree with the contract that they are made from."""

from itertools import chain

import pytest

from features.contract.tables import TABLES_BY_NAME
from features.history.layout import HISTORY_COLUMNS, HISTORY_TABLES, ROW_KEY, TEXT_COLUMNS


@pytest.mark.parametrize("name", HISTORY_TABLES)
def test_what_a_column_needs_is_a_column_of_the_contract(name: str) -> None:
    table = HISTORY_TABLES[name]
    assert table.contract in TABLES_BY_NAME
    for needed in chain.from_iterable(table.columns.values()):
        contract_table, _, column = needed.partition(".")
        assert TABLES_BY_NAME[contract_table].column(column) is not None, needed


@pytest.mark.parametrize("name", HISTORY_TABLES)
def test_every_table_has_the_clock_by_which_its_rows_are_ordered(name: str) -> None:
    table = HISTORY_TABLES[name]
    assert {table.happened, "known_at"} <= set(table.columns)
    assert HISTORY_COLUMNS[name] == tuple(table.columns)


def test_texts_are_columns_of_a_history_and_the_key_is_none_of_them() -> None:
    columns = {column for names in HISTORY_COLUMNS.values() for column in names}
    assert columns >= TEXT_COLUMNS
    assert ROW_KEY not in columns
