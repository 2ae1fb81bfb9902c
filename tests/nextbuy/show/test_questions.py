"""Questions at a terminal, and where there is none."""

import io

import pytest
import typer
from rich.console import Console

from nextbuy.init.question import Question
from nextbuy.show.questions import Terminal, show_questions

ASKED = Question("Which column is the amount?", ("[Total]", "Revenue"))


def _console() -> Console:
    return Console(file=io.StringIO(), width=80)


def test_an_answer_out_of_range_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([3, 0, 2])
    monkeypatch.setattr(typer, "prompt", lambda *_, **__: next(answers))
    assert Terminal(_console()).choose(ASKED) == 1


def test_questions_are_printed_with_their_answers() -> None:
    console = _console()
    show_questions(console, [ASKED])
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "Which column is the amount?\n  1  [Total] (proposed)\n  2  Revenue\n" in text
    assert "--yes" in text
