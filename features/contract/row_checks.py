"""Checks of the rows of a raw table against the contract, as DuckDB queries.

The queries are written from the declarations of the table's columns. One pass over the table
counts every kind of fault; only a table with faults is read again, to name the faulty rows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import duckdb
import msgspec

from features.contract.casts import (
    always_casts,
    has_more_decimals_sql,
    missing_sql,
    name_sql,
    quote,
    value_sql,
)
from features.contract.currency import Currency
from features.contract.format_proposals import propose_lines
from features.contract.raw_table import RawTable
from features.contract.tables import FLOAT_IDS, KIND_DESCRIPTIONS
from features.contract.value_format import PLAIN
from features.errors import Fault
from features.setting_line import SettingLine
from features.windows import to_datetime

# Prices of one piece may be parts of a cent; what was paid is not.
_WHOLE_AMOUNTS = ("amount", "discount", "revenue")
_EXAMPLES = 3  # faulty rows that a fault shows
_MAY_BE_MISSING = ("source", "known_at")  # columns of a key


@dataclass(frozen=True)
class _Check:
    """A condition that no row of a table may meet.

    Attributes
    ----------
    column : str
        The column that the condition is about.
    broken : str
        The condition in SQL: true for a faulty row.
    expected, remedy : str
        Parts of the fault that is reported if a row meets it.
    may_be_declared : bool
        Whether a declared format might read the value, which then is the remedy.
    unless : str or None
        A condition in SQL: no row is faulty where any row of the table meets it.
    only_if : str or None
        A condition in SQL: rows are faulty only where any row of the table meets it.
    lines : tuple of SettingLine
        Lines of nextbuy.toml of which each would put it right.
    """

    column: str
    broken: str  # SQL, true for a faulty row
    expected: str
    remedy: str
    may_be_declared: bool = False
    unless: str | None = None
    only_if: str | None = None
    lines: tuple[SettingLine, ...] = ()


def find_row_faults(
    connection: duckdb.DuckDBPyConnection, raw_table: RawTable, currency: Currency, now: int
) -> list[Fault]:
    """Return every fault of the rows of a raw table; an empty list if it keeps the contract.

    Parameters
    ----------
    connection : DuckDBPyConnection
        The connection in which the raw table can be read.
    raw_table : RawTable
        The table, its rows unchecked.
    currency : Currency
        The currency in which amounts must be given.
    now : int
        Latest allowed instant of a row, in microseconds UTC.

    Raises
    ------
    duckdb.Error
        The files of the table cannot be read to their end.
    """
    table = raw_table.table
    checks = [
        check for column in raw_table.types for check in _checks(raw_table, column, currency, now)
    ]
    if table.name == "orders" and "currency" in raw_table.types:
        checks.append(_currency_check(currency))
    counts = ", ".join(map(_count_sql, checks))
    rows, *broken = connection.execute(
        f"SELECT count(*), {counts} FROM {_valued_sql(raw_table, currency.minor_digits)}"
    ).fetchall()[0]
    if rows == 0:
        return [
            Fault(table.name, f"at least one row ({table.grain})", "an empty table",
                  "Export it again, or take it out of nextbuy.toml.")
        ]  # fmt: skip
    faults = [
        _row_fault(connection, raw_table, check, count, rows, currency.minor_digits)
        for check, count in zip(checks, broken, strict=True)
        if count
    ]
    return faults + list(_duplicate_faults(connection, raw_table, currency.minor_digits, rows))


def _valued_sql(raw_table: RawTable, minor_digits: int) -> str:
    """Return the SQL of the raw rows with the value of each column in the contract's type.

    Several checks are about one value, which is thus computed once.
    """
    values = ", ".join(
        f"{value_sql(raw_table.table[name], raw_table[name], minor_digits)} AS {_value_name(name)}"
        for name in raw_table.types
    )
    return f"(SELECT *, {values} FROM {raw_table.view})"


def _value_name(name: str) -> str:
    """Return the SQL name of a column's value in the contract's type."""
    return name_sql(f"value of {name}")


def _count_sql(check: _Check) -> str:
    """Return the SQL of the number of rows that do not pass a check."""
    broken = f"count(*) FILTER (WHERE {check.broken})"
    if check.unless is not None:
        return f"if(bool_or({check.unless}), 0, {broken})"
    return broken if check.only_if is None else f"if(bool_or({check.only_if}), {broken}, 0)"


def _checks(raw_table: RawTable, name: str, currency: Currency, now: int) -> Iterator[_Check]:
    """Yield the checks of one column: presence, type, smallest value, share, not after `now`."""
    table = raw_table.table
    column = table[name]
    value = _value_name(name)
    missing = missing_sql(raw_table[name])
    if column.required:
        yield _Check(
            name, missing, "a value in every row", "Fill it in or drop the row.",
            lines=_without_missing(raw_table, name),
        )  # fmt: skip
    if not always_casts(column, raw_table[name]):
        is_float_id = column.kind == "id"  # the one kind of ids that may not be read
        yield _Check(
            name,
            f"{value} IS NULL AND NOT ({missing})",
            FLOAT_IDS if is_float_id else KIND_DESCRIPTIONS[column.kind],
            "Correct the export, or map another column.",
            may_be_declared=True,
        )
    if column.minimum is not None:
        yield _Check(
            name, f"{value} < {column.minimum}", f"{column.minimum:g} or more",
            "Refunds belong in the table `returns`, as positive amounts.",
            lines=_without_negative(raw_table, name),
        )  # fmt: skip
    if column.kind == "money":
        yield from _decimals_checks(raw_table, name, currency)
    if column.kind == "share":
        yield _Check(
            name,
            f"{value} NOT BETWEEN 0 AND 1",
            KIND_DESCRIPTIONS["share"],
            "Divide percentages by 100.",
        )
    if column.kind == "instant":
        yield _Check(
            name, f"{value} > {now}", f"nothing after now ({to_datetime(now):%Y-%m-%d %H:%M})",
            "Check the time zone in nextbuy.toml and the clock of the export.",
        )  # fmt: skip


def _without_missing(raw_table: RawTable, name: str) -> tuple[SettingLine, ...]:
    """Return the line that leaves out the rows without a value, where a shop may add it."""
    if not raw_table.can_declare:
        return ()
    condition = f"coalesce(trim({name}::VARCHAR), '') = ''"
    line = f'leave_out."no {name}" = "{condition}"'
    return (SettingLine(f"tables.{raw_table.table.name}", line),)


def _without_negative(raw_table: RawTable, name: str) -> tuple[SettingLine, ...]:
    """Return the line that leaves out the rows with a negative value, where a shop may add it."""
    if not raw_table.can_declare:
        return ()
    condition = f"trim({name}::VARCHAR) LIKE '-%'"  # in any format
    line = f'leave_out."{name} below 0" = "{condition}"'
    return (SettingLine(f"tables.{raw_table.table.name}", line),)


def _decimals_checks(raw_table: RawTable, name: str, currency: Currency) -> Iterator[_Check]:
    """Yield the checks that decimals are read as they are meant, and that none are lost.

    1.234 is 1234 in one country and a little more than 1 in another. Where all amounts with a point
    are like that, nothing but a declared format tells; otherwise they are decimals, and more than
    the currency may have.
    """
    declared, digits = raw_table[name].format, currency.minor_digits
    is_open = (
        raw_table.types[name] == "VARCHAR"
        and msgspec.structs.replace(declared, round=None) == PLAIN
        and digits != 3
        and raw_table.can_declare
    )
    text = f"trim({name_sql(name)})"
    has_three = f"{text}[-4] = '.'"  # decimals; cheaper than the pattern, and false of most rows
    others = f"contains({text}, '.') AND NOT ({has_three})" if is_open else None
    if is_open:
        yield _thousands_check(raw_table, name, text, has_three, others or "")
    if name in _WHOLE_AMOUNTS and not declared.round:
        line = SettingLine(f"tables.{raw_table.table.name}", f"formats.{name} = {{round = true}}")
        yield _Check(
            name,
            has_more_decimals_sql(raw_table[name], digits),
            f"amounts with at most {digits} decimals, as {currency.code} has",
            f"Correct the export, or add to [{line.section}]: {line.line}."
            if raw_table.can_declare
            else "Round it.",
            only_if=others,
            lines=(line,) if raw_table.can_declare else (),
        )


def _thousands_check(
    raw_table: RawTable, name: str, text: str, has_three: str, others: str
) -> _Check:
    """Return the check that a point does not stand before groups of three digits."""
    groups = r"'[+-]?[1-9]\d{0,2}(\.\d{3})+'"
    declared = "formats.{name} = {{decimal = {decimal}}}"
    section = f"tables.{raw_table.table.name}"
    point = SettingLine(section, declared.format(name=name, decimal='"."'))
    comma = SettingLine(section, declared.format(name=name, decimal='",", thousands = "."'))
    return _Check(
        name,
        f"{has_three} AND regexp_full_match({text}, {groups})",
        "amounts that can be read in one way only",
        f"Add to [{section}]: {comma.line} if 1.234 means 1234, or {point.line} if not.",
        lines=(comma, point),
        unless=others,
    )


def _currency_check(currency: Currency) -> _Check:
    """Return the check that all amounts are in the shop's currency."""
    code = currency.code
    return _Check(
        "currency", f"upper(trim({name_sql('currency')})) <> {quote(code)}",
        f"one currency, {code} as in nextbuy.toml",
        "Convert the amounts to one currency, and set shop.currency to it.",
    )  # fmt: skip


