"""The report's page: complete, self-contained, escaped."""

import re

from tests.training.html_page import HtmlPage
from tests.training.made_reports import render
from training.report.report_content import ModelReport

SECTIONS = (
    "comparison", "reliability", "gain", "pit", "customers", "segments", "importance",
)  # fmt: skip


def test_every_section_is_there_and_linked(html: str) -> None:
    page = HtmlPage(html)
    for name in (*SECTIONS, "summary", "about"):
        assert name in page.values("id")
    assert {f"#{name}" for name in (*SECTIONS, "about")} == set(page.values("href"))
    assert len(page.values("id")) == len(set(page.values("id")))


def test_the_page_needs_nothing_beside_it(html: str) -> None:
    page = HtmlPage(html)
    assert all(source.startswith("data:image/svg+xml;base64,") for source in page.values("src"))
    assert len(page.values("src")) == 8
    assert all(page.values("alt"))
    assert not re.search(r"https?://|url\(|@import|<script|<link|<iframe", html)


def test_what_the_shop_says_is_escaped(report: ModelReport) -> None:
    page = HtmlPage(render(report, shop='<b>&"'))
    assert '<b>&": who buys again, and when' in page.text
    assert "b" not in page.open


def test_only_a_simulated_shop_has_the_banner(report: ModelReport, html: str) -> None:
    assert "nobody in this report exists" not in html
    assert "nobody in this report exists" in render(report, simulated=True)
