"""Finds columns without information: empty in every row, or the same in every row."""

from collections.abc import Iterator

from features.contract.casts import name_sql
from features.contract.tables import Table
from features.log.log import Log
from features.readiness.finding import Finding

_MIN_ROWS = 20  # below it the same value everywhere is chance
# The same everywhere by contract, or told with the clocks.
_MAY_BE_CONSTANT = frozenset({"currency", "known_at"})


def find_idle_columns(log: Log, table: Table) -> Iterator[Finding]:
    """Find the columns of a table that are empty or constant, in one query.

    Tables of fewer than 20 rows have no such findings.
    """
    names = sorted(log.provided[table.name])
    parts = ", ".join(
        f"count({name_sql(n)}), CAST(min({name_sql(n)}) AS VARCHAR), "
        f"min({name_sql(n)}) = max({name_sql(n)})"
        for n in names
    )
    query = f"SELECT count(*), {parts} FROM {table.name}"
    rows, *counted = log.connection.execute(query).fetchall()[0]
    if rows < _MIN_ROWS:
        return
    columns = zip(names, counted[::3], counted[1::3], counted[2::3], strict=True)
    for name, filled, value, is_constant in columns:
        if not filled:
            yield _empty(table, name, rows)
        elif is_constant and filled == rows and name not in _MAY_BE_CONSTANT:
            yield _constant(table, name, rows, value)


def _empty(table: Table, name: str, rows: int) -> Finding:
    return Finding(
        "advice",
        f"{table.name}.{name}",
        "empty in every row",
        rows,
        1.0,
        [],
        "Map the shop's column that holds it, or leave it out.",
    )


def _constant(table: Table, name: str, rows: int, value: str) -> Finding:
    return Finding(
        "advice",
        f"{table.name}.{name}",
        "the same value in every row",
        rows,
        1.0,
        [value],
        "Check the mapping: nothing can be learned from it.",
    )
