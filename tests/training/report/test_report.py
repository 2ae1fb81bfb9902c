"""The report: what stands in it, what must not, and that it needs nothing beside it."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pandas as pd
import pytest
from matplotlib.figure import Figure

from training.evaluation.evaluation import Evaluation
from training.metrics.probabilities import OURS
from training.report.report import ModelReport, ReportCurrency, make_report
from training.report.report_page import ReportHeader, render_page
from training.report.report_tables import NOT_DISTINGUISHABLE
from training.report.summary import list_unknowns

SECTIONS = (
    "comparison", "reliability", "gain", "pit", "customers", "segments", "importance",
)  # fmt: skip
IMPORTANCE = pd.DataFrame(
    {
        "model": ["churn", "repurchase-timing"],
        "feature": ["frequency", "gap_median"],
        "description": ["repeat purchase days", "median gap"],
        "family": ["RFM", "rhythm"],
        "share": [1.0, 1.0],
    }
)
_VOID = {"meta", "img", "br", "hr", "link", "input"}


class _Page(HTMLParser):
    """Reads a page; fails where an element is not closed in its order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def values(self, name: str) -> list[str]:
        return [value for found, value in self.attributes if found == name]


@pytest.fixture(scope="module")
def report(evaluation: Evaluation) -> ModelReport:
    return make_report(evaluation, IMPORTANCE, ReportCurrency("EUR", 2))


def _render(report: ModelReport, shop: str = "my shop", simulated: bool = False) -> str:
    facts = {"Models know until": "2025-04-01", "Currency": "EUR"}
    return render_page(report, ReportHeader(shop, simulated, facts, {"churn": "8"}))


@pytest.fixture(scope="module")
def html(report: ModelReport) -> str:
    return _render(report)


def test_every_section_is_there_and_linked(html: str) -> None:
    page = _Page(html)
    for name in (*SECTIONS, "summary", "about"):
        assert name in page.values("id")
    assert {f"#{name}" for name in (*SECTIONS, "about")} == set(page.values("href"))
    assert len(page.values("id")) == len(set(page.values("id")))


def test_the_page_needs_nothing_beside_it(html: str) -> None:
    page = _Page(html)
    assert all(source.startswith("data:image/svg+xml;base64,") for source in page.values("src"))
    assert len(page.values("src")) == 8
    assert all(page.values("alt"))
    assert not re.search(r"https?://|url\(|@import|<script|<link|<iframe", html)


def test_no_customer_id_stands_in_it(report: ModelReport, html: str) -> None:
    assert "secret" not in html
    for section in report.sections:
        for plot in section.plots.values():
            assert not any("secret" in text.get_text() for text in _texts(plot.figure))
    assert "customer A" in html


def _texts(figure: Figure) -> list:
    return figure.findobj(lambda part: hasattr(part, "get_text"))


def test_what_the_shop_says_is_escaped(report: ModelReport) -> None:
    page = _Page(_render(report, shop='<b>&"'))
    assert '<b>&": who buys again, and when' in page.text
    assert "b" not in page.open


def test_only_a_simulated_shop_has_the_banner(report: ModelReport, html: str) -> None:
    assert "nobody in this report exists" not in html
    assert "nobody in this report exists" in _render(report, simulated=True)


def test_the_summary_says_whom_when_how_many_and_how_well(report: ModelReport) -> None:
    text = " ".join(report.summary)
    assert "600 customers" in text
    assert "within 60 days (until 2025-05-31)" in text
    assert "(CRPS) was smaller than that of every one of the 2 simple rivals" in text
    assert "in the window that should hold 80 %" in text


def test_a_rival_within_chance_is_said_to_be_so(evaluation: Evaluation) -> None:
    judged = evaluation.test
    ours = judged.laws[OURS]
    alike = replace(judged, laws={OURS: ours, "alike": ours.copy()})
    report = make_report(Evaluation([alike]), IMPORTANCE, ReportCurrency("EUR", 2))
    assert "not distinguishable from that of alike" in report.summary[-1]
    (first, *_) = report.sections
    assert NOT_DISTINGUISHABLE in first.tables[0].rows[0][1]


def test_models_for_production_are_said_to_be_judged_one_horizon_earlier(
    evaluation: Evaluation,
) -> None:
    assert "fitted one horizon earlier" not in list_unknowns(evaluation)[0]
    production = Evaluation(evaluation.origins[:1])
    assert "fitted one horizon earlier" in list_unknowns(production)[0]


def test_a_report_can_be_made_where_nobody_returned(evaluation: Evaluation) -> None:
    judged = evaluation.test
    nobody = judged.labels.assign(days_to_next=0, returned=False, spend=0.0)
    report = make_report(
        Evaluation([replace(judged, labels=nobody)]), IMPORTANCE.head(0), ReportCurrency("JPY", 0)
    )
    page = _Page(_render(report))
    assert "0 did (0.0" in page.text
    assert "importance" not in page.values("id")


def test_money_is_in_units_of_the_currency(report: ModelReport) -> None:
    (segments,) = [s for s in report.sections if s.name == "segments"]
    spend = [row[-1] for row in segments.tables[0].rows]
    assert all(0 < float(text) < 10.01 for text in spend)  # 1000 minor units each
