"""Holds what is the same for every customer at one cutoff: its instant and the lookups."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

LookupTable = dict[str, dict[str, float | None]]  # column -> key -> value


class Lookups(msgspec.Struct, frozen=True):
    """Values of the population's statistics, as known at one instant.

    Attributes
    ----------
    built_at : int
        Microseconds UTC of the cutoff that they were built at; nothing known later is in them.
    tables : dict of str to LookupTable
        Lookups with a key: name of the lookup -> column -> key -> value.
    scalars : dict of str to float or None
        Lookups without a key and quantiles: value by the name that features read it by,
        `@lookup:column`.
    """

    built_at: int
    tables: dict[str, LookupTable] = {}
    scalars: dict[str, float | None] = {}

    def scalar(self, name: str) -> float | None:
        """Return the value of `@lookup:column` or `@lookup:column:key`, None if unknown."""
        if name in self.scalars:
            return self.scalars[name]
        lookup, column, key = (*name.removeprefix("@").split(":", 2), "", "")[:3]
        return self.tables.get(lookup, {}).get(column, {}).get(key)


@dataclass(frozen=True)
class Scope:
    """One cutoff, with what a query of features at it has to know.

    Attributes
    ----------
    cutoff : int
        Microseconds UTC of the last instant known.
    cutoff_day : int
        The shop's local day of the cutoff, counted from 1970-01-01.
    lookups : Lookups
        Values of the population's statistics.
    tables : dict of str to str
        Table of the history -> SQL to read it from, where that is not the table itself.
    computed : dict of str to str
        Name of a relation -> table that holds its rows, where they are computed already.
    """

    cutoff: int
    cutoff_day: int
    lookups: Lookups = field(default_factory=lambda: Lookups(0))
    tables: Mapping[str, str] = field(default_factory=dict)
    computed: Mapping[str, str] = field(default_factory=dict)

    def constant(self, name: str) -> float | int | None:
        """Return a value that is the same for every customer.

        Parameters
        ----------
        name : str
            `cutoff` (microseconds UTC), `cutoff_day` (local days since 1970-01-01), or a statistic
            of the population, `@name:column`.

        Returns
        -------
        number or None
            None where the statistic has no value, for want of rows.
        """
        if name == "cutoff":
            return self.cutoff
        if name == "cutoff_day":
            return self.cutoff_day
        return self.lookups.scalar(name)
