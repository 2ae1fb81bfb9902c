"""Holds the functions that the source for one customer consists of, and their variables."""

from collections.abc import Iterator
from contextlib import contextmanager

from features.engines.generated.source_blocks import SourceBlock

_PARAMETERS = ("tables", "cutoff", "cutoff_day", "constants", "lookups")


class SourceSections:
    """The source of a function `run`, which calls one function per table or relation.

    Functions are kept small because Python reads the first 256 variables of a function faster
    than further ones.
    """

    def __init__(self) -> None:
        self._module = SourceBlock("")
        self._run = SourceBlock(f"def run({', '.join(_PARAMETERS)}):", self._module)
        self._variables: dict[tuple[str, ...], str] = {}
        self.block = self._run  # of the section that is open
        self._taken: list[str] = []
        self._given: list[str] = []

    @contextmanager
    def open(self, name: str) -> Iterator[None]:
        """Open a function of this name for writing; `run` calls it after those before it."""
        self.block, self._taken, self._given = self._module.within(""), list(_PARAMETERS), []
        yield
        call = f"{name}({', '.join(self._taken)})"
        self.block.header = f"def {call}:"
        if self._given:
            given = "".join(f"{variable}, " for variable in self._given)
            self.block.add(f"return {given}")
            call = f"{given}= {call}"
        self._run.add(call)

    def end(self) -> SourceBlock:
        """Return the block at the end of `run`, which can read every variable."""
        self.block = self._run.within("")
        return self.block

    def text(self) -> str:
        """Return the Python source of all functions."""
        return f"{self._module.text()}\n{self._run.text()}"

    def variable(self, begin: str, *of: str) -> str:
        """Return the name of a variable of the generated function that holds a number or a text.

        Parameters
        ----------
        begin : str
            Python source of the value that a new variable starts with.
        *of : str
            What the variable is named after; the same words return the same variable.

        Returns
        -------
        str
            Name in the generated source, which inner functions may assign to.
        """
        if of not in self._variables:
            self._variables[of] = self.block.variable(begin)
            self._given.append(self._variables[of])
        name = self._variables[of]
        if name not in self._given:
            self.take(name)
            self._given.append(name)
        return name

    def container(self, begin: str, *of: str) -> str:
        """Return the name of a list or mapping of the customer, which functions may fill.

        The same `of` returns the same name; a new container begins with the source `begin`.
        """
        if of not in self._variables:
            self._variables[of] = self._run.variable(begin)
        self.take(self._variables[of])
        return self._variables[of]

    def take(self, name: str) -> None:
        """Make a variable of an earlier function a parameter of the open one."""
        if name not in self._taken:
            self._taken.append(name)
