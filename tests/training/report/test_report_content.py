"""The report: what stands in it, what must not, and that it needs nothing beside it."""

from dataclasses import replace

from matplotlib.figure import Figure

from tests.training.html_page import HtmlPage
from tests.training.made_reports import IMPORTANCE, render
from training.evaluation.evaluation import Evaluation
from training.metrics.probabilities import OURS
from training.report.report_content import ModelReport, ReportCurrency, make_report
from training.report.report_tables import NOT_DISTINGUISHABLE

SECTIONS = (
    "comparison", "reliability", "gain", "pit", "customers", "segments", "importance",
)  # fmt: skip


def test_no_customer_id_stands_in_it(report: ModelReport, html: str) -> None:
    assert "secret" not in html
    for section in report.sections:
        for plot in section.plots.values():
            assert not any("secret" in text.get_text() for text in _texts(plot.figure))
    assert "customer A" in html


def _texts(figure: Figure) -> list:
    return figure.findobj(lambda part: hasattr(part, "get_text"))


def test_a_rival_within_chance_is_said_to_be_so(evaluation: Evaluation) -> None:
    judged = evaluation.test
    ours = judged.laws[OURS]
    alike = replace(judged, laws={OURS: ours, "alike": ours.copy()})
    report = make_report(Evaluation([alike]), IMPORTANCE, ReportCurrency("EUR", 2))
    assert "not distinguishable from that of alike" in report.summary[-1]
    (first, *_) = report.sections
    assert NOT_DISTINGUISHABLE in first.tables[0].rows[0][1]


def test_a_report_can_be_made_where_nobody_returned(evaluation: Evaluation) -> None:
    judged = evaluation.test
    nobody = judged.labels.assign(days_to_next=0, returned=False, spend=0.0)
    report = make_report(
        Evaluation([replace(judged, labels=nobody)]), IMPORTANCE.head(0), ReportCurrency("JPY", 0)
    )
    page = HtmlPage(render(report))
    assert "0 did (0.0" in page.text
    assert "importance" not in page.values("id")
