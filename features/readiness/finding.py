"""A finding: one thing about a shop's data that its owner should know."""

from typing import Literal

import msgspec

from features.errors import Fault

Severity = Literal["error", "warning", "advice"]
LEVELS: tuple[Severity, ...] = ("error", "warning", "advice")  # the gravest first


class Finding(msgspec.Struct, frozen=True):
    """One finding of `nextbuy check`.

    Attributes
    ----------
    level : {"error", "warning", "advice"}
        It breaks the contract and nothing runs; it runs and an answer may suffer; good to know.
    where : str
        The table, or the table and column: `orders.known_at`.
    what : str
        What was found.
    count : int or None
        How many rows; None where it is not a matter of rows.
    share : float or None
        `count` as a share of the rows that it could have been, 0 to 1.
    examples : list of str
        Some of the ids, values or rows in question.
    remedy : str
        What to do about it.
    """

    level: Severity
    where: str
    what: str
    count: int | None
    share: float | None
    examples: list[str]
    remedy: str


def finding_of(fault: Fault) -> Finding:
    """Make the finding of a fault, which is an error."""
    got = "" if fault.count is not None and fault.examples else f", got {fault.got}"
    share = fault.count / fault.rows if fault.count is not None and fault.rows else None
    return Finding(
        "error",
        fault.where,
        f"expected {fault.expected}{got}",
        fault.count,
        share,
        list(fault.examples),
        fault.remedy,
    )


def by_gravity(findings: list[Finding]) -> list[Finding]:
    """Sort findings: errors first, within a level in the order found."""
    return sorted(findings, key=lambda finding: LEVELS.index(finding.level))
