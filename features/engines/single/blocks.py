"""Python source that is written piece by piece: blocks of lines, one in another."""

from collections.abc import Iterator
from itertools import count


class Block:
    """Lines under a header: first the names of what is computed, each once, then the body.

    >>> block = Block("def double(x):")
    >>> block.add(f"return {block.let('x + x')}")
    >>> print(block.text())
    def double(x):
        v0 = x + x
        return v0
    """

    def __init__(self, header: str, outer: "Block | None" = None) -> None:
        self.header = header
        self._outer = outer
        self._names: list[tuple[str, str]] = []
        self._named: dict[str, str] = {}
        self._conditions: dict[str, Block] = {}
        self._choices: dict[str, Block] = {}
        self._body: list[str | Block] = []
        self._numbers: Iterator[int] = count() if outer is None else outer._numbers

    def let(self, source: str) -> str:
        """Name the value of an expression, as the block or one around it already does."""
        found = self._find(source)
        if found is None:
            found = self._named[source] = self.variable(source)
        return found

    def variable(self, source: str) -> str:
        """Name what begins as the value of an expression and is to change."""
        name = f"v{next(self._numbers)}"
        self._names.append((name, source))
        return name

    def add(self, line: str) -> None:
        """Put a line at the end, unless it is there."""
        if line not in self._body:
            self._body.append(line)

    def within(self, header: str) -> "Block":
        """Put a block at the end; one without a header is done as a part of this one."""
        block = Block(header, self)
        self._body.append(block)
        return block

    def when(self, condition: str) -> "Block":
        """Give the block of what is done where a condition is true: one for each condition."""
        if condition == "True" or self._holds(f"if {condition}:"):
            return self
        if condition not in self._conditions:
            self._conditions[condition] = self._place(condition)
        return self._conditions[condition]

    def text(self) -> str:
        """Write the source out."""
        return "\n".join(self._lines())

    def _find(self, source: str) -> str | None:
        found = self._named.get(source)
        return found if found or self._outer is None else self._outer._find(source)

    def _holds(self, header: str) -> bool:
        return self.header == header or (self._outer is not None and self._outer._holds(header))

    def _place(self, condition: str) -> "Block":
        """Put the block of a condition; of texts that a name may be, one after the other is tried.

        At most one of them is true.
        """
        name, _, text = condition.partition(" == ")
        if not (name.isidentifier() and text.startswith(("'", '"'))):
            return self.within(f"if {condition}:")
        if name not in self._choices:
            self._choices[name] = self.within("")
        choices = self._choices[name]
        return choices.within(f"{'elif' if choices._body else 'if'} {condition}:")

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
