"""Declares what a relation is: rows of a customer as known at a cutoff.

A relation reads a table of the history, or relations declared before it. Every engine compiles it
from the same declaration: to SQL in `features.engines.sql.duckdb_engine`, to Python over flat
columns of customers' rows in `features.engines.generated.source_writer`.
"""

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field

from features.history.layout import HISTORY_TABLES
from features.language.expressions import names_in

Total = tuple[str, str]  # aggregate and value, as in ("sum", "amount")


def is_constant(name: str) -> bool:
    """Say whether a name stands for one value per cutoff: the cutoff itself or a lookup's value.

    Examples
    --------
    >>> [is_constant(name) for name in ("cutoff_day", "@cycle:gap_mean", "amount")]
    [True, True, False]
    """
    return name in ("cutoff", "cutoff_day") or name.startswith("@")


@dataclass(frozen=True)
class Lookup:
    """A statistic of the population, computed once per cutoff: one row per key.

    Attributes
    ----------
    name : str
        Features read its values as `"@name:column"`, or `"@name:column:key"`.
    relation : str
        The relation whose rows of all customers are summed up.
    key : str or None
        A text column of that relation; None sums up everything into one row.
    totals : mapping of str to Total
        Its columns, each an aggregate of the relation's rows.
    """

    name: str
    relation: str
    key: str | None
    totals: Mapping[str, Total]

    @property
    def definition(self) -> str:
        """The declaration as one text, from which the hash of each feature that reads it is made.

        What the relation is has a text of its own, `Relation.definition`.
        """
        return f"{self.name}: {self.relation} by {self.key} {dict(self.totals)}"


@dataclass(frozen=True)
class Relation:
    """A customer's rows of one kind, computed in the order of the attributes below.

    Attributes
    ----------
    name : str
        What features and other relations call it.
    table : str or None
        A table of the history, of which only what is known at the cutoff is read.
    sources : tuple of str
        Or relations declared before, whose rows are put one after the other.
    lookback : int or None
        Days before the cutoff that are read; None reads everything.
    customer : dict of str to (relation, aggregate, value)
        One value per customer, from another relation, that stands in each of its rows.
    lookup : Lookup or None
        Its columns stand in each row that has the key.
    where : str
        SQL over all of the columns so far.
    columns : dict of str to str
        The columns, as SQL over all of the columns so far; of a table they always include
        `happened_at`.
    by, totals : tuple of str, dict of str to Total
        With `by`, one row for each customer and value of these columns, and the totals.
    order : str or None
        The column that rows are ordered by, within the columns `within`.
    gaps, ages : dict of str to str
        A column less its value in the row before, or in the first row, in that order.
    latest : bool
        Keep the last row in that order only.
    ties : tuple of str
        Columns that choose the last of several rows at one place of that order: the largest
        value, a missing one being the smallest.
    """

    name: str
    table: str | None = None
    sources: tuple[str, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    where: str = ""
    lookback: int | None = None
    customer: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)
    lookup: Lookup | None = None
    by: tuple[str, ...] = ()
    totals: Mapping[str, Total] = field(default_factory=dict)
    order: str | None = None
    within: tuple[str, ...] = ()
    gaps: Mapping[str, str] = field(default_factory=dict)
    ages: Mapping[str, str] = field(default_factory=dict)
    latest: bool = False
    ties: tuple[str, ...] = ()

    @property
    def relations(self) -> set[str]:
        """Names of the relations that it reads directly."""
        return set(self.sources) | {name for name, _, _ in self.customer.values()}

    @property
    def names(self) -> set[str]:
        """Names of the columns that it gives, beside the customer."""
        return {*self.columns, *self.by, *self.totals, *self.gaps, *self.ages}

    def inputs(self, name: str) -> set[str]:
        """List the columns of its source that one of its columns reads."""
        if name in self.columns:
            return self._of_source(names_in(self.columns[name]))
        if name in self.totals:
            return self._of_source(names_in(self.totals[name][1]))
        if name in self.gaps:
            return self.inputs(self.gaps[name])
        if name in self.ages:
            return self.inputs(self.ages[name])
        return {name}  # a column of `by` stands for itself

    def reads(self, columns: Set[str]) -> set[str]:
        """List all names that the texts of some of its columns, its keys and `where` read."""
        names = self.with_ordered(columns)
        texts = [self.columns[name] for name in names if name in self.columns]
        texts += [self.totals[name][1] for name in names if name in self.totals]
        texts += [self.where] if self.where else []
        return set(self.by).union(*(names_in(text) for text in texts))

    def with_ordered(self, columns: Set[str]) -> set[str]:
        """Add to some columns those that gaps, ages and the order of rows are made of."""
        names = {self.gaps.get(n, n) for n in columns} | {self.ages.get(n, n) for n in columns}
        return {*columns, *names, *self.within, *self.ties, *([self.order] if self.order else [])}

    def looks_up(self, columns: Set[str]) -> bool:
        """Say whether some of its columns come from its lookup."""
        return self.lookup is not None and bool(self.reads(columns) & self.lookup.totals.keys())

    def inputs_of(self, columns: Set[str]) -> set[str]:
        """List the columns of its source that some of its columns and the choice of rows read."""
        clock = {"happened_at"} if self.lookback is not None else set()
        return self.filters().union(clock, *(self.inputs(name) for name in columns))

    def filters(self) -> set[str]:
        """List the columns of its source that decide which rows there are."""
        read = names_in(self.where) if self.where else set()
        return self._of_source(read | set(self.by))

    def _of_source(self, read: Set[str]) -> set[str]:
        """Keep the names that come from the source; a column of the lookup needs its key."""
        read, joined = set(read), set(self.lookup.totals) if self.lookup else set()
        if self.lookup and self.lookup.key and read & joined:
            read |= {self.lookup.key}
        return {n for n in read - self.customer.keys() - joined if not is_constant(n)}

    @property
    def definition(self) -> str:
        """The declaration as one text, from which the hash of each feature that reads it is made.

        The relations that it reads have texts of their own.
        """
        parts = {
            name: value
            for name in self.__dataclass_fields__
            if name not in ("name", "lookup") and (value := getattr(self, name))
        }
        return str(parts) + (self.lookup.definition if self.lookup else "")


