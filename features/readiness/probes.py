"""Runs probes: conditions that a shop's rows should not meet, counted in one pass over a table.

A table with findings is read once more, to name a few of the rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from features.contract.casts import quote
from features.log.log import Log
from features.readiness.finding import Finding, Severity
from features.setting_line import SettingLine

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
    """A condition that the rows of one table should not meet, with the finding of those that do.

    Attributes
    ----------
    level : {"error", "warning", "advice"}
        Level of the finding.
    what, remedy : str
        What is odd about the rows, and what to do about it.
    where : str
        Table and column of the finding, as in `orders.amount`.
    broken : str
        SQL condition of the rows that are counted.
    among : str
        SQL condition of the rows that could have been counted, of which the share is taken.
    needs : tuple of str
        Tables and columns (`messages.arm`) that the shop must give for the probe to make sense,
        beside the table of `where`.
    example : str or None
        SQL of what names a row; None takes the table's id.
    least_share : float
        Smallest share of rows that makes a finding.
    least_rows : int
        Smallest number of rows that makes a finding.
    line : str
        The line that could be added to the table's section of nextbuy.toml; `{examples}` in it
        stands for the examples as SQL texts. Empty where there is none.
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
    line: str = ""

    @property
    def table(self) -> str:
        """Name of the table whose rows are counted."""
        return self.where.split(".")[0]


def applies(probe: Probe, log: Log) -> bool:
    """Say whether the shop gives all tables and columns that a probe reads."""
    return all(_gives(log, name) for name in (probe.table, *probe.needs))


def _gives(log: Log, name: str) -> bool:
    table, _, column = name.partition(".")
    return table in log.provided and (not column or column in log.provided[table])


def run_probes(log: Log, table: str, probes: Sequence[Probe]) -> list[Finding]:
    """Count the rows of all probes of a table in one query, and make the findings.

    Parameters
    ----------
    log : Log
        The shop's tables.
    table : str
        The table of all the probes.
    probes : sequence of Probe
        Probes that apply to the shop.
    """
    if not probes:
        return []
    counts = ", ".join(
        f"count(*) FILTER (WHERE ({p.among}) AND ({p.broken})), count(*) FILTER (WHERE {p.among})"
        for p in probes
    )
    row = log.connection.execute(f"SELECT {counts} FROM {table}").fetchall()[0]
    counted = zip(probes, row[::2], row[1::2], strict=True)
    return [_finding(log, p, n, of) for p, n, of in counted if _is_finding(p, n, of)]


def _is_finding(probe: Probe, count: int, among: int) -> bool:
    return count >= probe.least_rows and count >= probe.least_share * among


def _finding(log: Log, probe: Probe, count: int, among: int) -> Finding:
    name = probe.example or row_name_sql(probe.table)
    examples = log.connection.execute(
        f"SELECT CAST({name} AS VARCHAR) AS example, count(*) AS n FROM {probe.table} "
        f"WHERE ({probe.among}) AND ({probe.broken}) "
        f"GROUP BY example ORDER BY n DESC, example LIMIT {_EXAMPLES}"
    ).fetchall()
    named = [example for example, _ in examples if example is not None]
    lines = []
    if probe.line:
        texts = msgspec.json.encode(", ".join(map(quote, named))).decode()[1:-1]  # within a text
        line = probe.line.replace("{examples}", texts)
        lines.append(SettingLine(f"tables.{probe.table}", line))
    return Finding(
        probe.level, probe.where, probe.what, count, count / among, named, probe.remedy, lines
    )


def row_name_sql(table: str) -> str:
    """Return the SQL expression that names a row of a table, its id where it has one."""
    return _NAMED_BY[table]
