"""The result of a training as the terminal shows it."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

from nextbuy.show.training_tables import show_trained
from tests.nextbuy.show.narrow_terminal import make_scores, read_text

SHOP = Path("a-folder-whose-name-is-long") / "another-one-whose-name-is-long" / "nextbuy.toml"


def test_a_training_shows_its_versions_the_holdout_and_the_command_of_its_report(
    console: Console,
) -> None:
    scores = make_scores(1)
    holdout = scores[scores["frequency"] == "all"]
    versions = {"churn": "4", "best-channel": "2"}
    result = SimpleNamespace(versions=versions, holdout=holdout, reported=True)
    show_trained(console, result, SHOP)
    text = read_text(console)
    assert text.startswith("churn: version 4 is the challenger\nbest-channel: version 2 is the")
    assert "12,345 customers, judged on what they did after 2023-04-01" in " ".join(text.split())
    # the command is one line, so that it can be copied
    assert f"as a page: nextbuy report --shop {SHOP} --version 4\n" in text


@pytest.mark.parametrize("versions", [{}, {"best-channel": "1"}])
def test_a_training_without_a_holdout_or_a_report_shows_versions_alone(
    console: Console, versions: dict[str, str]
) -> None:
    show_trained(console, SimpleNamespace(versions=versions, holdout=None, reported=False), SHOP)
    assert len(read_text(console).splitlines()) == len(versions)
