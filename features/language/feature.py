"""What a feature is: a declaration, as data, that every engine compiles.

An `Aggregate` sums up a customer's rows of one relation; a `Derived` computes from other
features of the same customer and from what holds for everybody at the cutoff. The hash of a
declaration is what ties a fitted model to the code that computes its inputs: a changed
definition is another feature and gets another name.
"""

from dataclasses import dataclass
from typing import Literal

from features.language.expressions import names_in, parse
from features.language.relation import is_constant

AGGREGATES = ("count", "sum", "mean", "min", "max", "std", "median", "last", "top")
ValueKind = Literal["number", "text"]


@dataclass(frozen=True)
class Aggregate:
    """A feature that sums up rows: `aggregate(value)` over the relation's rows `where`.

    Attributes
    ----------
    name : str
        `<what>_<stat>_<lookback>`.
    relation : str
        One of the catalog's relations.
    aggregate : str
        One of `AGGREGATES`. NULL values are left out; `count` and `sum` of no rows are 0, the
        others missing. `std` is the sample's; `last` is the value at the largest `by`, in which
        no two rows may be equal; `top` is the value with the largest `by`, and of equal ones
        the first in the order of the alphabet.
    value, where, by : str
        SQL over the relation's columns, `cutoff`, `cutoff_day` and lookups (`"@name:column"`).
    lookback : int or None
        Days before the cutoff; None reads all of the relation.
    kind : {"number", "text"}
        Models read numbers; texts are for reasons and reports.
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
    by: str = ""
    kind: ValueKind = "number"

    def __post_init__(self) -> None:
        if self.aggregate not in AGGREGATES:
            raise ValueError(f"{self.name}: `{self.aggregate}` is not one of {AGGREGATES}")
        if bool(self.by) != (self.aggregate in ("last", "top")):
            raise ValueError(f"{self.name}: `by` goes with `last` and `top`")
        for text in filter(None, (self.value, self.where, self.by)):
            parse(text)

    @property
    def names(self) -> set[str]:
        """All names that its texts read."""
        return set().union(*(names_in(t) for t in (self.value, self.where, self.by) if t))

    @property
    def inputs(self) -> set[str]:
        """Columns of the relation that the feature reads."""
        read = {name for name in self.names if not is_constant(name)}
        return read if self.lookback is None else read | {"happened_at"}

    @property
    def definition(self) -> str:
        """The text that the hash is taken of, its relation and lookups apart."""
        return (
            f"{self.aggregate}({self.value} by {self.by}) where {self.where} in {self.lookback} "
            f"of {self.relation}"
        )


@dataclass(frozen=True)
class Derived:
    """A feature computed from other features of the same customer at the same cutoff."""

    name: str
    expression: str
    description: str
    unit: str
    family: str
    kind: ValueKind = "number"

    def __post_init__(self) -> None:
        parse(self.expression)

    @property
    def names(self) -> frozenset[str]:
        """All names that it reads."""
        return names_in(self.expression)

    @property
    def inputs(self) -> set[str]:
        """Features that it reads."""
        return {name for name in self.names if not is_constant(name)}

    @property
    def definition(self) -> str:
        """The text that the hash is taken of, what it reads apart."""
        return self.expression


Feature = Aggregate | Derived


@dataclass(frozen=True)
class Quantiles:
    """Quantiles of a feature over everybody with a purchase: `"@name:20"` and so on, in %."""

    name: str
    feature: str
    percents: tuple[int, ...]

    @property
    def definition(self) -> str:
        """The text that a hash covers."""
        return f"{self.name}: {self.percents} of {self.feature}"
