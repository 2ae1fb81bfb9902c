"""Holds a finding: one thing about a shop's data that its owner should know."""

from typing import Literal

import msgspec

from features.errors import Fault
from features.setting_line import SettingLine

Severity = Literal["error", "warning", "advice"]
LEVELS: tuple[Severity, ...] = ("error", "warning", "advice")  # the gravest first


class Finding(msgspec.Struct, frozen=True):
    """One thing that `nextbuy check` reports about a shop's data.

    Attributes
    ----------
    level : {"error", "warning", "advice"}
        `error`: the data break the contract and nothing runs; `warning`: answers may suffer;
        `advice`: good to know.
    where : str
        The table, or the table and column: `orders.known_at`.
    what : str
        What is wrong or odd.
    count : int or None
        Number of rows concerned; None where it is not a matter of rows.
    share : float or None
        `count` as a share of the rows that could have been concerned, 0 to 1.
    examples : list of str
        Some of the ids, values or rows in question.
    remedy : str
        What to do about it.
    lines : list of SettingLine
        Lines of nextbuy.toml that would put it right: one of them, if there are several.
    """

    level: Severity
    where: str
    what: str
    count: int | None
    share: float | None
    examples: list[str]
    remedy: str
    lines: list[SettingLine] = []


def finding_from_fault(fault: Fault) -> Finding:
    """Make the finding, of level `error`, that reports a fault."""
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
        list(fault.lines),
    )


def sort_findings(findings: list[Finding]) -> list[Finding]:
    """Sort findings by level, errors first; the order within a level stays."""
    return sorted(findings, key=lambda finding: LEVELS.index(finding.level))
