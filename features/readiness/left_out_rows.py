"""Reports the rows that the conditions of `leave_out` in nextbuy.toml have left out of a log."""

from collections.abc import Iterator

from features.log.log import Log
from features.readiness.finding import Finding


def find_left_out(log: Log, table: str) -> Iterator[Finding]:
    """Report the rows that were left out of a table, one finding for each condition that some met.

    The share is that of all rows, those included that were left out.
    """
    left_out = log.left_out.get(table, {})
    rows = log.count(table) + sum(left_out.values()) if left_out else 0
    for name, count in left_out.items():
        yield Finding(
            "advice",
            table,
            f"left out as '{name}'",
            count,
            count / rows,
            [],
            f"By [tables.{table}] leave_out in nextbuy.toml; correct it if they are too many.",
        )
