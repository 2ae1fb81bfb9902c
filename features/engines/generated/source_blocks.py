"""Holds Python source while it is written: blocks of lines, one within another."""

from collections.abc import Iterator
from itertools import count


class SourceBlock:
    """Lines of Python under a header: first named values, each computed once, then the body.

    Parameters
    ----------
    header : str
        The line above the block, as in `for row in rows:`; empty for a block without one.
    outer : SourceBlock or None
        The block that this one stands in.

    Examples
    --------
    >>> block = SourceBlock("def double(x):")
    >>> block.add(f"return {block.let('x + x')}")
    >>> print(block.text())
    def double(x):
        v0 = x + x
        return v0
    """

    def __init__(self, header: str, outer: "SourceBlock | None" = None) -> None:
        self.header = header
        self._outer = outer
        self._names: list[tuple[str, str]] = []
        self._named: dict[str, str] = {}
        self._conditions: dict[str, SourceBlock] = {}
        self._body: list[str | SourceBlock] = []
        self._numbers: Iterator[int] = count() if outer is None else outer._numbers

    def let(self, source: str) -> str:
        """Return a name for the value of an expression, computed once in this or an outer block."""
        name = self._find(source)
        if name is None:
            name = self._named[source] = self.variable(source)
        return name

    def variable(self, source: str) -> str:
        """Return the name of a new variable that begins as the value of an expression."""
        name = f"v{next(self._numbers)}"
        self._names.append((name, source))
        return name

    def add(self, line: str) -> None:
        """Add a line at the end, unless the block has it already."""
        if line not in self._body:
            self._body.append(line)

    def within(self, header: str) -> "SourceBlock":
        """Add a block at the end and return it; without a header it is a part of this block."""
        block = SourceBlock(header, self)
        self._body.append(block)
        return block

    def when(self, condition: str) -> "SourceBlock":
        """Return the block that is run where a condition is true; there is one per condition."""
        if condition == "True" or self._holds(f"if {condition}:"):
            return self
        if condition not in self._conditions:
            self._conditions[condition] = self.within(f"if {condition}:")
        return self._conditions[condition]

    def text(self) -> str:
        """Return the Python source of the block."""
        return "\n".join(self._lines())

    def _find(self, source: str) -> str | None:
        name = self._named.get(source)
        return name if name or self._outer is None else self._outer._find(source)

    def _holds(self, header: str) -> bool:
        return self.header == header or (self._outer is not None and self._outer._holds(header))

    def _lines(self) -> Iterator[str]:
        indent = "    " if self.header else ""
        if self.header:
            yield self.header
        for name, source in self._names:
            yield f"{indent}{name} = {source}"
        for part in self._body:
            for line in [part] if isinstance(part, str) else part._lines():
                yield indent + line
        if self.header and not self._names and not self._body:
            yield f"{indent}pass"
