"""Holds a set of features that are computed together, with all that they read."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from types import MappingProxyType

from features.errors import refuse
from features.language.expressions import names_in
from features.language.feature import Aggregate, Derived, Feature, Quantiles
from features.language.relation import Lookup, Relation, Relations, is_constant
from features.language.vocabulary import Vocabulary


class Catalog(Mapping[str, Feature]):
    """Maps the names of features to their declarations, with the relations and lookups they read.

    Parameters
    ----------
    features : iterable of Feature
        A derived feature stands after the features that it reads.
    relations : Relations
        The relations that the features may sum up.
    statistics : iterable of Lookup or Quantiles
        The lookups that features name as `"@lookup:column"` or `"@lookup:column:key"`.
    listed : dict of str to tuple of str
        Relations whose rows are given beside the features, each with the columns of a row.
        Answers show these rows to the caller and no model reads them. Only the engine over
        histories gives them.

    Raises
    ------
    InputError
        The names of two features differ in upper and lower case at most.
    ValueError
        A feature reads what is not declared before it.
    """

    def __init__(
        self,
        features: Iterable[Feature],
        relations: Relations,
        statistics: Iterable[Lookup | Quantiles] = (),
        listed: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
    ) -> None:
        self.relations = relations
        self.listed = listed
        self.whole = self  # or the catalog that this one was selected from
        self.statistics = {statistic.name: statistic for statistic in statistics}
        self._features: dict[str, Feature] = {}
        self._names: dict[str, str] = {}  # as SQL sees them -> as they are
        for feature in features:
            self._check(feature)
            self._features[feature.name] = feature
        for relation, columns in listed.items():
            unknown = set(columns) - relations[relation].names
            if unknown or relation in self._features:
                raise ValueError(f"{relation}: lists {sorted(unknown)}, or is a feature's name")

    def _check(self, feature: Feature) -> None:
        earlier = self._names.setdefault(feature.name.lower(), feature.name)
        if feature.name in self._features or earlier != feature.name:
            raise refuse(
                "features",
                "names that differ in more than upper and lower case",
                f"'{earlier}' and '{feature.name}'",
                "Rename the channel, store or attribute that one of them is of.",
            )
        if isinstance(feature, Derived):
            unknown = feature.inputs - self._features.keys()
        else:
            relation = self.relations[feature.relation]
            unknown = feature.inputs - relation.names
        unknown |= {n for n in feature.names if n.startswith("@") and not self._knows(n)}
        if unknown:
            raise ValueError(f"{feature.name}: reads {sorted(unknown)}, not declared before it")

    def _knows(self, constant: str) -> bool:
        return constant[1:].split(":")[0] in self.statistics

    def __getitem__(self, name: str) -> Feature:
        return self._features[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._features)

    def __len__(self) -> int:
        return len(self._features)

    @cached_property
    def numbers(self) -> list[str]:
        """Names of the features that are numbers, which models may read; texts are for reasons."""
        return [f.name for f in self.values() if f.kind == "number"]

    @cached_property
    def aggregates(self) -> list[Aggregate]:
        """The features that sum up rows of a relation."""
        return [f for f in self.values() if isinstance(f, Aggregate)]

    @cached_property
    def derived(self) -> list[Derived]:
        """The features that read other features, in an order in which they can be computed."""
        return [f for f in self.values() if isinstance(f, Derived)]

    @cached_property
    def levels(self) -> list[list[Derived]]:
        """The derived features by level: each reads aggregates and earlier levels only."""
        level = dict.fromkeys((f.name for f in self.aggregates), 0)
        levels: list[list[Derived]] = []
        for feature in self.derived:
            depth = max((level[name] for name in feature.inputs), default=0)
            level[feature.name] = depth + 1
            levels += [[]] if depth == len(levels) else []
            levels[depth].append(feature)
        return levels

    @cached_property
    def read_relations(self) -> list[Relation]:
        """The relations that features and lists read, each after those that it reads itself."""
        return self.relations.closure({f.relation for f in self.aggregates} | self.listed.keys())

    @cached_property
    def read_columns(self) -> dict[str, set[str]]:
        """The columns that each relation must give, by the relation's name."""
        wanted: dict[str, set[str]] = {r.name: set() for r in self.read_relations}
        for name, columns in self.listed.items():
            wanted[name] |= set(columns)
        for feature in self.aggregates:
            wanted[feature.relation] |= feature.inputs
        for relation in reversed(self.read_relations):
            columns_read = relation.with_ordered(wanted[relation.name])
            wanted[relation.name] = columns_read
            for source in relation.sources:
                wanted[source] |= relation.inputs_of(columns_read)
            for name, (other, _, value) in relation.customer.items():
                if name in relation.reads(columns_read):
                    wanted[other] |= {n for n in names_in(value) if not is_constant(n)}
        return wanted

    @cached_property
    def lookbacks(self) -> dict[str, int | None]:
        """Days before the cutoff that are read of each relation, by its name; None is everything.

        A relation that sums up or orders its rows reads all of its declared lookback.
        """
        days: dict[str, int | None] = {}
        for relation in reversed(self.read_relations):
            if relation.by or relation.order is not None:
                days[relation.name] = relation.lookback
                continue
            read = [f.lookback for f in self.aggregates if f.relation == relation.name]
            read += [None] if relation.name in self.listed else []
            for other in self.read_relations:
                if relation.name in other.sources:
                    read.append(days[other.name])
                read += [None for name, _, _ in other.customer.values() if name == relation.name]
            days[relation.name] = _shortest(relation.lookback, _longest(read))
        return days

    @cached_property
    def lookups(self) -> list[Lookup | Quantiles]:
        """The statistics of the population that the features and their relations read."""
        joined = {
            r.lookup.name: r.lookup
            for r in self.read_relations
            if r.lookup is not None and r.looks_up(self.read_columns[r.name])
        }
        named = {n[1:].split(":")[0] for f in self.values() for n in f.names if n.startswith("@")}
        return [
            *joined.values(),
            *(s for n, s in self.statistics.items() if n in named - joined.keys()),
        ]

    @cached_property
    def hashes(self) -> dict[str, str]:
        """A hash (16 hex digits) of each feature's definition and of all that it reads."""
        hashes: dict[str, str] = {}
        for feature in self.values():
            parts = [feature.definition]
            if isinstance(feature, Aggregate):
                parts.append(self.relations.definition(feature.relation))
            else:
                parts += [hashes[name] for name in sorted(feature.inputs)]
            named = {n[1:].split(":")[0] for n in feature.names if n.startswith("@")}
            parts += [self.statistics[name].definition for name in sorted(named)]
            hashes[feature.name] = _short_hash(parts)
        return hashes

    @cached_property
    def lookup_hashes(self) -> dict[str, str]:
        """A hash (16 hex digits) of each needed statistic's definition and of what it reads."""
        hashes = {}
        for statistic in self.lookups:
            if isinstance(statistic, Quantiles):
                read = self.hashes[statistic.feature]
            else:
                read = self.relations.definition(statistic.relation)
            hashes[statistic.name] = _short_hash([statistic.definition, read])
        return hashes

    def select(self, names: Iterable[str]) -> "Catalog":
        """Return a catalog of the named features and of the features that they read.

        Raises
        ------
        KeyError
            The catalog does not have one of the names.
        """
        wanted = set(names)
        if unknown := sorted(wanted - self._features.keys()):
            raise KeyError(
                f"expected features of this catalog, got {unknown}; no feature has such a name"
            )
        for feature in reversed(self.derived):
            if feature.name in wanted:
                wanted |= feature.inputs
        selected = self._keep(f for f in self.values() if f.name in wanted)
        selected.whole = self.whole
        return selected

    def without_texts(self) -> "Catalog":
        """Return a catalog of the features that are numbers, which models may read."""
        return self.select(self.numbers)

    def listing(self, relation: str, *columns: str) -> "Catalog":
        """Return a catalog that also lists the rows of a relation, by some of its columns."""
        listed = {**self.listed, relation: columns}
        return Catalog(self.values(), self.relations, self.statistics.values(), listed)

    def available(self, vocabulary: Vocabulary) -> "Catalog":
        """Return a catalog of the features whose tables and columns the shop gives.

        A family of features whose table the shop does not give is absent; it is not filled with
        zeros.
        """
        kept: dict[str, Feature] = {}
        for feature in self.values():
            if isinstance(feature, Aggregate):
                is_readable = self._is_readable(feature, vocabulary)
            else:
                is_readable = feature.inputs <= kept.keys()
            named = [n for n in feature.names if n.startswith("@")]
            if is_readable and all(self._is_computable(n, vocabulary, kept) for n in named):
                kept[feature.name] = feature
        return self._keep(kept.values())

    def needs(self, feature: Feature) -> set[str]:
        """List the tables (`orders`) and optional columns (`orders.discount`) a feature reads."""
        if isinstance(feature, Derived):
            return set().union(*(self.needs(self[name]) for name in feature.inputs))
        tables = self.relations.contract_tables(feature.relation)
        return tables | self.relations.needs(feature.relation, feature.inputs)

    def missing(self, feature: Feature, vocabulary: Vocabulary) -> set[str]:
        """Name the tables and columns that a feature reads and the shop does not give."""
        return {need for need in self.needs(feature) if not _given(need, vocabulary)}

    def _is_readable(self, feature: Aggregate, vocabulary: Vocabulary) -> bool:
        return not self.missing(feature, vocabulary)

    def _is_computable(
        self, constant: str, vocabulary: Vocabulary, kept: Mapping[str, Feature]
    ) -> bool:
        name, column = constant[1:].split(":")[:2]
        statistic = self.statistics[name]
        if isinstance(statistic, Quantiles):
            return statistic.feature in kept
        needs = self.relations.lookup_needs(statistic, {column})
        return all(_given(need, vocabulary) for need in needs)

    def _keep(self, features: Iterable[Feature]) -> "Catalog":
        return Catalog(features, self.relations, self.statistics.values(), self.listed)


def _short_hash(parts: list[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _longest(days: list[int | None]) -> int | None:
    return None if None in days else max((d for d in days if d is not None), default=None)


def _shortest(one: int | None, other: int | None) -> int | None:
    return min((days for days in (one, other) if days is not None), default=None)


def _given(need: str, vocabulary: Vocabulary) -> bool:
    return vocabulary.gives(need) if "." in need else need in vocabulary.tables
