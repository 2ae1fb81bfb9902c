"""Declares what a feature is: data that every engine compiles to its own code.

An `Aggregate` sums up a customer's rows of one relation. A `Derived` computes from other features
of the same customer and from what holds for everybody at the cutoff. The hash of a declaration
ties a fitted model to the code that computes its inputs: a changed definition is another feature
and gets another name.
"""

from dataclasses import KW_ONLY, dataclass
from typing import Literal

from features.language.expressions import names_in, parse
from features.language.relation import is_constant

AGGREGATES = ("count", "sum", "mean", "min", "max", "std", "median", "last", "top")
ValueKind = Literal["number", "text"]


@dataclass(frozen=True)
class Aggregate:
    """A feature that sums up a customer's rows: `aggregate(value)` over those `where`.

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
    description : str
        What the value is, for the dictionary of features; no part of the definition.
    unit : str
        What the value counts or measures: `days`, `minor units`, `share`.
    family : str
        The group of features that it is listed and explained with.
    sentence : str
        What a reason says of a customer's value, without the full stop: `Last purchase {value}
        ago`. `models.reasons.sentences` fills in the placeholders. Empty where the description
        is made into the sentence. It is no part of the definition.
    sentence_if_zero : str
        The sentence of a value of 0, where that is another one.
    lookback : int or None
        Days before the cutoff; None reads all of the relation.
    kind : {"number", "text"}
        Models read numbers; texts are for reasons and reports.

    Raises
    ------
    ValueError
        The aggregate is unknown, `by` is missing or not wanted, or a text is not in the
        feature language (`ExpressionError`).
    """

    name: str
    _: KW_ONLY
    relation: str
    aggregate: str
    value: str
    description: str
    unit: str
    family: str
    sentence: str = ""
    sentence_if_zero: str = ""
    where: str = ""
    lookback: int | None = None
    by: str = ""
    kind: ValueKind = "number"

    def __post_init__(self) -> None:
        if self.aggregate not in AGGREGATES:
            raise ValueError(
                f"{self.name}: expected an aggregate of {AGGREGATES}, got `{self.aggregate}`; "
                "correct the declaration"
            )
        if bool(self.by) != (self.aggregate in ("last", "top")):
            raise ValueError(
                f"{self.name}: expected `by` with `last` and `top` and with no other aggregate, "
                f"got by='{self.by}' with `{self.aggregate}`; correct the declaration"
            )
        for text in filter(None, (self.value, self.where, self.by)):
            parse(text)

    @property
    def names(self) -> set[str]:
        """All names that the feature's SQL texts read: columns, the cutoff and lookups."""
        return set().union(*(names_in(t) for t in (self.value, self.where, self.by) if t))

    @property
    def inputs(self) -> set[str]:
        """Columns of the relation that the feature reads."""
        columns = {name for name in self.names if not is_constant(name)}
        return columns if self.lookback is None else columns | {"happened_at"}

    @property
    def definition(self) -> str:
        """The text that the feature's hash covers, without its relation and lookups."""
        return (
            f"{self.aggregate}({self.value} by {self.by}) where {self.where} in {self.lookback} "
            f"of {self.relation}"
        )


@dataclass(frozen=True)
class Derived:
    """A feature computed from other features of the same customer at the same cutoff.

    Attributes
    ----------
    expression : str
        SQL over the names of features declared before it, `cutoff`, `cutoff_day` and lookups.
    name, description, unit, family, sentence, sentence_if_zero, kind
        As of an `Aggregate`.

    Raises
    ------
    ExpressionError
        The expression is not in the feature language.
    """

    name: str
    _: KW_ONLY
    expression: str
    description: str
    unit: str
    family: str
    sentence: str = ""
    sentence_if_zero: str = ""
    kind: ValueKind = "number"

    def __post_init__(self) -> None:
        parse(self.expression)

    @property
    def names(self) -> frozenset[str]:
        """All names that the expression reads: features, the cutoff and lookups."""
        return names_in(self.expression)

    @property
    def inputs(self) -> set[str]:
        """Names of the features that it reads."""
        return {name for name in self.names if not is_constant(name)}

    @property
    def definition(self) -> str:
        """The text that the feature's hash covers, without the features and lookups it reads."""
        return self.expression


Feature = Aggregate | Derived


@dataclass(frozen=True)
class Quantiles:
    """Quantiles of a feature over everybody with a purchase, which features read as lookups.

    Attributes
    ----------
    name : str
        Features read the quantile of 20 % as `"@name:20"`.
    feature : str
        The feature whose quantiles are taken.
    percents : tuple of int
        The levels of the quantiles in percent.
    """

    name: str
    feature: str
    percents: tuple[int, ...]

    @property
    def definition(self) -> str:
        """The text that a hash covers."""
        return f"{self.name}: {self.percents} of {self.feature}"
