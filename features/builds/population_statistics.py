"""Computes the statistics of the population that features look up, in one pass of the engine."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from features.arrays import Array, Floats, Indices
from features.builds.customer_chunks import CustomerChunks
from features.catalog.population import counting_members
from features.engines.plan import COMPILED_FOLDER, FeaturePlan
from features.history.words import Words
from features.language.catalog import Catalog
from features.language.feature import Quantiles
from features.language.relation import Lookup, Relation, Relations
from features.language.scope import Lookups, LookupTable, Scope
from features.log.log import Log
from features.windows import local_day

_EXTREMES = {"min": np.minimum, "max": np.maximum}
_ACCUMULATED = ("count", "sum", "mean", *_EXTREMES)


def build_lookups_at(log: Log, cutoff: int, catalog: Catalog) -> Lookups:
    """Compute the statistics of the population that a catalog's features look up.

    Parameters
    ----------
    log : Log
        The shop's tables.
    cutoff : int
        Last instant known, in microseconds UTC.
    catalog : Catalog
        The features; only the statistics that they need are computed.

    Returns
    -------
    Lookups
        The values of each statistic, such as a category's mean price, by its key.
    """
    statistics = PopulationStatistics(catalog, log.shop.workspace / COMPILED_FOLDER)
    chunks = CustomerChunks.at(log, log.layout.with_words(statistics.words), cutoff)
    statistics.expect(len(chunks.ids))
    return statistics.compute(chunks, cutoff, local_day(cutoff, log.timezone))


class PopulationStatistics:
    """Computes the statistics that a catalog's features look up.

    The rows that a lookup sums up are listed by the functions that compute features, and added up
    by key. Quantiles are those of features of the buyers.

    Parameters
    ----------
    catalog : Catalog
        The features; only the statistics that they need are computed.
    code_folder : Path
        Where compiled functions are kept.

    Raises
    ------
    ValueError
        A statistic reads another one: one pass does not suffice.
    """

    def __init__(self, catalog: Catalog, code_folder: Path) -> None:
        self._lookups = [s for s in catalog.lookups if isinstance(s, Lookup)]
        self._quantiles = [s for s in catalog.lookups if isinstance(s, Quantiles)]
        self._catalog = _listing(catalog, self._lookups, self._quantiles)
        if chained := [statistic.name for statistic in self._catalog.lookups]:
            raise ValueError(
                "expected statistics of features and relations that read no statistic, got some "
                f"that read {', '.join(chained)}; correct the declarations"
            )
        self._plan = FeaturePlan(self._catalog, code_folder)
        self.words = self._plan.words

    def expect(self, customers: int, times: int = 1) -> None:
        """Wait until the functions are compiled, if that pays for customers computed so often."""
        if self._lookups or self._quantiles:
            self._plan.expect(customers, times)

    def compute(self, chunks: CustomerChunks, cutoff: int, cutoff_day: int) -> Lookups:
        """Compute the statistics at a cutoff.

        Parameters
        ----------
        chunks : CustomerChunks
            All customers, as their accounts are known at the cutoff.
        cutoff : int
            Microseconds UTC.
        cutoff_day : int
            The shop's local day of it.

        Returns
        -------
        Lookups
        """
        lookups = Lookups(built_at=cutoff)
        if not (self._lookups or self._quantiles):
            return lookups
        scope, words = Scope(cutoff, cutoff_day), chunks.columns.words
        totals = {lookup.name: _LookupTotals(lookup, words) for lookup in self._lookups}
        of_buyers = [np.empty((0, len(self._quantiles)))]
        places = [list(self._catalog).index(quantile.feature) for quantile in self._quantiles]
        for _, columns in chunks:
            values, listed = self._plan.compute_numbers(columns, scope)
            of_buyers.append(values[values[:, len(self._catalog) - 1] > 0][:, places])
            for place, lookup in enumerate(self._lookups, start=len(self._catalog)):
                count = int(values[-1, place])
                rows = {n: listed[_rows_of(lookup), n][:count] for n in _columns(lookup)}
                totals[lookup.name].add(rows)
        for lookup in self._lookups:
            _put(lookup, totals[lookup.name].table(), lookups)
        lookups.scalars.update(_levels(self._quantiles, np.concatenate(of_buyers)))
        return lookups


def _rows_of(lookup: Lookup) -> str:
    return f"rows of {lookup.name}"


def _columns(lookup: Lookup) -> Mapping[str, str]:
    """Return the columns of the rows that a lookup sums up, as SQL over its relation's columns."""
    key = {} if lookup.key is None else {"key": lookup.key}
    return key | {name: value for name, (_, value) in lookup.totals.items()}


