"""Writes what the commands print into the pages, in place of what the pages show.

`make docs-outputs` runs the tests of the pages with NEXTBUY_WRITE_PAGES set. What changed is then
read in the diff before it is committed.
"""

import os
from collections import defaultdict
from pathlib import Path

from tests.docs.masking import mask
from tests.docs.pages import Fence

IS_WRITING = "NEXTBUY_WRITE_PAGES" in os.environ


class PageWriter:
    """Collects the new inner text of fences, and writes each page once at the end."""

    def __init__(self) -> None:
        self._texts: dict[Path, dict[Fence, str]] = defaultdict(dict)

    def replace(self, page: Path, fence: Fence, text: str) -> None:
        """Note what a fence is to show."""
        self._texts[page][fence] = text.rstrip("\n") + "\n"

    def write(self) -> None:
        """Write the pages; from the last fence to the first, so that offsets stay true."""
        for page, texts in self._texts.items():
            content = page.read_text(encoding="utf-8")
            for fence in sorted(texts, key=lambda one: one.start, reverse=True):
                content = content[: fence.start] + texts[fence] + content[fence.end :]
            page.write_text(content, encoding="utf-8")


def cut_part(output: str, shown: str) -> str:
    """Cut from an output the lines that a page shows: from its first line to its last one."""
    lines = output.splitlines()
    first, *_, last = [mask(line) for line in shown.splitlines() if line.strip()] * 2
    masked = [mask(line) for line in lines]
    start = masked.index(first)
    return "\n".join(lines[start : masked.index(last, start) + 1])
