"""Asks the questions of `nextbuy init` at a terminal, or prints them where nobody can answer."""

from collections.abc import Sequence
from dataclasses import dataclass

import typer
from rich.console import Console

from nextbuy.init.question import Question


@dataclass(frozen=True)
class Terminal:
    """A person at a terminal, who chooses by number.

    Attributes
    ----------
    console : Console
        Where the questions are shown.
    """

    console: Console

    def choose(self, question: Question) -> int:
        """Show a question and return the place of the answer that is chosen."""
        _show(self.console, question)
        number = 0
        while not 1 <= number <= len(question.choices):
            number = typer.prompt("number", default=1, type=int)
        return number - 1


def show_questions(console: Console, questions: Sequence[Question]) -> None:
    """Print questions, and how to go on without answering them."""
    for question in questions:
        _show(console, question)
    console.print("Nothing was written. Answer at a terminal, or take each first answer by --yes.")


def _show(console: Console, question: Question) -> None:
    console.print(question.text, markup=False, highlight=False, soft_wrap=True)
    for number, choice in enumerate(question.choices, 1):
        line = f"  {number}  {choice}{' (proposed)' if number == 1 else ''}"
        console.print(line, markup=False, highlight=False, soft_wrap=True)