def _row_fault(
    connection: duckdb.DuckDBPyConnection,
    raw_table: RawTable,
    check: _Check,
    count: int,
    rows: int,
    minor_digits: int,
) -> Fault:
    """Return the fault of a check that some rows do not pass, with the first of these rows."""
    column = name_sql(check.column)
    examples = connection.execute(
        f"SELECT row, value FROM (SELECT row_number() OVER () AS row, "
        f"CAST({column} AS VARCHAR) AS value, {check.broken} AS broken FROM "
        f"{_valued_sql(raw_table, minor_digits)}) "
        f"WHERE broken ORDER BY row LIMIT {_EXAMPLES}"
    ).fetchall()
    shown = [f"row {row}: {'nothing' if v is None else quote(v)}" for row, v in examples]
    lines, remedy = check.lines, check.remedy
    if check.may_be_declared and raw_table.can_declare:
        lines = tuple(propose_lines(connection, raw_table, check.column, minor_digits))
        remedy = _say_lines(lines) or remedy
    return Fault(
        f"{raw_table.table.name}.{check.column}",
        check.expected,
        f"{count} row{'s' * (count > 1)} that break{'s' * (count == 1)} it ({', '.join(shown)})",
        remedy,
        count,
        rows,
        tuple(shown),
        lines,
    )


