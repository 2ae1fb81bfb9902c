"""What a feature is: a declaration, as data, that every engine compiles.

An `Aggregate` sums up a customer's rows of one relation; a `Derived` computes from other
features of the same customer. The hash of a declaration is what ties a fitted model to the
code that computes its inputs: a changed definition is another feature and gets another name.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import sqlglot
from sqlglot import exp

from features.expressions import names_in, parse
from features.relations import RELATIONS

AGGREGATES = ("count", "sum", "mean", "min", "max", "std", "median", "last")


@dataclass(frozen=True)
class Aggregate:
    """A feature that sums up rows: `aggregate(value)` over the relation's rows `where`.

    Attributes
    ----------
    name : str
        `<what>_<stat>_<lookback>`.
    relation : str
        One of `features.relations.RELATIONS`.
    aggregate : str
        One of `AGGREGATES`. NULL values are left out; `count` and `sum` of no rows are 0, the
        others NaN. `std` is the sample's; `last` needs a relation with an order.
    value, where : str
        SQL over the relation's columns, and over `cutoff` and `cutoff_day`.
    lookback : int or None
        Days before the cutoff; None reads the whole history.
    """

    name: str
    relation: str
    aggregate: str
    value: str
    description: str
    unit: str
    family: str
    where: str = ""
    lookback: int | None = None

    def __post_init__(self) -> None:
        relation = RELATIONS[self.relation]
        if self.aggregate not in AGGREGATES:
            raise ValueError(f"{self.name}: `{self.aggregate}` is not one of {AGGREGATES}")
        if self.aggregate == "last" and relation.order is None:
            raise ValueError(f"{self.name}: rows of {self.relation} have no order for `last`")
        unknown = self.inputs - relation.columns.keys() - {"cutoff", "cutoff_day"}
        if unknown:
            raise ValueError(f"{self.name}: {self.relation} has no column {sorted(unknown)}")

    @property
    def inputs(self) -> set[str]:
        """Columns of the relation that the feature reads."""
        return names_in(self.value) | (names_in(self.where) if self.where else set())

    @property
    def definition(self) -> str:
        """The text that the hash is taken of: all that changes a value."""
        relation = RELATIONS[self.relation].definition
        return f"{self.aggregate}({self.value}) where {self.where} in {self.lookback} of {relation}"


@dataclass(frozen=True)
class Derived:
    """A feature computed from other features of the same customer at the same cutoff."""

    name: str
    expression: str
    description: str
    unit: str
    family: str

    @property
    def inputs(self) -> set[str]:
        """Features that it reads."""
        return names_in(self.expression)


Feature = Aggregate | Derived


class Catalog(Mapping[str, Feature]):
    """An ordered set of features that are computed together, closed under their inputs.

    Parameters
    ----------
    features : iterable of Feature
        A derived feature stands after the features that it reads.
    """

    def __init__(self, features: Iterable[Feature]) -> None:
        self._features: dict[str, Feature] = {}
        for feature in features:
            if feature.name in self._features:
                raise ValueError(f"{feature.name}: declared twice")
            if isinstance(feature, Derived) and not feature.inputs <= self._features.keys():
                unknown = sorted(feature.inputs - self._features.keys())
                raise ValueError(f"{feature.name}: reads {unknown}, not declared before it")
            self._features[feature.name] = feature

    def __getitem__(self, name: str) -> Feature:
        return self._features[name]

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(self._features)

    def __len__(self) -> int:
        return len(self._features)

    @cached_property
    def aggregates(self) -> list[Aggregate]:
        """The features that read rows."""
        return [f for f in self.values() if isinstance(f, Aggregate)]

    @cached_property
    def derived(self) -> list[Derived]:
        """The features that read other features, in an order in which they can be computed."""
        return [f for f in self.values() if isinstance(f, Derived)]

    @cached_property
    def hashes(self) -> dict[str, str]:
        """A short hash of each feature's definition, its inputs' definitions included."""
        hashes: dict[str, str] = {}
        for feature in self.values():
            if isinstance(feature, Aggregate):
                text = feature.definition
            else:
                text = feature.expression + str([hashes[name] for name in sorted(feature.inputs)])
            hashes[feature.name] = hashlib.sha256(text.encode()).hexdigest()[:16]
        return hashes

    def select(self, names: Iterable[str]) -> "Catalog":
        """Keep the named features and what they read; a name that is not there is an error."""
        wanted = set(names)
        if unknown := sorted(wanted - self._features.keys()):
            raise KeyError(f"no feature {unknown} in this catalog")
        for feature in reversed(self.derived):
            if feature.name in wanted:
                wanted |= feature.inputs
        return Catalog(f for f in self.values() if f.name in wanted)

    def available(self, provided: Mapping[str, frozenset[str]]) -> "Catalog":
        """Keep the features whose tables and columns the shop gives.

        A family whose table is absent is absent: it is not filled with zeros.
        """
        kept: dict[str, Feature] = {}
        for feature in self.values():
            if isinstance(feature, Aggregate):
                there = RELATIONS[feature.relation].readable(feature.inputs, provided)
            else:
                there = feature.inputs <= kept.keys()
            if there:
                kept[feature.name] = feature
        return Catalog(kept.values())

    def expanded(self, feature: Derived) -> str:
        """Write a derived feature as SQL over aggregates only."""

        def replace(node: exp.Expression) -> exp.Expression:
            if isinstance(node, exp.Column):
                source = self[node.name]
                if isinstance(source, Derived):
                    return exp.paren(sqlglot.parse_one(self.expanded(source), dialect="duckdb"))
            return node

        return str(parse(feature.expression).transform(replace).sql(dialect="duckdb"))
