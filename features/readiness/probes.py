"""Probes: conditions that a shop's rows should not meet, counted in one pass over a table.

A table with findings is read again, only to name a few of the rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from features.log.log import Log
from features.readiness.finding import Finding, Severity

_EXAMPLES = 5
_NAMED_BY = {
    "orders": "order_id",
    "order_lines": "order_id",
    "products": "product_id",
    "returns": "return_id",
    "events": "customer_id",
    "messages": "message_id",
    "consents": "customer_id",
    "customers": "customer_id",
    "identities": "source || '/' || source_id",
}


@dataclass(frozen=True)
class Probe:
    """A condition on the rows of one typed table.

    Attributes
    ----------
    where : str
        The table and column that the finding speaks of.
    broken : str
        SQL, true for a row to be counted.
    among : str
        SQL, true for a row that could have been counted: the rest of its share.
    needs : tuple of str
        Tables and columns (`messages.arm`) that the shop must give for the probe to make sense;
        the table of `where` is always needed.
    example : str or None
        SQL of what names a row; None takes the table's id.
    least_share : float
        Below this share nothing is said.
    least_rows : int
        With fewer rows counted nothing is said.
    """

    level: Severity
    where: str
    what: str
    remedy: str
    broken: str
    among: str = "TRUE"
    needs: tuple[str, ...] = ()
    example: str | None = None
    least_share: float = 0.0
    least_rows: int = 1

    @property
    def table(self) -> str:
        """The table whose rows are counted."""
        return self.where.split(".")[0]


def applies(probe: Probe, log: Log) -> bool:
    """Say whether the shop gives all that a probe reads."""
    return all(_gives(log, name) for name in (probe.table, *probe.needs))


def _gives(log: Log, name: str) -> bool:
    table, _, column = name.partition(".")
    return table in log.provided and (not column or column in log.provided[table])


def run_probes(log: Log, table: str, probes: Sequence[Probe]) -> list[Finding]:
    """Count all probes of a table in one pass, and make findings of those that say something."""
    if not probes:
        return []
    counts = ", ".join(
        f"count(*) FILTER (WHERE ({p.among}) AND ({p.broken})), count(*) FILTER (WHERE {p.among})"
        for p in probes
    )
    row = log.connection.execute(f"SELECT {counts} FROM {table}").fetchall()[0]
    counted = zip(probes, row[::2], row[1::2], strict=True)
    return [_finding(log, p, n, of) for p, n, of in counted if _worth_saying(p, n, of)]


def _worth_saying(probe: Probe, count: int, among: int) -> bool:
    return count >= probe.least_rows and count >= probe.least_share * among


def _finding(log: Log, probe: Probe, count: int, among: int) -> Finding:
    name = probe.example or name_of(probe.table)
    examples = log.connection.execute(
        f"SELECT CAST({name} AS VARCHAR) AS example, count(*) AS n FROM {probe.table} "
        f"WHERE ({probe.among}) AND ({probe.broken}) "
        f"GROUP BY example ORDER BY n DESC, example LIMIT {_EXAMPLES}"
    ).fetchall()
    named = [example for example, _ in examples if example is not None]
    return Finding(probe.level, probe.where, probe.what, count, count / among, named, probe.remedy)


def name_of(table: str) -> str:
    """Write the SQL of what names a row of a table."""
    return _NAMED_BY[table]
