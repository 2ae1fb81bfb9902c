"""Holds the functions that the generated source consists of, and the places that they share.

`run` goes through customers and calls one function per table or relation. What one function leaves
to a later one lies in flat arrays of the caller: rows of relations in regions of `rows`, their
groups in `index`, values of the customer in `state`, features in `out` and lists in `listed`. The
functions therefore allocate nothing and call nothing but those beside them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from features.engines.generated.source_blocks import SourceBlock

Item = TypeVar("Item")
# A region of `rows` has one place for each row of a customer, a container's part of `index` five:
# four for the table of its groups and one for the row numbers (`flat_functions`).
INDEX_SHARE = 5
_TABLE_SHARE = 4

_PARAMETERS = (
    *("customer", "offsets", "numbers", "texts"),  # whose rows
    *("cutoff", "cutoff_day", "constants", "words", "lookups"),  # the same for everybody
    *("rows", "capacity", "counts", "index", "mask", "state", "listed", "out", "base"),  # results
)
_GIVEN = ", ".join(_PARAMETERS)
# The parameters of `run` with their kinds, of which both the compiler and the caller make types.
RUN_PARAMETERS = {
    **{"customers": "int", "width": "int", "tables": "int"},
    **{"offsets": "arrays of ints", "numbers": "arrays of floats", "texts": "arrays of codes"},
    **{"cutoff": "float", "cutoff_day": "float", "constants": "floats", "words": "codes"},
    **{"lookups": "arrays of floats", "rows": "floats", "capacity": "int", "counts": "ints"},
    **{"index": "ints", "state": "floats", "listed": "arrays of floats", "out": "floats"},
}
_RUN = f"""
def run({", ".join(RUN_PARAMETERS)}):
    for customer in range(customers):
        total = 0
        for table in range(tables):
            total += offsets[table][customer + 1] - offsets[table][customer]
        mask = 7
        while mask < total:
            mask = 2 * mask + 1
        mask = 2 * mask + 1
        base = customer * width
"""


class SourceSections:
    """The source of a function `run`, and what its arguments have to hold.

    Attributes
    ----------
    functions : list of str
        Names of the functions that `run` calls.
    block : SourceBlock
        The function that is open.
    tables : list of str
        Tables of the history, in the order of `offsets`.
    numbers, texts : list of (table, column)
        Columns, in the order of the arguments of these names.
    constants : list of str
        Names of statistics of the population, `@lookup:column`.
    words : list of str
        Texts of literals, whose codes are an argument.
    lookups : list of (lookup, column)
        Statistics with one value per text.
    listed : dict of (relation, column) to bool
        Columns of the rows that are listed beside the features, and whether they are texts.
    regions, containers, states : int
        How many regions of `rows`, parts of `counts` and `index`, and places of `state` there are.
    """

    def __init__(self) -> None:
        self._module = SourceBlock("")
        self.functions: list[str] = []
        self._variables: dict[tuple[str, ...], str] = {}
        self._last_lines: list[str] = []
        self._regions_of: dict[tuple[str, ...], int] = {}
        self.block = self._module
        self.tables: list[str] = []
        self.numbers: list[tuple[str, str]] = []
        self.texts: list[tuple[str, str]] = []
        self.constants: list[str] = []
        self.words: list[str] = []
        self.lookups: list[tuple[str, str]] = []
        self.listed: dict[tuple[str, str], bool] = {}
        self.regions = self.containers = self.states = 0

    @contextmanager
    def open(self, name: str) -> Iterator[None]:
        """Open a function of this name for writing; `run` calls it after those before it."""
        self.block = self._module.within(f"def {name}({_GIVEN}):")
        self._variables, self._last_lines = {}, []
        yield
        for line in self._last_lines:
            self.block.add(line)
        self.functions.append(name)

    def end_with(self, line: str) -> None:
        """Add a line at the end of the open function, once."""
        if line not in self._last_lines:
            self._last_lines.append(line)

    def text(self) -> str:
        """Return the source of all functions."""
        calls = "".join(f"        {name}({_GIVEN})\n" for name in self.functions)
        return f"{self._module.text()}\n{_RUN}{calls}"

    def variable(self, begin: str, *of: str) -> str:
        """Return the name of a variable of the open function that holds a number or a text.

        Parameters
        ----------
        begin : str
            Source of the value that a new variable starts with.
        *of : str
            What the variable is named after; the same words return the same variable.
        """
        if of not in self._variables:
            self._variables[of] = self.block.variable(begin)
        return self._variables[of]

    def used(self, container: int) -> str:
        """Return the variable that counts a container's rows; it is kept between functions."""
        name = self.variable(f"counts[{container}]", "used", str(container))
        self.end_with(f"counts[{container}] = {name}")
        return name

    def offsets(self, table: str) -> str:
        """Return the name of where the rows of each customer begin in a table."""
        return self.block.let(f"offsets[{_position(self.tables, table)}]")

    def column(self, table: str, name: str, is_text: bool) -> str:
        """Return the name of a column of a table."""
        if is_text:
            return self.block.let(f"texts[{_position(self.texts, (table, name))}]")
        return self.block.let(f"numbers[{_position(self.numbers, (table, name))}]")

    def constant(self, name: str) -> str:
        """Return the source of a statistic of the population."""
        return f"constants[{_position(self.constants, name)}]"

    def word(self, text: str) -> str:
        """Return the source of the code of a literal."""
        return f"words[{_position(self.words, text)}]"

    def lookup(self, name: str, column: str) -> str:
        """Return the name of a lookup's column, which has one value for each code."""
        return self.block.let(f"lookups[{_position(self.lookups, (name, column))}]")

    def list_column(self, relation: str, name: str, is_text: bool) -> str:
        """Return the name of a column of the rows that are listed of a relation."""
        self.listed[relation, name] = is_text
        return self.block.let(f"listed[{list(self.listed).index((relation, name))}]")

    def state(self, number: int) -> str:
        """Return the source of a value of the customer."""
        return f"state[{number}]"

    def region(self, number: int) -> str:
        """Return the name of where a region of `rows` begins."""
        return self.block.let(f"{number} * capacity")

    def table_of_groups(self, container: int) -> str:
        """Return the name of where the table of a container's groups begins in `index`."""
        return self.block.let(f"{INDEX_SHARE * container} * capacity")

    def row_numbers(self, container: int) -> str:
        """Return the name of where a container's row numbers begin in `index`."""
        return self.block.let(f"{INDEX_SHARE * container + _TABLE_SHARE} * capacity")

    def region_of(self, *of: str) -> int:
        """Return the number of a region; the same words return the same one."""
        if of not in self._regions_of:
            self._regions_of[of] = self.new_region()
        return self._regions_of[of]

    def new_region(self) -> int:
        """Return the number of a further region of `rows`."""
        self.regions += 1
        return self.regions - 1

    def new_container(self) -> int:
        """Return the number of a further part of `counts` and `index`."""
        self.containers += 1
        return self.containers - 1

    def new_state(self) -> int:
        """Return the number of a further place of `state`."""
        self.states += 1
        return self.states - 1


def _position(items: list[Item], item: Item) -> int:
    """Return the position of an item, which is added where it is new."""
    if item not in items:
        items.append(item)
    return items.index(item)
