"""The readiness report as the terminal shows it and as JSON."""

from rich.console import Console

from features.readiness.coverage import Coverage, Lateness
from features.readiness.finding import Finding
from nextbuy.show.readiness_tables import ReadinessReport, show_report
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
            Coverage(
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
