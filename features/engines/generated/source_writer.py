"""Writes the source of the functions that compute a catalog's features of customers.

The functions go through the rows of each table once. All that a row contributes to relations and
features is done in the body of that loop, as in a database that compiles its queries (Neumann
2011, "Efficiently Compiling Efficient Query Plans for Modern Hardware"). Only rows that are
grouped or ordered are held in memory and gone through in a loop of their own.
"""

from collections import Counter
from dataclasses import replace

from features.engines.generated.aggregates import add_extreme, add_value
from features.engines.generated.expressions import ExpressionWriter, Term, TermColumns, column
from features.engines.generated.held_rows import HeldRows
from features.engines.generated.source_blocks import SourceBlock
from features.engines.generated.source_sections import SourceSections
from features.history.layout import HISTORY_TABLES, TEXT_COLUMNS
from features.language.catalog import Catalog
from features.language.feature import Aggregate
from features.language.relation import Relation
from features.windows import DAY


def write_features(catalog: Catalog) -> SourceSections:
    """Write the source of a function `run` that computes a catalog's features of customers.

    Returns
    -------
    SourceSections
        `text()` is the source. `run` gives the features in the catalog's order, texts as codes,
        and after them for each listed relation how many rows are listed up to this customer.

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
        self._held: dict[str, HeldRows] = {}  # by relation
        self._lists: dict[str, int] = {}  # container by relation
        self._states: dict[tuple[str, str], int] = {}  # by relation and column
        self._places = {name: place for place, name in enumerate([*catalog, *catalog.listed])}
        named = {name for feature in catalog.values() for name in feature.names}
        self._statistics = sorted(name for name in named if name.startswith("@"))

    def write(self) -> SourceSections:
        """Write all functions."""
        for relation in self._catalog.read_relations:
            self._check(relation)
            if relation.table is not None:
                with self._sections.open(f"read_{relation.name}"):
                    self._read(relation, relation.table)
            if relation.by or relation.order is not None:
                with self._sections.open(f"go_through_{relation.name}"):
                    self._go_through(relation)
        if self._catalog.derived:
            with self._sections.open("derive"):
                self._derive()
        return self._sections

    def _writer(self, block: SourceBlock, columns: TermColumns) -> ExpressionWriter:
        constants = {
            name: Term(name, known="True", is_fixed=True, is_simple=True)
            for name in ("cutoff", "cutoff_day")
        } | {name: Term(self._sections.constant(name), is_fixed=True) for name in self._statistics}
        return ExpressionWriter(
            block, self._sections.block, constants | dict(columns), self._sections.word
        )

    def _read(self, relation: Relation, table: str) -> None:
        """Write the loop over the rows of a table that are known at the cutoff."""
        happened, sections = HISTORY_TABLES[table].happened, self._sections
        wanted = relation.inputs_of(self._wanted[relation.name])
        names = sorted((wanted & HISTORY_TABLES[table].columns.keys()) | {happened, "known_at"})
        arrays = {name: sections.column(table, name, name in TEXT_COLUMNS) for name in names}
        offsets = sections.offsets(table)
        rows = f"range({offsets}[customer], {offsets}[customer + 1])"
        loop = sections.block.within(f"for i in {rows}:")
        happened_at, known_at = (loop.let(f"{arrays[name]}[i]") for name in (happened, "known_at"))
        known = loop.when(f"{known_at} <= cutoff and {happened_at} <= cutoff")
        block = self._since(known, happened_at, relation.lookback)
        never_missing = (happened, "known_at", "local_day")
        columns = {
            name: column(
                block.let(f"{arrays[name]}[i]"),
                name in TEXT_COLUMNS,
                "True" if name in never_missing else "",
            )
            for name in names
        }
        self._feed(relation, block, columns)

    def _since(self, block: SourceBlock, happened: str, lookback: int | None) -> SourceBlock:
        if lookback is None:
            return block
        start = self._sections.block.let(f"(cutoff - {float(lookback * DAY)})")
        return block.when(f"{happened} > {start}")

    def _feed(self, relation: Relation, block: SourceBlock, columns: TermColumns) -> None:
        """Write what a relation does with a row of its source."""
        columns = {**columns, **self._joined(relation, columns)}
        if relation.where:
            block, columns = self._where(relation.where, block, columns)
        if relation.by:
            self._group(relation, block, columns)
            return
        writer = self._writer(block, columns)
        names = sorted(relation.columns.keys() & self._wanted[relation.name])
        given = {name: writer.value(relation.columns[name]) for name in names}
        if relation.order is None:
            self._hand_on(relation, block, given)
        elif relation.latest:
            self._held_rows(relation, names).keep_latest(block, given)
        else:
            self._held_rows(relation, names).append(block, given)

    def _held_rows(self, relation: Relation, names: list[str]) -> HeldRows:
        if relation.name not in self._held:
            self._held[relation.name] = HeldRows(self._sections, relation, names)
        return self._held[relation.name]

    def _joined(self, relation: Relation, columns: TermColumns) -> TermColumns:
        """Return the terms that have one value per customer, or per key of the lookup."""
        names, joined = relation.reads(self._wanted[relation.name]), dict[str, Term]()
        for name in sorted(relation.customer.keys() & names):
            value = self._sections.state(self._states[relation.name, name])
            joined[name] = column(self._sections.block.let(value), is_fixed=True)
        lookup = relation.lookup
        if lookup is not None and lookup.totals.keys() & names:
            key = columns[str(lookup.key)]
            for name in sorted(lookup.totals.keys() & names):
                values = self._sections.lookup(lookup.name, name)
                joined[name] = Term(f"({values}[{key.source}] if {key.known} else nan)")
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
            self._list(relation, block, columns)
        features = [f for f in self._catalog.aggregates if f.relation == relation.name]
        values = Counter(feature.value for feature in features)
        for text in [text for text, uses in values.items() if uses > 1]:
            self._writer(block, columns).counted(text)  # once, whichever features it counts for
        for feature in features:
            self._give(feature.name, self._add(feature, features, block, columns))
        for other in self._catalog.read_relations:
            self._keep_for(other, relation, block, columns)
            if relation.name in other.sources:
                recent = block
                if other.lookback is not None:
                    recent = self._since(block, columns["happened_at"].source, other.lookback)
                self._feed(other, recent, columns)

    def _give(self, name: str, term: Term) -> None:
        """Write that a feature has a value at the end of the open function."""
        self._sections.end_with(f"out[base + {self._places[name]}] = {term.source}")

    def _list(self, relation: Relation, block: SourceBlock, columns: TermColumns) -> None:
        """Write how a row is listed, after those of all customers before."""
        if relation.name not in self._lists:
            self._lists[relation.name] = self._sections.new_container()
        used = self._sections.used(self._lists[relation.name])
        for name in self._catalog.listed[relation.name]:
            array = self._sections.list_column(relation.name, name, columns[name].is_text)
            block.add(f"{array}[{used}] = {columns[name].source}")
        block.add(f"{used} += 1")
        self._give(relation.name, Term(used))

    def _keep_for(
        self, other: Relation, relation: Relation, block: SourceBlock, columns: TermColumns
    ) -> None:
        """Write how the value per customer is kept that another relation takes from this one."""
        names = other.reads(self._wanted[other.name])
        for name, (source, kind, text) in other.customer.items():
            if source == relation.name and name in names:
                value = self._writer(block, columns).value(text)
                extreme = add_extreme(self._sections, kind, block, value, other.name, name)
                number = self._states[other.name, name] = self._sections.new_state()
                self._sections.end_with(f"{self._sections.state(number)} = {extreme.source}")

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
        wanted = self._wanted[relation.name]
        totals = {name: total for name, total in relation.totals.items() if name in wanted}
        writer = self._writer(block, columns)
        values = {
            name: writer.counted(text) if aggregate == "count" else writer.value(text)
            for name, (aggregate, text) in totals.items()
        }
        keys = {name: columns[name] for name in relation.by}
        self._held_rows(relation, [*keys, *totals]).add_to_group(block, keys, totals, values)

    def _go_through(self, relation: Relation) -> None:
        """Write the loop over held rows; rows in their order have gaps and ages."""
        wanted, held = self._wanted[relation.name], self._held[relation.name]
        gaps = {name: of for name, of in relation.gaps.items() if name in wanted}
        ages = {name: of for name, of in relation.ages.items() if name in wanted}
        last = {of: self._sections.block.variable("nan") for of in dict.fromkeys(gaps.values())}
        held.put_in_order()
        first = {of: held.first(of) for of in dict.fromkeys(ages.values())}
        loop, columns = held.loop()
        values = {of: columns[of] for of in {**last, **first}}
        for name, of in gaps.items():
            columns[name] = column(loop.let(f"{values[of].source} - {last[of]}"))
        for name, of in ages.items():
            age = loop.let(f"{values[of].source} - {first[of]}")
            columns[name] = column(age, known=values[of].known)
        self._hand_on(relation, loop, columns)
        for of, variable in last.items():
            loop.add(f"{variable} = {values[of].source}")

    def _derive(self) -> None:
        """Write the features that are computed from other features."""
        block, values = self._sections.block, dict[str, Term]()
        read = {name for feature in self._catalog.derived for name in feature.inputs}
        given = {
            name: column(block.let(f"out[base + {self._places[name]}]"), f.kind == "text")
            for name, f in self._catalog.items()
            if isinstance(f, Aggregate) and name in read
        }
        values.update(given)
        body = block.within("")
        for feature in self._catalog.derived:
            values[feature.name] = self._writer(body, values).value(feature.expression)
            self._give(feature.name, values[feature.name])

    def _check(self, relation: Relation) -> None:
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
        is_read = relation.name in {
            *(f.relation for f in self._catalog.aggregates),
            *self._catalog.listed,
        }
        if len(relation.sources) > 1 and not relation.by and is_read:
            raise ValueError(
                f"{relation.name}: expected features of a relation with one source, got "
                f"{' and '.join(relation.sources)}; group the rows in a relation of their own"
            )
