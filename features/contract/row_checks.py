"""Hold a shop's raw tables against the contract, with DuckDB queries made from it.

One pass over a table counts every kind of fault; only a table with faults is read again, to
name the rows. A table's faults come in one error.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb

from features.contract.casts import always_casts, missing_sql, name_sql, quote, value_sql
from features.contract.tables import KIND_DESCRIPTIONS
from features.errors import Fault
from features.shop.shop import Shop
from features.sources.open_tables import Source
from features.windows import to_datetime

_EXAMPLES = 3
_MAY_BE_MISSING = ("source", "known_at")  # of a key


@dataclass(frozen=True)
class _Check:
    """A condition that no row may meet."""

    column: str
    broken: str  # SQL, true for a faulty row
    expected: str
    remedy: str


def find_row_faults(
    connection: duckdb.DuckDBPyConnection, shop: Shop, source: Source, now: int
) -> list[Fault]:
    """Find every fault of one opened table; an empty list is a table that keeps the contract.

    Raises
    ------
    duckdb.Error
        The files cannot be read to their end.
    """
    table = source.table
    checks = [check for column in source.types for check in _checks(source, column, shop, now)]
    if table.name == "orders" and "currency" in source.types:
        checks.append(_currency_check(shop))
    counts = ", ".join(f"count(*) FILTER (WHERE {check.broken})" for check in checks)
    rows, *broken = connection.execute(f"SELECT count(*), {counts} FROM {source.view}").fetchall()[
        0
    ]
    if rows == 0:
        return [
            Fault(table.name, f"at least one row ({table.grain})", "an empty table",
                  "Export it again, or take it out of nextbuy.toml.")
        ]  # fmt: skip
    faults = [
        _row_fault(connection, source, check, count, rows)
        for check, count in zip(checks, broken, strict=True)
        if count
    ]
    return faults + list(_duplicate_faults(connection, source, shop.minor_digits, rows))


def _checks(source: Source, name: str, shop: Shop, now: int) -> Iterator[_Check]:
    table = source.table
    column = table[name]
    value = value_sql(column, name, source.types[name], shop.minor_digits)
    missing = missing_sql(name, source.types[name])
    if column.required:
        yield _Check(name, missing, "a value in every row", "Fill it in or drop the row.")
    if not always_casts(column, source.types[name]):
        yield _Check(
            name, f"NOT ({missing}) AND ({value}) IS NULL", KIND_DESCRIPTIONS[column.kind],
            "Correct the export, or map another column.",
        )  # fmt: skip
    if column.minimum is not None:
        yield _Check(
            name, f"({value}) < {column.minimum}", f"{column.minimum:g} or more",
            "Refunds belong in the table `returns`, as positive amounts.",
        )  # fmt: skip
    if column.kind == "share":
        yield _Check(
            name, f"({value}) NOT BETWEEN 0 AND 1", KIND_DESCRIPTIONS["share"], "Divide it by 100?"
        )
    if column.kind == "instant":
        yield _Check(
            name, f"({value}) > {now}", f"nothing after now ({to_datetime(now):%Y-%m-%d %H:%M})",
            "Check the time zone in nextbuy.toml and the clock of the export.",
        )  # fmt: skip


def _currency_check(shop: Shop) -> _Check:
    code = shop.section.currency
    return _Check(
        "currency", f"upper(trim({name_sql('currency')})) <> {quote(code)}",
        f"one currency, {code} as in nextbuy.toml",
        "Convert the amounts to one currency, and set shop.currency to it.",
    )  # fmt: skip


def _row_fault(
    connection: duckdb.DuckDBPyConnection, source: Source, check: _Check, count: int, rows: int
) -> Fault:
    column = name_sql(check.column)
    examples = connection.execute(
        f"SELECT row, value FROM (SELECT row_number() OVER () AS row, "
        f"CAST({column} AS VARCHAR) AS value, {check.broken} AS broken FROM {source.view}) "
        f"WHERE broken ORDER BY row LIMIT {_EXAMPLES}"
    ).fetchall()
    shown = [f"row {row}: {'nothing' if v is None else quote(v)}" for row, v in examples]
    return Fault(
        f"{source.table.name}.{check.column}",
        check.expected,
        f"{count} row{'s' * (count > 1)} that break{'s' * (count == 1)} it ({', '.join(shown)})",
        check.remedy,
        count,
        rows,
        tuple(shown),
    )


def _duplicate_faults(
    connection: duckdb.DuckDBPyConnection, source: Source, minor_digits: int, rows: int
) -> Iterator[Fault]:
    """Find ids that stand in several rows, once they are in the contract's types (trimmed).

    Where the key has a clock that the shop does not give, the rest of the key must be unique:
    of two statements without a clock nobody can say which one counts.
    """
    table = source.table
    names = [name for name in table.key if name in source.types]
    if not names or set(table.key) - {*names, *_MAY_BE_MISSING}:
        return
    columns = [table[name] for name in names]
    keys = {c.name: value_sql(c, c.name, source.types[c.name], minor_digits) for c in columns}
    typed = ", ".join(f"{value} AS {name_sql(name)}" for name, value in keys.items())
    present = " AND ".join(
        f"{name_sql(name)} IS NOT NULL" for name in names if name not in _MAY_BE_MISSING
    )
    repeated = (
        f"SELECT *, count(*) AS n FROM (SELECT {typed} FROM {source.view}) WHERE {present} "
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
