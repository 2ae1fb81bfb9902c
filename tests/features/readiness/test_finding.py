"""Tests of findings: how a fault becomes one, and their order."""

from features.errors import Fault
from features.readiness.finding import Finding, finding_from_fault, sort_findings


def _finding(level: str, where: str) -> Finding:
    return Finding(level, where, "odd", None, None, [], "Look at it.")


def test_a_fault_of_rows_becomes_an_error_with_its_share_and_examples() -> None:
    fault = Fault("orders.amount", "money", "-3", "Move it.", count=2, rows=8, examples=("o1",))
    finding = finding_from_fault(fault)
    assert (finding.level, finding.where, finding.what) == (
        "error",
        "orders.amount",
        "expected money",
    )
    assert (finding.count, finding.share, finding.examples) == (2, 0.25, ["o1"])
    assert finding.remedy == "Move it."


def test_a_fault_without_examples_says_what_came_instead() -> None:
    finding = finding_from_fault(Fault("orders", "a table", "none", "Give it."))
    assert finding.what == "expected a table, got none"
    assert finding.count is None and finding.share is None


def test_errors_come_first_and_the_order_within_a_level_stays() -> None:
    levels = ["advice", "error", "warning", "error"]
    findings = [_finding(level, str(index)) for index, level in enumerate(levels)]
    assert [finding.where for finding in sort_findings(findings)] == ["1", "3", "2", "0"]
