"""Writes the source of the function that computes a catalog's features of one customer.

The function goes through the rows of each table once. All that a row contributes to relations and
features is done in the body of that loop, as in a database that compiles its queries (Neumann
2011, "Efficiently Compiling Efficient Query Plans for Modern Hardware"). Only rows that are
grouped or ordered are held in memory and gone through in a loop of their own.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from features.engines.generated.aggregates import add_extreme, add_total, add_value
from features.engines.generated.expressions import ExpressionWriter, Term, column
from features.engines.generated.source_blocks import SourceBlock
from features.engines.generated.source_sections import SourceSections
from features.history.layout import HISTORY_TABLES, TEXT_COLUMNS
from features.language.catalog import Catalog
from features.language.expressions import names_in
from features.language.feature import Aggregate
from features.language.relation import Relation
from features.windows import DAY

TermColumns = Mapping[str, Term]


def write_features(catalog: Catalog) -> str:
    """Write the source of a function `run` that computes a catalog's features of one customer.

    Returns
    -------
    str
        Python source. `run` takes the customer's tables, `cutoff`, `cutoff_day`, the constants
        of the population (`@lookup:column` -> value) and the lookups that relations join (name
        -> column -> key -> value). It returns three tuples: all numbers, all texts and the
        rows of all listed relations, each in the catalog's order.

    Raises
    ------
    ValueError
        A relation combines what this engine does not compute.
    """
    return _FeatureWriter(catalog).write()


class _FeatureWriter:
    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._wanted = catalog.read_columns
        self._sections = SourceSections()
        self._constants: dict[str, Term] = {
            name: Term(name, known="True", is_fixed=True, is_simple=True)
            for name in ("cutoff", "cutoff_day")
        }
        for name in set().union(*(feature.names for feature in catalog.values())):
            if name.startswith("@"):
                self._constants[name] = Term(f"constants[{name!r}]", is_fixed=True)
        self._held: dict[str, _HeldRows] = {}  # by relation
        self._of_customer: dict[tuple[str, str], Term] = {}  # by relation and column
        self._features: dict[str, Term] = {}

    def write(self) -> str:
        """Return the Python source."""
        for relation in self._catalog.read_relations:
            _check(relation)
            if relation.table is not None:
                with self._sections.open(f"read_{relation.name}"):
                    self._read(relation, relation.table)
            if relation.by:
                with self._sections.open(f"group_{relation.name}"):
                    self._read_groups(relation)
            if relation.order is not None:
                with self._sections.open(f"order_{relation.name}"):
                    self._read_ordered(relation)
        self._finish()
        return self._sections.text()

    def _writer(self, block: SourceBlock, columns: TermColumns) -> ExpressionWriter:
        return ExpressionWriter(block, self._sections.block, self._constants | dict(columns))

    def _read(self, relation: Relation, table: str) -> None:
        """Write the loop over the rows of a table that are known at the cutoff."""
        happened, block = HISTORY_TABLES[table].happened, self._sections.block
        wanted = (
            relation.inputs_of(self._wanted[relation.name]) & HISTORY_TABLES[table].columns.keys()
        )
        names = sorted(wanted | {happened, "known_at"})
        rows = block.let(f"tables.get({table!r})")
        lists = ", ".join(f"{rows}[{name!r}].tolist()" for name in names)
        loop = block.when(f"{rows} is not None")
        loop = loop.within(f"for {', '.join(names)} in zip({lists}):")
        never_missing = (happened, "known_at", "local_day")
        columns = {
            name: column(name, name in TEXT_COLUMNS, "True" if name in never_missing else "")
            for name in names
        }
        known = loop.when(f"known_at <= cutoff and {happened} <= cutoff")
        self._feed(relation, self._since(known, happened, relation.lookback), columns)

    def _since(self, block: SourceBlock, happened: str, lookback: int | None) -> SourceBlock:
        if lookback is None:
            return block
        return block.when(f"{happened} > {self._start(lookback)}")

    def _start(self, lookback: int) -> str:
        return self._sections.block.let(f"(cutoff - {float(lookback * DAY)})")

    def _feed(self, relation: Relation, block: SourceBlock, columns: TermColumns) -> None:
        """Write what a relation does with a row of its source."""
        columns = {**columns, **self._joined(relation, columns)}
        if relation.where:
            block, columns = self._where(relation.where, block, columns)
        if relation.by:
            self._group(relation, block, columns)
            return
        writer, uses = self._writer(block, columns), self._uses(relation)
        given = {}
        for name in sorted(relation.columns.keys() & self._wanted[relation.name]):
            write = writer.expression if uses[name] == 1 else writer.value
            given[name] = write(relation.columns[name])
        self._give(relation, block, given)

    def _give(self, relation: Relation, block: SourceBlock, columns: TermColumns) -> None:
        """Write what is done with a row of a relation: it is read at once, or ordered first."""
        if relation.order is None:
            self._hand_on(relation, block, columns)
        else:
            self._order(relation, block, columns)

    def _uses(self, relation: Relation) -> Counter[str]:
        """Count how often each column of a relation is read; ordering reads it twice."""
        features = [f for f in self._catalog.aggregates if f.relation == relation.name]
        texts = [text for f in features for text in (f.value, f.where, f.by) if text]
        texts += self._catalog.listed.get(relation.name, ())
        for other in self._catalog.read_relations:
            texts += [
                text for source, _, text in other.customer.values() if source == relation.name
            ]
            if relation.name in other.sources:
                names = self._wanted[other.name]
                texts += [other.columns[name] for name in names if name in other.columns]
                texts += [other.totals[name][1] for name in names if name in other.totals]
                texts += [*other.by, *([other.where] if other.where else [])]
        uses = Counter(name for text in texts for name in names_in(text))
        return uses if relation.order is None else uses + Counter([*relation.columns] * 2)

    def _joined(self, relation: Relation, columns: TermColumns) -> TermColumns:
        """Return the terms that have one value per customer, or per key of the lookup."""
        names = relation.reads(self._wanted[relation.name])
        joined = {}
        for name in sorted(relation.customer.keys() & names):
            joined[name] = self._of_customer[relation.name, name]
            self._sections.take(joined[name].source)
        lookup = relation.lookup
        if lookup is not None and lookup.totals.keys() & names:
            key = columns[str(lookup.key)].source
            for name in sorted(lookup.totals.keys() & names):
                get = self._sections.block.let(f"lookups[{lookup.name!r}][{name!r}].get")
                joined[name] = Term(f"{get}({key}, nan)")
        return joined

    def _where(
        self, text: str, block: SourceBlock, columns: TermColumns
    ) -> tuple[SourceBlock, TermColumns]:
        """Return the block of the rows that meet a condition, and the columns known in it."""
        for condition in self._writer(block, columns).conditions(text):
            block = block.when(condition)
            columns = {
                name: replace(term, known="True") if term.known == condition else term
                for name, term in columns.items()
            }
        return block, columns

    def _hand_on(self, relation: Relation, block: SourceBlock, columns: TermColumns) -> None:
        """Write what all that read the relation do with a row."""
        if relation.name in self._catalog.listed:
            row = "".join(f"{columns[n].source}, " for n in self._catalog.listed[relation.name])
            block.add(f"{self._list_of(relation.name)}.append(({row}))")
        features = [f for f in self._catalog.aggregates if f.relation == relation.name]
        values = Counter(feature.value for feature in features)
        for text in [text for text, uses in values.items() if uses > 1]:
            self._writer(block, columns).counted(text)  # once, whichever features it counts for
        for feature in features:
            self._features[feature.name] = self._add(feature, features, block, columns)
        for other in self._catalog.read_relations:
            self._keep_for(other, relation, block, columns)
            if relation.name in other.sources:
                recent = block
                if other.lookback is not None:
                    recent = self._since(block, columns["happened_at"].source, other.lookback)
                self._feed(other, recent, columns)

    def _list_of(self, relation: str) -> str:
        return self._sections.container("[]", relation, "list")

    def _keep_for(
        self, other: Relation, relation: Relation, block: SourceBlock, columns: TermColumns
    ) -> None:
        """Write how the value per customer is kept that another relation takes from this one."""
        names = other.reads(self._wanted[other.name])
        for name, (source, kind, text) in other.customer.items():
            if source == relation.name and name in names:
                value = self._writer(block, columns).value(text)
                extreme = add_extreme(self._sections, kind, block, value, other.name, name)
                self._of_customer[other.name, name] = extreme

    def _add(
        self,
        feature: Aggregate,
        features: list[Aggregate],
        block: SourceBlock,
        columns: TermColumns,
    ) -> Term:
        """Write how a row adds to a feature; lookbacks are nested, the longest outermost."""
        if feature.where:
            block, columns = self._where(feature.where, block, columns)
        if feature.lookback is not None:
            for days in sorted({f.lookback or 0 for f in features}, reverse=True):
                if days >= feature.lookback:
                    block = self._since(block, columns["happened_at"].source, days)
        writer = self._writer(block, columns)
        is_counted = feature.aggregate == "count"
        value = writer.counted(feature.value) if is_counted else writer.value(feature.value)
        by = writer.value(feature.by) if feature.by else None
        return add_value(self._sections, feature, block, value, by)

    def _group(self, relation: Relation, block: SourceBlock, columns: TermColumns) -> None:
        """Write how a row adds to the totals of its group."""
        keys = {name: columns[name] for name in relation.by}
        key = _tuple([term.source for term in keys.values()])
        wanted = self._wanted[relation.name]
        totals = {name: total for name, total in relation.totals.items() if name in wanted}
        writer = self._writer(block, columns)
        values = {
            name: writer.counted(text) if aggregate == "count" else writer.value(text)
            for name, (aggregate, text) in totals.items()
        }
        of = (relation.name, "groups")
        if [(totals[name][0], values[name].known) for name in totals] == [("count", "True")]:
            groups = self._sections.container("defaultdict(int)", *of)
            slots, names = [f"{groups}[{key}]"], "".join(totals)
        else:
            nothing = ", ".join("0" if a == "count" else "nan" for a, _ in totals.values())
            groups = self._sections.container(f"defaultdict(lambda: [{nothing}])", *of)
            group = block.let(f"{groups}[{key}]")
            slots, names = [f"{group}[{n}]" for n in range(len(totals))], f"[{', '.join(totals)}]"
        held = dict(keys)
        for slot, (name, (aggregate, _)) in zip(slots, totals.items(), strict=True):
            held[name] = add_total(aggregate, block, slot, values[name])
        self._held[relation.name] = _HeldRows(groups, f"{_tuple(relation.by)}, {names}", held)

    def _read_groups(self, relation: Relation) -> None:
        """Write the loop over groups in the order of their keys."""
        held = self._held[relation.name]
        self._sections.take(held.container)
        is_known = all(held.columns[name].known == "True" for name in relation.by)
        order = "" if is_known else ", key=missing_last"
        rows = f"sorted({held.container}.items(){order})"
        loop = self._sections.block.within(f"for {held.names} in {rows}:")
        self._give(relation, loop, held.terms())

    def _order(self, relation: Relation, block: SourceBlock, columns: TermColumns) -> None:
        """Write how a row is held until all rows are there and can be ordered."""
        rows = self._sections.container("[]", relation.name, "rows")
        keys = [f"({c.source} is None, {c.source})" for c in (columns[n] for n in relation.within)]
        keys.append(columns[str(relation.order)].source)
        for tie in (columns[name] for name in relation.ties):  # a missing one before all others
            keys.append(f"({tie.known}, {tie.source} if {tie.known} else 0)")
        row = ", ".join([_tuple(keys), *(term.source for term in columns.values())])
        block.add(f"{rows}.append(({row}))")
        self._held[relation.name] = _HeldRows(rows, f"_, {', '.join(columns)}", columns)

    def _read_ordered(self, relation: Relation) -> None:
        """Write the loop over rows in their order, with gaps and ages of each."""
        held, block = self._held[relation.name], self._sections.block
        rows, names = held.container, list(held.columns)
        self._sections.take(rows)
        block.add(f"{rows}.sort(key=first)")
        if relation.latest:
            key = "".join(f"row[{1 + names.index(name)}], " for name in relation.within)
            rows = f"{{({key}): row for row in {rows}}}.values()"
        loop = block.within(f"for {held.names} in {rows}:")
        columns, last = held.terms(), dict[str, str]()
        for name, of in relation.gaps.items():
            if name in self._wanted[relation.name]:
                last[of] = last.get(of) or block.variable("nan")
                columns[name] = column(loop.let(f"{of} - {last[of]}"))
        for name, of in relation.ages.items():
            if name in self._wanted[relation.name]:
                age = loop.let(f"{of} - {rows}[0][{1 + names.index(of)}]")
                columns[name] = column(age, known=columns[of].known)
        self._hand_on(relation, loop, columns)
        for of, variable in last.items():
            loop.add(f"{variable} = {of}")

    def _finish(self) -> None:
        """Write the derived features and what the function returns."""
        end = self._sections.end()
        values: dict[str, Term] = {}
        for name, feature in self._catalog.items():
            if not isinstance(feature, Aggregate):
                values[name] = self._writer(end, values).value(feature.expression)
            elif (term := self._features[name]).is_simple:
                values[name] = term
            else:
                values[name] = column(end.let(term.source))
        texts = [name for name, feature in self._catalog.items() if feature.kind == "text"]
        given = [
            "".join(f"{values[name].source}, " for name in names)
            for names in (self._catalog.numbers, texts)
        ]
        lists = "".join(f"{self._list_of(relation)}, " for relation in self._catalog.listed)
        end.add(f"return ({given[0]}), ({given[1]}), ({lists})")


def _check(relation: Relation) -> None:
    """Refuse what this engine does not compute, because no relation needs it."""
    compared = bool(relation.gaps or relation.ages)
    if compared and (relation.within or relation.latest):
        raise ValueError(
            f"{relation.name}: expected gaps and ages without `within` and `latest`, got both; "
            "declare the relation without one of them"
        )
    if any(kind not in ("min", "max") for _, kind, _ in relation.customer.values()):
        raise ValueError(
            f"{relation.name}: expected `min` or `max` for a value per customer, got another "
            "aggregate; correct the declaration"
        )


@dataclass(frozen=True)
class _HeldRows:
    """Rows that are held in memory until they are grouped or ordered.

    Attributes
    ----------
    container : str
        Name of the list or mapping that holds them.
    names : str
        Source of the names that a loop over them assigns.
    columns : mapping of str to Term
        The columns of a row by name.
    """

    container: str
    names: str
    columns: TermColumns

    def terms(self) -> dict[str, Term]:
        """Return the terms of the columns within a loop over the rows."""
        return {name: column(name, term.is_text, term.known) for name, term in self.columns.items()}


def _tuple(sources: Sequence[str]) -> str:
    return sources[0] if len(sources) == 1 else f"({', '.join(sources)})"