def _listing(catalog: Catalog, lookups: list[Lookup], quantiles: list[Quantiles]) -> Catalog:
    """Return a catalog that lists the rows of lookups and has the features of quantiles."""
    rows = [
        Relation(
            name=_rows_of(lookup),
            sources=(lookup.relation,),
            columns=_columns(lookup),
            where="" if lookup.key is None else f"{lookup.key} IS NOT NULL",
        )
        for lookup in lookups
    ]
    some = catalog.select(quantile.feature for quantile in quantiles)
    relations = Relations((*catalog.relations.values(), *rows))
    listed = {_rows_of(lookup): tuple(_columns(lookup)) for lookup in lookups}
    listing = Catalog(some.values(), relations, catalog.statistics.values(), listed)
    return counting_members(listing, has_messages=False)


class _LookupTotals:
    """Adds up the rows of one lookup by the codes of its key.

    Parameters
    ----------
    lookup : Lookup
        The lookup.
    words : Words
        The texts of the codes.
    """

    def __init__(self, lookup: Lookup, words: Words) -> None:
        self._lookup, self._words = lookup, words
        self._size = 1 if lookup.key is None else len(words.texts)
        self._rows = np.zeros(self._size, dtype=np.int64)
        self._totals = {name: self._begin(of) for name, (of, _) in lookup.totals.items()}
        self._kept: dict[str, list[pd.Series]] = defaultdict(list)  # by total, then by code

    def _begin(self, aggregate: str) -> tuple[Indices, Floats]:
        """Return no values and their total, by code."""
        total = {"min": np.inf, "max": -np.inf}.get(aggregate, 0.0)
        return np.zeros(self._size, dtype=np.int64), np.full(self._size, total)

    def add(self, rows: Mapping[str, Floats]) -> None:
        """Add rows: the codes of the key in `key`, and a value for each total."""
        some = next(iter(rows.values()))
        codes = rows["key"].astype(np.intp) if "key" in rows else np.zeros(len(some), np.intp)
        self._rows += np.bincount(codes, minlength=self._size)
        for name, (aggregate, _) in self._lookup.totals.items():
            known = ~np.isnan(rows[name])
            counts, totals = self._totals[name]
            counts += np.bincount(codes[known], minlength=self._size)
            values = rows[name][known]
            if aggregate in ("sum", "mean"):
                totals += np.bincount(codes[known], values, minlength=self._size)
            elif aggregate in _EXTREMES:
                _EXTREMES[aggregate].at(totals, codes[known], values)
            elif aggregate not in _ACCUMULATED:
                self._kept[name].append(pd.Series(values, codes[known]))

    def table(self) -> LookupTable:
        """Return the totals by key; the key of a lookup without one is an empty text."""
        codes = np.flatnonzero(self._rows) if self._lookup.key is not None else np.zeros(1, int)
        keys = [""] if self._lookup.key is None else [self._words.texts[code] for code in codes]
        return {
            name: dict(zip(keys, self._values(name, aggregate, codes), strict=True))
            for name, (aggregate, _) in self._lookup.totals.items()
        }

    def _values(self, name: str, aggregate: str, codes: Indices) -> Iterator[float | None]:
        counts, totals = (array[codes] for array in self._totals[name])
        if aggregate == "count":
            return map(float, counts)
        if aggregate not in _ACCUMULATED:
            totals = self._of_kept(name, aggregate, codes)
        elif aggregate == "mean":
            totals = totals / np.maximum(counts, 1)
        return (float(v) if n else None for v, n in zip(totals, counts, strict=True))

    def _of_kept(self, name: str, aggregate: str, codes: Indices) -> Array:
        """Compute what cannot be added up, such as a median, from all values."""
        values = pd.concat(self._kept[name])
        totals: Array = values.groupby(level=0).agg(aggregate).reindex(codes).to_numpy()
        return totals


def _put(lookup: Lookup, table: LookupTable, lookups: Lookups) -> None:
    if lookup.key is not None:
        lookups.tables[lookup.name] = table
        return
    for column, values in table.items():
        lookups.scalars[f"@{lookup.name}:{column}"] = values[""]


def _levels(quantiles: list[Quantiles], values: Floats) -> Iterator[tuple[str, float | None]]:
    """Yield the name and value of each quantile, between two values as far along as its share."""
    for place, declared in enumerate(quantiles):
        known = values[~np.isnan(values[:, place]), place]
        levels = np.quantile(known, np.array(declared.percents) / 100) if len(known) else []
        for at, percent in enumerate(declared.percents):
            yield f"@{declared.name}:{percent}", float(levels[at]) if len(known) else None
