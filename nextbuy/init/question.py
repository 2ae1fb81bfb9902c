"""Questions that `nextbuy init` cannot answer from names and contents, and who answers them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Question:
    """A choice that the shop has to make.

    Attributes
    ----------
    text : str
        What is asked.
    choices : tuple of str
        The answers, the proposed one first.
    """

    text: str
    choices: tuple[str, ...]


class Answering(Protocol):
    """Answers questions: a person at a terminal, or nobody, who is proposed something."""

    def choose(self, question: Question) -> int:
        """Return the place of the chosen answer."""


@dataclass
class Proposals:
    """Takes the first answer of each question, and remembers what was asked.

    Attributes
    ----------
    asked : list of Question
        The questions, in their order.
    """

    asked: list[Question] = field(default_factory=list)

    def choose(self, question: Question) -> int:
        """Return the place of the proposed answer, which is the first."""
        self.asked.append(question)
        return 0


def pick(answering: Answering, text: str, choices: Sequence[str]) -> str:
    """Return the only choice, or the one that is chosen of several."""
    if len(choices) == 1:
        return choices[0]
    return choices[answering.choose(Question(text, tuple(choices)))]
