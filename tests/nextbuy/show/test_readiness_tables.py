"""The readiness report as the terminal shows it and as JSON."""

import json
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from features.readiness.coverage import Lateness, TableCoverage
from features.readiness.finding import Finding
from features.readiness.suggestions import Suggestions
from features.shop.shop import read_shop
from nextbuy.show.readiness_tables import ReadinessReport, report_on, show_report, to_json
from tests.nextbuy.command_line import write_tiny_shop
from tests.nextbuy.show.narrow_terminal import read_text
from training.data_support import Support


def test_the_readiness_report_shows_whole_tables_findings_and_support(console: Console) -> None:
    where = "customers.attr_a_very_long_name_of_an_attribute"
    report = ReadinessReport(
        "shop",
        0,
        1,
        0,
        tables=[
            TableCoverage(
                table="order_lines",
                rows=123_456_789,
                columns=["order_id"],
                first_at="2019-01-01T00:00:00",
                last_at="2024-12-31T00:00:00",
                days_covered=2_190,
                largest_gap_days=111,
                duplicates=0,
                lateness=Lateness(
                    late_share=0.123, days_50=1.0, days_90=2.0, days_99=12.3, days_995=150.0
                ),
            )
        ],
        findings=[Finding("warning", where, "w" * 90, 12_345_678, 0.034, ["x" * 70], "r" * 50)],
        support=[Support("repurchase-timing", "not_possible", "b" * 90, ["m" * 90])],
        suggestions=None,
        kept_out=[],
    )
    show_report(console, report)
    text = "".join(read_text(console).split())
    assert "…" not in text
    for letter, length in (("w", 90), ("x", 70), ("r", 50), ("b", 90), ("m", 90)):
        assert text.count(letter) >= length
    for value in ("123,456,789", "2019-01-01", "2024-12-31", "2,190", "111", "12.3 %"):
        assert value in read_text(console)
    assert "12,345,678" in text
    assert "repurchase-timing" in text


def _report(*findings: Finding, suggestions: Suggestions | None = None) -> ReadinessReport:
    counts = [sum(f.level == level for f in findings) for level in ("error", "warning", "advice")]
    return ReadinessReport(
        "[my] shop",
        *counts,
        tables=[],
        findings=list(findings),
        support=[],
        suggestions=suggestions,
        kept_out=[],
    )


def test_the_headline_counts_findings_by_level_and_shows_brackets_as_they_are(
    console: Console,
) -> None:
    warning = Finding("warning", "orders", "odd", None, None, [], "Look at it.")
    advice = Finding("advice", "orders", "could be more", None, None, [], "Export more.")
    show_report(console, _report(warning, warning, advice, advice))
    first = read_text(console).splitlines()[0]
    assert first == "[my] shop: every table keeps the contract, 2 warnings, 2 advice"


def test_a_report_with_an_error_names_the_tables_that_were_not_examined(console: Console) -> None:
    error = Finding("error", "returns.amount", "expected 0 or more", 1, 0.0001, ["-7"], "Fix it.")
    show_report(console, _report(error))
    text = " ".join(read_text(console).split())
    assert text.startswith("[my] shop: not every table keeps the contract, 1 error ")
    assert "<0.1 %" in text
    assert text.endswith("errors are put right: returns, what can be predicted.")


@pytest.mark.parametrize(
    ("suggestions", "horizon", "settle"),
    [
        (
            Suggestions(60, 90, 1234, 365, 3, 7),
            "horizon_days = 60 (now 90): closes 85 % of 1,234 gaps",
            "settle_days = 3 (now 7): 99.5 % of the orders",
        ),
        (
            Suggestions(None, 90, 12, 365, None, 7),
            "horizon_days (now 90): 12 gaps are too few",
            "settle_days (now 7): no known_at",
        ),
    ],
)
def test_settings_are_suggested_where_the_data_suffice(
    console: Console, suggestions: Suggestions, horizon: str, settle: str
) -> None:
    show_report(console, _report(suggestions=suggestions))
    text = " ".join(read_text(console).split())
    assert horizon in text
    assert settle in text


def test_the_json_of_a_report_holds_all_of_its_fields(tmp_path: Path) -> None:
    report = report_on(read_shop(write_tiny_shop(tmp_path, "2023-01-05", "2024-03-06")))
    assert msgspec.json.decode(to_json(report), type=ReadinessReport) == report
    keys = json.loads(to_json(report))
    assert keys["errors"] == 0
    assert [table["rows"] for table in keys["tables"]] == [2]
    assert "churn" in [support["prediction"] for support in keys["support"]]


def test_a_log_that_cannot_be_opened_is_reported_and_not_raised(tmp_path: Path) -> None:
    config = write_tiny_shop(tmp_path, "2024-01-05", "someday")
    report = report_on(read_shop(config))
    assert report.errors == len(report.findings) == 1
    assert report.findings[0].where == "orders.ordered_at"
    assert (report.support, report.suggestions) == ([], None)