def _say_lines(lines: Sequence[SettingLine]) -> str:
    """Say which of some lines of one section to add; nothing where there is none."""
    if not lines:
        return ""
    return f"Add to [{lines[0].section}]: {', or '.join(line.line for line in lines)}."


def _duplicate_faults(
    connection: duckdb.DuckDBPyConnection, raw_table: RawTable, minor_digits: int, rows: int
) -> Iterator[Fault]:
    """Yield a fault if some key stands in several rows, compared in the contract's types (trimmed).

    Where the key has a clock that the shop does not give, the rest of the key must be unique:
    of two statements without a clock it is unknown which one counts.
    """
    table = raw_table.table
    names = [name for name in table.key if name in raw_table.types]
    if not names or set(table.key) - {*names, *_MAY_BE_MISSING}:
        return
    columns = [table[name] for name in names]
    keys = {c.name: value_sql(c, raw_table[c.name], minor_digits) for c in columns}
    typed = ", ".join(f"{value} AS {name_sql(name)}" for name, value in keys.items())
    present = " AND ".join(
        f"{name_sql(name)} IS NOT NULL" for name in names if name not in _MAY_BE_MISSING
    )
    repeated = (
        f"SELECT *, count(*) AS n FROM (SELECT {typed} FROM {raw_table.view}) WHERE {present} "
        "GROUP BY ALL HAVING n > 1"
    )
    count = connection.execute(f"SELECT count(*) FROM ({repeated})").fetchall()[0][0]
    if count:
        examples = connection.execute(f"{repeated} ORDER BY ALL LIMIT {_EXAMPLES}").fetchall()
        shown = [f"{'/'.join(map(str, row[:-1]))} {row[-1]} times" for row in examples]
        unclocked = "known_at" in table.key and "known_at" not in names
        yield Fault(
            f"{table.name}.{'+'.join(names)}",
            f"each once ({table.grain} a row)",
            f"{count} repeated ({', '.join(shown)})",
            "Export one row for each"
            + (", or give known_at, which says which one counts." if unclocked else "."),
            count,
            rows,
            tuple(shown),
        )
