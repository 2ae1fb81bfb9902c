"""Pages of results are written from what the benchmarks left, and from nothing else."""

import json
from pathlib import Path

import pytest

from benchmarks import rows
from benchmarks.results_pages import PAGES, SUBJECTS, write_pages
from benchmarks.rows import Row, report

ROOT = Path(__file__).parents[2]


def test_a_page_holds_the_rows_the_commit_and_the_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "RESULTS", tmp_path)
    report("answer", [Row("a|b", 1.23456, 1.0, goal="<= 2", met=True), Row("c", 3, met=False)])
    measured = json.loads((tmp_path / "measured.json").read_text())["answer"]
    (page,) = write_pages(tmp_path, tmp_path)
    text = page.read_text()
    assert page.name == "answer.md"
    assert "| a\\|b | 1.235 | 1 |  | <= 2 | yes |\n| c | 3 |  |  |  | NO |" in text
    assert f"on {measured['date']}, at commit {measured['commit']}" in text


@pytest.mark.parametrize("name", SUBJECTS)
def test_a_page_is_measured_by_a_make_target_that_exists(name: str) -> None:
    assert f"\n{SUBJECTS[name].target}:" in (ROOT / "Makefile").read_text()


def test_every_page_of_results_is_reached_from_the_site() -> None:
    site = (ROOT / "mkdocs.yml").read_text()
    for page in PAGES.glob("*.md"):
        assert f": results/{page.name}\n" in site
