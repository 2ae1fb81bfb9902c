"""Pages of the documentation as the tests read them: commands, and the output shown after each.

A fenced `sh` block is a list of commands. The `text` and `json` fences between it and the next
fence of another kind show output of its last command. A fence with `title="excerpt"` shows a part
of that output, any other fence all of it.
"""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PAGES = [
    ROOT / "README.md",
    *sorted(path for path in (ROOT / "docs").rglob("*.md") if path.parent.name != "results"),
]
_FENCE = re.compile(r"^```(\w*)([^\n]*)\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)
_OUTPUT = ("text", "json")


@dataclass(frozen=True)
class Fence:
    """A fenced block of a page; `start` and `end` bound its inner text in the page."""

    language: str
    is_excerpt: bool
    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Example:
    """A command of a page, and the fences that show its output."""

    page: Path
    line: int
    command: str
    outputs: tuple[Fence, ...]

    @property
    def program(self) -> str:
        """First word of the command."""
        return self.command.split()[0]

    def __str__(self) -> str:
        """Name the example where a test fails: page, line and command."""
        return f"{self.page.relative_to(ROOT)}:{self.line}: {self.command[:40]}"


def read_fences(page: Path) -> list[Fence]:
    """Read the fenced blocks of a page, in their order."""
    return [
        Fence(match[1], 'title="excerpt"' in match[2], match[3], match.start(3), match.end(3))
        for match in _FENCE.finditer(page.read_text(encoding="utf-8"))
    ]


def read_examples(page: Path) -> list[Example]:
    """Read the commands of a page, in their order."""
    text = page.read_text(encoding="utf-8")
    fences = read_fences(page)
    examples = []
    for index, fence in enumerate(fences):
        if fence.language != "sh":
            continue
        outputs = _outputs_after(fences[index + 1 :])
        commands = read_commands(fence.text)
        line = text.count("\n", 0, fence.start) + 1
        examples += [Example(page, line, command, ()) for command in commands[:-1]]
        examples.append(Example(page, line, commands[-1], outputs))
    return examples


def read_commands(block: str) -> list[str]:
    """Read the commands of a `sh` block: a line each, joined where a line ends in a backslash."""
    lines = block.replace("\\\n", " ").splitlines()
    commands = [re.split(r"\s+#", line)[0].strip() for line in lines]
    return [command for command in commands if command and not command.startswith("#")]


def _outputs_after(fences: list[Fence]) -> tuple[Fence, ...]:
    outputs = []
    for fence in fences:
        if fence.language not in _OUTPUT:
            break
        outputs.append(fence)
    return tuple(outputs)
