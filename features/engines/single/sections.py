"""The functions of which the source for one customer is made, and what one hands to the next."""

from collections.abc import Iterator
from contextlib import contextmanager

from features.engines.single.blocks import Block

_PARAMETERS = ("tables", "cutoff", "cutoff_day", "constants", "lookups")


class Sections:
    """A function `run` that calls a function for each table or relation gone through.

    Each one has few variables of its own: Python reads the first 256 of a function faster.
    """

    def __init__(self) -> None:
        self._module = Block("")
        self._run = Block(f"def run({', '.join(_PARAMETERS)}):", self._module)
        self._variables: dict[tuple[str, ...], str] = {}
        self.block = self._run  # of the section that is open
        self._taken: list[str] = []
        self._given: list[str] = []

    @contextmanager
    def open(self, name: str) -> Iterator[None]:
        """Write a section, which is called after those before it."""
        self.block, self._taken, self._given = self._module.within(""), list(_PARAMETERS), []
        yield
        call = f"{name}({', '.join(self._taken)})"
        self.block.header = f"def {call}:"
        if self._given:
            given = "".join(f"{variable}, " for variable in self._given)
            self.block.add(f"return {given}")
            call = f"{given}= {call}"
        self._run.add(call)

    def end(self) -> Block:
        """Open what `run` does at last; every variable is there."""
        self.block = self._run.within("")
        return self.block

    def text(self) -> str:
        """Write the source out."""
        return f"{self._module.text()}\n{self._run.text()}"

    def variable(self, begin: str, *of: str) -> str:
        """Name a number or text of the customer, the same wherever it is asked for."""
        if of not in self._variables:
            self._variables[of] = self.block.variable(begin)
            self._given.append(self._variables[of])
        name = self._variables[of]
        if name not in self._given:
            self.take(name)
            self._given.append(name)
        return name

    def container(self, begin: str, *of: str) -> str:
        """Name a list or mapping of the customer, the same wherever it is asked for."""
        if of not in self._variables:
            self._variables[of] = self._run.variable(begin)
        self.take(self._variables[of])
        return self._variables[of]

    def take(self, name: str) -> None:
        """Read what a section before has given."""
        if name not in self._taken:
            self._taken.append(name)
