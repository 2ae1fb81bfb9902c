"""The check of posted rows: against the contract, by the SQL that checks the shop's files."""

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import duckdb
import pyarrow as pa

from features.contract.casts import known_at_sql, name_sql, names_equal_in_sql, quote, value_sql
from features.contract.raw_table import RawTable
from features.contract.row_checks import find_row_faults
from features.contract.tables import KIND_DESCRIPTIONS, TABLES, Table, known_at_column
from features.errors import Fault, InputError, refuse
from features.shop.pseudonyms import columns_to_replace, map_to_stored_ids
from features.shop.shop import Shop

MAX_ROWS = 1000
POSTABLE_TABLES = {t.name: t for t in TABLES if t.column("customer_id") or t.name == "order_lines"}

_SKEW = 300_000_000  # microseconds by which the sender's clock may be ahead of ours
_VIEW = "posted"
_TEXT = "VARCHAR"  # what a value is before it is cast, as in a CSV file

SentRow = Mapping[str, Any]


@dataclass(frozen=True)
class CheckedRow:
    """One posted row that keeps the contract.

    Attributes
    ----------
    table : Table
        The table of the contract.
    body : dict
        Column -> value, for the columns that the row gives, in the contract's types (instants in
        microseconds UTC, money in minor units), with the clock of each late instant.
    """

    table: Table
    body: dict[str, Any]


class PostedRowChecker:
    """Checks posted rows and turns them into the contract's types, with ids as they are stored."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._lock = threading.Lock()
        self._connection = duckdb.connect(config={"autoinstall_known_extensions": False})
        self._connection.execute(f"SET TimeZone = {quote(shop.section.timezone)}")

    def read(self, posted: Mapping[str, Sequence[SentRow]]) -> list[CheckedRow]:
        """Return the rows of a request, checked, table by table in the contract's order.

        Parameters
        ----------
        posted : mapping of str to sequence of SentRow
            Table of the contract -> its rows as they were sent.

        Raises
        ------
        InputError
            Rows have faults; the error carries all faults of all tables, and no row is taken.
        """
        _check_size(posted)
        read: list[CheckedRow] = []
        faults: list[Fault] = []
        for table in map(self._shop.contract_of, POSTABLE_TABLES.values()):
            rows = posted.get(table.name, [])
            shape_faults = _shape_faults(table, rows)
            faults += shape_faults
            if rows and not shape_faults:
                with self._lock:
                    read += self._read_table(table, rows, faults)
        if faults:
            raise InputError(faults)
        return read

    def _read_table(
        self, table: Table, rows: Sequence[SentRow], faults: list[Fault]
    ) -> list[CheckedRow]:
        rows = [{table.held_as(name): value for name, value in row.items()} for row in rows]
        names = sorted({name for row in rows for name in row})
        texts = {n: pa.array([_text(row.get(n)) for row in rows], pa.string()) for n in names}
        types = dict.fromkeys(names, _TEXT)
        source = RawTable(replace(table, key=()), _VIEW, types, can_declare=False)
        self._connection.register(_VIEW, pa.table(texts))
        try:
            now = time.time_ns() // 1000 + _SKEW
            row_faults = find_row_faults(self._connection, source, self._shop.currency, now)
            faults += row_faults
            return [] if row_faults else self._type(source)
        finally:
            self._connection.unregister(_VIEW)

    def _type(self, source: RawTable) -> list[CheckedRow]:
        columns = {
            name: value_sql(source.table[name], source[name], self._shop.minor_digits)
            for name in source.types
        }
        for name in source.table.late_instants:
            if name in source.types:
                columns[known_at_column(name)] = known_at_sql(source[name])
        select = ", ".join(f"{sql} AS {name_sql(name)}" for name, sql in columns.items())
        rows = self._connection.execute(f"SELECT {select} FROM {_VIEW}").fetchall()
        return [self._posted(source.table, dict(zip(columns, row, strict=True))) for row in rows]

    def _posted(self, table: Table, values: dict[str, Any]) -> CheckedRow:
        body = {name: value for name, value in values.items() if value is not None}
        for name in columns_to_replace(self._shop, table) & body.keys():
            body[name] = map_to_stored_ids(self._shop, [body[name]])[body[name]]
        return CheckedRow(POSTABLE_TABLES[table.name], body)


def _check_size(posted: Mapping[str, Sequence[SentRow]]) -> None:
    if unknown := sorted(posted.keys() - POSTABLE_TABLES.keys()):
        names = ", ".join(POSTABLE_TABLES)
        raise refuse(unknown[0], f"one of {names}", f"'{unknown[0]}'", "Correct the table's name.")
    count = sum(map(len, posted.values()))
    if not 1 <= count <= MAX_ROWS:
        raise refuse("rows", f"1 to {MAX_ROWS} in a request", str(count), "Post them in parts.")


def _shape_faults(table: Table, rows: Sequence[SentRow]) -> list[Fault]:
    """Return the faults that no file can have: columns of one row that are unknown or missing."""
    faults = []
    for number, row in enumerate(rows, 1):
        if repeated := names_equal_in_sql(list(row)):
            shown = " and ".join(repeated)
            faults.append(_fault(table, repeated[0], "each column once", number, shown))
        for name, value in row.items():
            if expected := _expected(table, name, value):
                faults.append(_fault(table, name, expected, number, repr(value)))
        for column in table.columns:
            if column.required and row.get(column.name) is None:
                faults.append(_fault(table, column.name, "a value", number, "nothing"))
            late = column.known_with
            if late and row.get(column.name) is not None and row.get(late) is None:
                faults.append(_fault(table, column.name, f"`{late}` with it", number, "none"))
    return faults


def _expected(table: Table, name: str, value: Any) -> str | None:
    """Return what was expected instead of a value; None if the value may stand in its column."""
    column = table.column(name)
    if column is None:
        return "a column of the contract (" + ", ".join(c.name for c in table.columns) + ")"
    if name == "known_at":
        return "no such column: a posted row is known when it is received"
    if isinstance(value, bool):
        return None if column.kind == "flag" else KIND_DESCRIPTIONS[column.kind]
    if isinstance(value, int | float):
        numbers = ("money", "number", "share", "year", *(["id"] if isinstance(value, int) else []))
        return None if column.kind in numbers else KIND_DESCRIPTIONS[column.kind]
    return None if value is None or isinstance(value, str) else KIND_DESCRIPTIONS[column.kind]


def _fault(table: Table, column: str, expected: str, row: int, got: str) -> Fault:
    return Fault(
        f"{table.name}.{column}", expected, f"row {row}: {got[:80]}", "Correct it and post again."
    )


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is None else str(value)
