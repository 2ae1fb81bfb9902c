"""Writes how rows of a relation are held until all of them are there: groups, orders, the latest.

The rows of one customer lie in regions of `rows`, one region for each column.
"""

from collections.abc import Iterable, Mapping, Sequence

from features.engines.generated.aggregates import add_total
from features.engines.generated.expressions import Term, TermColumns, column
from features.engines.generated.source_blocks import SourceBlock
from features.engines.generated.source_sections import SourceSections
from features.language.relation import Relation, Total


class HeldRows:
    """The held rows of one relation.

    Parameters
    ----------
    sections : SourceSections
        The source that is written.
    relation : Relation
        The relation.
    names : iterable of str
        Its columns that are held.
    """

    def __init__(self, sections: SourceSections, relation: Relation, names: Iterable[str]) -> None:
        self._sections, self._relation = sections, relation
        self._number = sections.new_container()
        self._regions = {name: sections.new_region() for name in names}
        self._terms: dict[str, Term] = {}  # what is known of a column, over all sources

    def add_to_group(
        self,
        block: SourceBlock,
        keys: TermColumns,
        totals: Mapping[str, Total],
        values: TermColumns,
    ) -> None:
        """Write how a row adds to the totals of its group.

        Parameters
        ----------
        block : SourceBlock
            The lines that are run for each row.
        keys, values : mapping of str to Term
            The keys of the group, and the value of the row for each total.
        totals : mapping of str to Total
            The totals that are read.
        """
        self._note(keys)
        always = {
            name: "True" if aggregate == "count" or values[name].known == "True" else ""
            for name, (aggregate, _) in totals.items()
        }
        self._note({name: Term("", known=known) for name, known in always.items()})
        group, used = self._find(block, keys), self._sections.used(self._number)
        block = block.within("")  # after the lines of those who read the row before
        new = block.when(f"{group} == {used}")
        for name, (aggregate, _) in totals.items():
            new.add(f"{self._place(name, group)} = {'0.0' if aggregate == 'count' else 'nan'}")
        new.add(f"{used} += 1")
        for name, (aggregate, _) in totals.items():
            add_total(aggregate, block, self._place(name, group), values[name])

    def append(self, block: SourceBlock, columns: TermColumns) -> None:
        """Write how a row is put after the others."""
        self._note(columns)
        used = self._sections.used(self._number)
        for name, term in columns.items():
            block.add(f"{self._place(name, used)} = {term.source}")
        block.add(f"{used} += 1")

    def keep_latest(self, block: SourceBlock, columns: TermColumns) -> None:
        """Write how a row replaces the one before it, of those that are alike in `within`."""
        self._note(columns)
        relation, used = self._relation, self._sections.used(self._number)
        within = {name: columns[name] for name in relation.within}
        row = self._find(block, within) if within else "0"
        block = block.within("")  # after the lines of those who read the row before
        later, equal = list[str](), list[str]()
        for name in (str(relation.order), *relation.ties):
            new, old = columns[name], self._place(name, row)
            later.append(" and ".join([*equal, _is_after(new, old)]))
            equal.append(_is_equal(new, old))
        is_new = f"{row} == {used}"
        replaced = block.when(f"({is_new} or {' or '.join(later)})")
        for name, term in columns.items():
            replaced.add(f"{self._place(name, row)} = {term.source}")
        block.when(is_new).add(f"{used} += 1")

    def put_in_order(self) -> None:
        """Write what comes before the loop over all rows.

        Groups are forgotten and stay in the order of their first rows; rows of which gaps or ages
        are read are sorted.
        """
        sections, relation = self._sections, self._relation
        used, numbers = sections.used(self._number), sections.row_numbers(self._number)
        if relation.by or relation.within:
            table = sections.table_of_groups(self._number)
            sections.block.add(f"forget_groups(index, {table}, {numbers}, {used})")
        if self._is_sorted:
            keys = sections.region(self._regions[str(relation.order)])
            sections.block.add(f"sort_rows(index, {numbers}, rows, {keys}, {used})")
        sections.end_with(f"counts[{self._number}] = 0")

    @property
    def _is_sorted(self) -> bool:
        return self._relation.order is not None and not self._relation.latest

    def loop(self) -> tuple[SourceBlock, dict[str, Term]]:
        """Write the loop over all rows; return its block and the columns in it."""
        sections, used = self._sections, self._sections.used(self._number)
        loop = sections.block.within(f"for place in range({used}):")
        if not self._is_sorted:
            return loop, self._load(loop, "place")
        numbers = sections.row_numbers(self._number)
        return loop, self._load(loop, loop.let(f"index[{numbers} + place]"))

    def first(self, name: str) -> str:
        """Return the name of a column's value in the first row, written before the loop."""
        numbers = self._sections.row_numbers(self._number)
        first = f"first_{name}"
        self._sections.block.add(f"{first} = {self._place(name, f'index[{numbers}]')}")
        return first

    def _note(self, columns: TermColumns) -> None:
        """Note what is known of columns: a value that one source may lack may be missing."""
        for name, term in columns.items():
            known = self._terms.get(name, term).known == term.known == "True"
            self._terms[name] = Term("", term.is_text, "True" if known else "")

    def _place(self, name: str, row: str) -> str:
        return f"rows[{self._sections.region(self._regions[name])} + {row}]"

    def _load(self, loop: SourceBlock, row: str) -> dict[str, Term]:
        """Return the terms of the columns in a loop; codes become whole numbers again."""
        columns = {}
        for name, term in self._terms.items():
            place = self._place(name, row)
            value = loop.let(f"int({place})" if term.is_text else place)
            columns[name] = column(value, term.is_text, term.known)
        return columns

    def _find(self, block: SourceBlock, keys: TermColumns) -> str:
        """Write the search of a row's group; return the name of the group's number."""
        _check_keys(self._relation, keys)
        sections = self._sections
        regions = [sections.region(self._regions[name]) for name in keys]
        function = "find_group" if len(keys) == 1 else "find_group_of_two"
        given: Sequence[str] = [
            "index", sections.table_of_groups(self._number), "mask",
            sections.row_numbers(self._number), "rows", *regions, sections.used(self._number),
            *(term.source for term in keys.values()),
        ]  # fmt: skip
        return block.let(f"{function}({', '.join(given)})")


def _check_keys(relation: Relation, keys: TermColumns) -> None:
    missing = [n for n, term in keys.items() if not term.is_text and term.known != "True"]
    if missing or len(keys) > 2:
        raise ValueError(
            f"{relation.name}: expected one or two keys, texts or numbers that are never missing, "
            f"got {', '.join(keys)}; correct the declaration"
        )


def _is_after(new: Term, old: str) -> str:
    """Write whether a value is larger than one that is held; a missing one is the smallest."""
    if new.is_text:
        return f"{new.source} > {old}"
    return f"{new.known} and not {new.source} <= {old}"


def _is_equal(new: Term, old: str) -> str:
    if new.is_text:
        return f"{new.source} == {old}"
    return f"({new.source} == {old} or ({new.source} != {new.source} and {old} != {old}))"
