"""Builds the features of all customers at cutoffs, from a shop's log."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from features.arrays import Array, Flags, Floats
from features.builds.customer_chunks import CustomerChunks
from features.builds.population_statistics import PopulationStatistics
from features.builds.shop_catalog import read_catalog
from features.catalog.population import Population, counting_members, member_counts
from features.engines.plan import COMPILED_FOLDER, FeaturePlan
from features.history.words import Words
from features.language.catalog import Catalog
from features.language.scope import Scope
from features.log.flat_log import FlatLog
from features.log.log import Log
from features.log.log_cutoffs import check_cutoff_in_data
from features.log.objections import objecting_customers
from features.sources.parquet_file import ROW_GROUP, write_parquet
from features.windows import local_day, to_datetime

_MOST = 0.5  # of a catalog: the rest costs less than functions of their own would
_NO_TEXTS = np.empty(0, dtype=object)


@dataclass(frozen=True)
class FeatureRows:
    """The features of some customers at one cutoff.

    Attributes
    ----------
    ids : (n,) object array
        The customers.
    values : (n, features) array
        Features, NaN for a missing number and codes for texts.
    places : mapping of str to int
        Name of a feature -> its column of `values`.
    words : Words
        The texts by their codes.
    """

    ids: Array
    values: Floats
    places: Mapping[str, int]
    words: Words

    def take(self, chosen: Flags) -> "FeatureRows":
        """Return some of the customers."""
        return replace(self, ids=self.ids[chosen], values=np.compress(chosen, self.values, axis=0))

    def numbers(self, name: str) -> Floats:
        """Return a feature that is a number."""
        return self.values[:, self.places[name]]

    def texts(self, name: str) -> Array:
        """Return a feature that is a text, None where it is missing."""
        return self.words.decoded[self.numbers(name).astype(np.intp)]


class FeatureBuilder:
    """Builds the features of one log's customers, at any number of cutoffs.

    A catalog that is most of the one it was selected from is computed as a part of it: all
    builders of a shop then share their compiled functions.

    Parameters
    ----------
    log : Log
        The shop's tables.
    catalog : Catalog
        The features to build.
    population : {"buyers", "contacts"}
        Everybody with a purchase known at the cutoff, one-time buyers included; or also
        everybody who was sent a message.
    builds : int
        Number of cutoffs that are expected: functions that will be run often are compiled early.
    """

    def __init__(
        self, log: Log, catalog: Catalog, population: Population = "buyers", builds: int = 1
    ) -> None:
        self._log, self._catalog, self._builds = log, catalog, builds
        is_most = len(catalog) > _MOST * len(catalog.whole)
        computed = counting_members(
            catalog.whole if is_most else catalog, "messages" in log.provided
        )
        self._places = {name: place for place, name in enumerate(computed)}
        self._counts = [self._places[name] for name in member_counts(computed, population)]
        folder = log.shop.workspace / COMPILED_FOLDER
        self._plan = FeaturePlan(computed, folder)
        self._statistics = PopulationStatistics(computed, folder)

    @cached_property
    def _flat(self) -> FlatLog:
        return self._log.layout.with_words([*self._plan.words, *self._statistics.words])

    def prepare(self, customers: int) -> None:
        """Lay the log out, and compile the functions if that pays for so many customers.

        Builds do both by themselves, when they need it.
        """
        _ = self._flat
        self._statistics.expect(customers)
        self._plan.expect(customers)

    def _chunks(self, cutoff: int) -> CustomerChunks:
        return CustomerChunks.at(self._log, self._flat, cutoff)

    def _rows(
        self, chunks: CustomerChunks, cutoff: int, share: float = 1.0
    ) -> Iterator[FeatureRows]:
        """Compute the features of the population, in the order of ids, one part after the other."""
        day = local_day(cutoff, self._log.timezone)
        self._statistics.expect(len(chunks.ids), self._builds)
        scope = Scope(cutoff, day, self._statistics.compute(chunks, cutoff, day))
        sampled = chunks.sampled(share)
        self._plan.expect(len(sampled.ids), self._builds)
        for ids, columns in sampled:
            values, _ = self._plan.compute_numbers(columns, scope)
            rows = FeatureRows(ids, values, self._places, columns.words)
            yield rows.take(np.any(values[:, self._counts] > 0, axis=1))

    def frame(self, cutoff: int, share: float = 1.0) -> pd.DataFrame:
        """Build the features of the population at a cutoff.

        Parameters
        ----------
        cutoff : int
            Last instant known, in microseconds UTC.
        share : float
            Share of the customers to build, 0 to 1: the same ones at every cutoff. The
            population's statistics are still taken over everybody.

        Returns
        -------
        DataFrame
            One row per customer: `customer_id`, `cutoff` (UTC), and the catalog's features, numbers
            as float64 and texts as str, sorted by customer.
        """
        chunks, names = self._chunks(cutoff), list(self._catalog)
        numbers = [self._places[name] for name in self._catalog.numbers]
        texts = {name: [_NO_TEXTS] for name in names if self._catalog[name].kind == "text"}
        ids, count = [_NO_TEXTS], 0
        # one array, filled part by part: memory that is written the first time is what costs most
        values = np.empty((len(chunks.ids), len(numbers)))
        for rows in self._rows(chunks, cutoff, share):
            ids.append(rows.ids)
            first, count = count, count + len(rows.ids)
            np.take(rows.values, numbers, axis=1, out=values[first:count], mode="clip")
            for name, found in texts.items():
                found.append(rows.texts(name))
        frame = pd.DataFrame(values[:count], columns=self._catalog.numbers, copy=False)
        for name, found in texts.items():
            frame.insert(names.index(name), name, pd.Series(np.concatenate(found), dtype="str"))
        frame.insert(0, "customer_id", pd.Series(np.concatenate(ids), dtype="str"))
        frame.insert(1, "cutoff", pd.Timestamp(to_datetime(cutoff)).as_unit("us"))
        return frame

    def batches(self, cutoff: int, left_out: Iterable[str] = ()) -> Iterator[pa.RecordBatch]:
        """Build the features of the population at a cutoff as batches of `schema`.

        Parameters
        ----------
        cutoff : int
            Last instant known, in microseconds UTC.
        left_out : iterable of str
            Customers who get no row.
        """
        left_out = pd.Index(list(left_out), dtype=object)
        waiting: list[FeatureRows] = []
        for rows in self._rows(self._chunks(cutoff), cutoff):
            waiting.append(rows.take(~pd.Index(rows.ids).isin(left_out)))
            if sum(len(part.ids) for part in waiting) >= ROW_GROUP:
                yield self._batch(waiting, cutoff)
                waiting = []
        if waiting:
            yield self._batch(waiting, cutoff)

    @property
    def schema(self) -> pa.Schema:
        """Columns of `batches`: `customer_id`, `cutoff`, numbers as double and texts as string."""
        types = {"number": pa.float64(), "text": pa.string()}
        return pa.schema(
            {"customer_id": pa.string(), "cutoff": pa.timestamp("us", "UTC")}
            | {name: types[feature.kind] for name, feature in self._catalog.items()}
        )

    def _batch(self, parts: list[FeatureRows], cutoff: int) -> pa.RecordBatch:
        values = np.concatenate([part.values for part in parts])
        ids = np.concatenate([part.ids for part in parts])
        rows = replace(parts[0], ids=ids, values=values)
        columns = [pa.array(ids, pa.string()), pa.array(np.full(len(ids), cutoff))]
        for name, feature in self._catalog.items():
            column = rows.texts(name) if feature.kind == "text" else rows.numbers(name).copy()
            columns.append(pa.array(column, from_pandas=True))
        columns = [c.cast(t) for c, t in zip(columns, self.schema.types, strict=True)]
        return pa.record_batch(columns, schema=self.schema)


def build_features(
    log: Log,
    cutoffs: Iterable[int],
    catalog: Catalog,
    population: Population = "buyers",
    share: float = 1.0,
) -> pd.DataFrame:
    """Build the features of all customers at each cutoff, or of a share of the customers.

    Parameters
    ----------
    log : Log
        The shop's tables.
    catalog : Catalog
        The features to build.
    cutoffs : iterable of int
        Instants; see `features.windows.read_cutoff`.
    population, share
        As of `FeatureBuilder` and of `FeatureBuilder.frame`.

    Returns
    -------
    DataFrame
        One row per (customer_id, cutoff): `customer_id`, `cutoff` (UTC), and the catalog's
        features, numbers as float64, sorted by cutoff and customer. Only what was known at its
        cutoff is read for a row.
    """
    builder = FeatureBuilder(log, catalog, population)
    return pd.concat([builder.frame(cutoff, share) for cutoff in cutoffs], ignore_index=True)


def write_features(log: Log, cutoff: int | None = None) -> Path:
    """Write all customers' features at a cutoff as a Parquet file in the shop's workspace.

    Customers who have objected to profiling are left out.

    Parameters
    ----------
    cutoff : int, optional
        Microseconds UTC; default: the end of the data.

    Returns
    -------
    Path
        `features/cutoff=<instant>/features.parquet`: one row per customer, `customer_id`,
        `cutoff` and the features. The file is written under another name and then renamed.
    """
    cutoff = log.observed_until if cutoff is None else cutoff
    check_cutoff_in_data(log, cutoff)
    folder = log.shop.workspace / "features" / f"cutoff={to_datetime(cutoff):%Y-%m-%dT%H%M%SZ}"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "features.parquet"
    builder = FeatureBuilder(log, read_catalog(log, cutoff))
    with log.connection.within_room():
        batches = builder.batches(cutoff, objecting_customers(log))
        write_parquet(builder.schema, batches, path)
    return path
