"""Parts of a Markdown page: a table, and a docstring as prose."""

import inspect
import re
from collections.abc import Iterable, Sequence

MADE = "<!-- Made from the code by `make reference`: change the code, not this page. -->"


def write_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    r"""Write a table; a line break or a bar within a cell does not end it.

    >>> print(write_table(["key", "meaning"], [["`a`", "this | that"]]))
    | key | meaning |
    |---|---|
    | `a` | this \| that |
    """
    lines = [_write_row(heads), "|" + "---|" * len(heads)]
    return "\n".join([*lines, *map(_write_row, rows)])


def _write_row(cells: Sequence[str]) -> str:
    escaped = [" ".join(cell.split()).replace("|", r"\|") for cell in cells]
    return "| " + " | ".join(escaped) + " |"


def read_summary(documented: object) -> str:
    """Give a docstring without its numpy-style sections, which a title and a line begin."""
    text = inspect.getdoc(documented) or ""
    return re.split(r"\n\n[A-Z]\w+\n-{3,}\n", text)[0].strip()


def read_attributes(documented: type) -> dict[str, str]:
    """Give the meaning of each attribute that a class docstring has in its section Attributes."""
    text = inspect.getdoc(documented) or ""
    _, _, section = text.partition("\nAttributes\n----------\n")
    entries = re.findall(r"^(\w+) : [^\n]+\n((?:    [^\n]*\n?)+)", section, flags=re.MULTILINE)
    return {name: " ".join(meaning.split()) for name, meaning in entries}
