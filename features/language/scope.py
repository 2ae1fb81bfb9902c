"""What holds for everybody at one cutoff: the instant itself, and the population's lookups."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

LookupTable = dict[str, dict[str, float | None]]  # column -> key -> value


class Lookups(msgspec.Struct, frozen=True):
    """Statistics of the population, as known at one instant.

    Attributes
    ----------
    built_at : int
        The cutoff that they were built at: nothing known later is in them.
    tables : dict of str to LookupTable
        By lookup and column the values by key, of the lookups that have one.
    scalars : dict of str to float or None
        Of the others each value by the name that features call it, `@lookup:column`.
    """

    built_at: int
    tables: dict[str, LookupTable] = {}
    scalars: dict[str, float | None] = {}

    def scalar(self, name: str) -> float | None:
        """Give the value of `@lookup:column` or `@lookup:column:key`; None for nobody's."""
        if name in self.scalars:
            return self.scalars[name]
        lookup, column, key = (*name.removeprefix("@").split(":", 2), "", "")[:3]
        return self.tables.get(lookup, {}).get(column, {}).get(key)


@dataclass(frozen=True)
class Scope:
    """One cutoff: its instant, its local day, its lookups.

    Attributes
    ----------
    tables : dict of str to str
        SQL to read a table of the history from, where that is not the table itself.
    computed : dict of str to str
        Tables of relations that are there already, by the relation's name.
    within : str
        Condition on `customer_id` that restricts it to some customers; empty for everybody.
    """

    cutoff: int
    cutoff_day: int
    lookups: Lookups = field(default_factory=lambda: Lookups(0))
    tables: Mapping[str, str] = field(default_factory=dict)
    computed: Mapping[str, str] = field(default_factory=dict)
    within: str = ""

    def constant(self, name: str) -> float | int | None:
        """Give the value that a name stands for; a statistic of nobody is missing."""
        if name == "cutoff":
            return self.cutoff
        if name == "cutoff_day":
            return self.cutoff_day
        return self.lookups.scalar(name)