class Relations(Mapping[str, Relation]):
    """Maps names to relations, in an order in which each one reads only those before it.

    Raises
    ------
    ValueError
        A relation reads one that is not declared before it.
    """

    def __init__(self, relations: tuple[Relation, ...]) -> None:
        self._relations: dict[str, Relation] = {}
        for relation in relations:
            if missing := relation.relations - self._relations.keys():
                raise ValueError(f"{relation.name}: reads {sorted(missing)}, not declared before")
            self._relations[relation.name] = relation

    def __getitem__(self, name: str) -> Relation:
        return self._relations[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._relations)

    def __len__(self) -> int:
        return len(self._relations)

    def closure(self, names: set[str]) -> list[Relation]:
        """List the named relations and all that they read, each after those that it reads."""
        wanted = set(names)
        for relation in reversed(list(self.values())):
            if relation.name in wanted:
                wanted |= relation.relations
        return [relation for relation in self.values() if relation.name in wanted]

    def definition(self, name: str) -> str:
        """Write the text that a hash covers of a relation and of all relations that it reads."""
        return " ".join(relation.definition for relation in self.closure({name}))

    def needs(self, name: str, columns: set[str]) -> set[str]:
        """List the optional columns of the contract that columns of a relation come from.

        Examples
        --------
        >>> from features.catalog.relations import PURCHASES
        >>> Relations(PURCHASES).needs("purchases", {"discount"})
        {'orders.discount'}
        """
        relation = self[name]
        inputs = set(relation.filters()).union(*(relation.inputs(c) for c in columns))
        needs = set()
        if relation.table is not None:
            declared = HISTORY_TABLES[relation.table].columns
            needs = {need for column in inputs for need in declared[column]}
        for source in relation.sources:
            needs |= self.needs(source, inputs)
        if relation.lookup is not None and relation.looks_up(columns):
            needs |= self.lookup_needs(relation.lookup, set(relation.lookup.totals))
        for source, _, value in relation.customer.values():
            needs |= self.needs(source, {n for n in names_in(value) if not is_constant(n)})
        return needs

    def lookup_needs(self, lookup: Lookup, columns: set[str]) -> set[str]:
        """List the tables and optional columns of the contract that a lookup comes from."""
        read = set().union(*(names_in(lookup.totals[name][1]) for name in columns))
        read |= {lookup.key} if lookup.key else set()
        inputs = {name for name in read if not is_constant(name)}
        return self.needs(lookup.relation, inputs) | self.contract_tables(lookup.relation)

    def lookback(self, name: str) -> int | None:
        """Return how many days before the cutoff a relation reads; None for all of the history."""
        relation = self[name]
        days = [self.lookback(source) for source in relation.sources]
        if relation.lookback is not None:
            return min([relation.lookback, *(d for d in days if d is not None)])
        return None if not days or None in days else max(d for d in days if d is not None)

    def contract_tables(self, name: str) -> set[str]:
        """List the tables of the contract that a relation reads."""
        return {HISTORY_TABLES[table].contract for table in self.tables(name)}

    def tables(self, name: str) -> set[str]:
        """List the tables of the history that a relation reads."""
        return {r.table for r in self.closure({name}) if r.table is not None}
