"""Builds the features of all customers at cutoffs, from a shop's log."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.catalog.dictionary import make_catalog
from features.catalog.relations import BASKETS, PURCHASES
from features.engines.sql.duckdb_engine import features_sql, rows_sql
from features.engines.sql.history_export import write_parquet
from features.engines.sql.lookups import build_lookups, drop_computed
from features.history.layout import HISTORY_TABLES
from features.language.catalog import Catalog
from features.language.relation import Relations
from features.language.scope import Lookups, Scope
from features.language.vocabulary import Vocabulary
from features.log.history_tables import attribute_names, profile_columns
from features.log.identities import history_table_sql
from features.log.log import Log, check_cutoff_in_data
from features.log.objections import objecting_customers_sql
from features.log.queryable_log import QueryableLog
from features.windows import Window, local_day, to_datetime

Population = Literal["buyers", "contacts"]


def read_vocabulary(log: Log, cutoff: int) -> Vocabulary:
    """Read the tables, columns and free names that decide a shop's features, as of a cutoff.

    Parameters
    ----------
    log : Log
        The shop's tables.
    cutoff : int
        Microseconds UTC; names known later are left out.
    """
    tables = {name: sorted(columns) for name, columns in log.provided.items()}
    if "customers" in tables:
        tables["customers"] = sorted(profile_columns(log.shop, log.provided))
    stores = _names(log, "orders", "store", "ordered_at", cutoff)
    return Vocabulary(
        tables,
        channels=[c for c in _names(log, "messages", "channel", "sent_at", cutoff) if c != "none"],
        stores=stores,
        attributes=attribute_names(log.shop, log.provided),
        points=log.shop.contact_points,
    )


def _names(log: Log, table: str, column: str, happened: str, cutoff: int) -> list[str]:
    """List the distinct names in a column of a table, as known at a cutoff."""
    if column not in log.provided.get(table, ()):
        return []
    rows = log.connection.execute(
        f"SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL "
        f"AND {Window(cutoff).known_sql(happened, 'known_at')} ORDER BY 1"
    )
    return [row[0] for row in rows.fetchall()]


def read_catalog(log: Log, cutoff: int) -> Catalog:
    """Make the catalog of the features that can be computed from a shop's tables.

    Parameters
    ----------
    log : Log
        The opened event log of one shop.
    cutoff : int
        Last instant known, in microseconds UTC: channels, stores and attributes that are first
        named later have no features.

    Returns
    -------
    Catalog
        Features by name, without those whose tables or columns the shop does not give.
    """
    return make_catalog(read_vocabulary(log, cutoff))


def make_scope(log: QueryableLog, cutoff: int, lookups: Lookups | None = None) -> Scope:
    """Make the scope of a cutoff over a log's tables.

    Parameters
    ----------
    log : Warehouse
        The tables of the history.
    cutoff : int
        Microseconds UTC.
    lookups : Lookups, optional
        Values of the population's statistics; default: none.
    """
    tables = {name: history_table_sql(log, name, cutoff) for name in HISTORY_TABLES}
    return Scope(cutoff, local_day(cutoff, log.timezone), lookups or Lookups(cutoff), tables)


def purchases_sql(log: QueryableLog, cutoff: int) -> str:
    """Write the SELECT of all purchases known at a cutoff: orders that are not cancelled.

    Returns
    -------
    str
        A query of one row per order: `customer_id`, `happened_at` (microseconds UTC), `day`
        (local, since 1970-01-01), `amount` (minor units) and the order's optional columns.
    """
    return rows_sql(Relations(PURCHASES), "purchases", make_scope(log, cutoff))


def purchase_days_sql(log: Log, cutoff: int) -> str:
    """Write the SELECT of all days with purchases known at a cutoff.

    Returns
    -------
    str
        A query of one row per customer and day: `customer_id`, `day` (local, since 1970-01-01),
        `amount` (minor units), `gap_days` since the purchase day before.
    """
    return rows_sql(Relations(PURCHASES), "purchase_days", make_scope(log, cutoff))


def category_days_sql(log: Log, cutoff: int) -> str:
    """Write the SELECT of on how many days each customer bought of each category.

    Returns
    -------
    str
        A query with `customer_id` and `days`, one row per customer and category, as known at
        the cutoff.
    """
    return rows_sql(Relations(BASKETS), "categories", make_scope(log, cutoff), {"days"})


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
    population : {"buyers", "contacts"}
        Everybody with a purchase known at the cutoff, one-time buyers included; or also
        everybody who was sent a message.
    share : float
        Share of the customers to build, 0 to 1: the same ones at every cutoff. The population's
        statistics are still taken over everybody.

    Returns
    -------
    DataFrame
        One row per (customer_id, cutoff): `customer_id`, `cutoff` (UTC), and the catalog's
        features as float64, sorted by cutoff and customer. Only what was known at its cutoff
        is read for a row.
    """
    parts = [_build_one(log, cutoff, catalog, population, share) for cutoff in cutoffs]
    return pd.concat(parts, ignore_index=True)


def _build_one(
    log: Log, cutoff: int, catalog: Catalog, population: Population, share: float
) -> pd.DataFrame:
    with prepare_features(log, cutoff, catalog, population, share) as queries:
        parts = [log.connection.execute(f"{query} ORDER BY customer_id").df() for query in queries]
    filled = [part for part in parts if len(part)] or parts[:1]  # of no rows the types are lost
    frame = pd.concat(filled, ignore_index=True)
    instant = pd.Timestamp(to_datetime(cutoff)).as_unit("us")
    rows = frame[["customer_id"]].assign(cutoff=instant)
    numbers = _rounded(frame[catalog.numbers].to_numpy(dtype=float))
    texts = frame[[name for name in catalog if catalog[name].kind == "text"]]
    columns = [rows, pd.DataFrame(numbers, columns=catalog.numbers), texts]
    return pd.concat(columns, axis=1)[["customer_id", "cutoff", *catalog]]


def _rounded(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round away the last bits, which differ from run to run: threads sum floats in any order.

    Whole numbers up to 2^40 stay as they are, and the same data give the same model.
    """
    mantissa, exponent = np.frexp(values)
    rounded: NDArray[np.float64] = np.ldexp(np.round(mantissa * _PRECISION) / _PRECISION, exponent)
    return rounded


_PRECISION = 2.0**40


@contextmanager
def prepare_features(
    log: QueryableLog,
    cutoff: int,
    catalog: Catalog,
    population: Population = "buyers",
    share: float = 1.0,
) -> Iterator[list[str]]:
    """Build the lookups of a cutoff and write the queries of all customers' features at it.

    The queries can be run within the context only, because they read tables that are dropped at
    its end.

    Yields
    ------
    list of str
        One query per range of customers, in the order of the ranges; its columns are those of
        `features.engines.sql.duckdb_engine.features_sql`.
    """
    scope = _build_scope(log, cutoff, catalog)
    everybody = _population_sql(log, cutoff, population)
    parts = [replace(scope, within=_sampled(within, share)) for within in log.ranges]
    try:
        yield [features_sql(catalog, part, everybody) for part in parts]
    finally:
        drop_computed(log, scope)


def _sampled(within: str, share: float) -> str:
    """Restrict a condition on `customer_id` to a share of the customers, drawn by a hash."""
    if share >= 1.0:
        return within
    drawn = f"hash(customer_id) < {int(share * 2**64)}"
    return f"({within}) AND {drawn}" if within else drawn


def build_lookups_at(log: QueryableLog, cutoff: int, catalog: Catalog) -> Lookups:
    """Compute the statistics of the population that a catalog's features look up.

    Parameters
    ----------
    log : Warehouse
        The tables of the history.
    cutoff : int
        Last instant known, in microseconds UTC.
    catalog : Catalog
        The features; only the statistics that they need are computed.

    Returns
    -------
    Lookups
        The values of each statistic, such as a category's mean price, by its key.
    """
    scope = _build_scope(log, cutoff, catalog)
    drop_computed(log, scope)
    return scope.lookups


def _build_scope(log: QueryableLog, cutoff: int, catalog: Catalog) -> Scope:
    buyers = _population_sql(log, cutoff, "buyers")
    return build_lookups(log, catalog, make_scope(log, cutoff), buyers)


def _population_sql(log: QueryableLog, cutoff: int, population: Population) -> str:
    buyers = f"SELECT DISTINCT customer_id FROM ({purchases_sql(log, cutoff)})"
    if population == "buyers" or "messages" not in log.provided:
        return buyers
    known = Window(cutoff).known_sql("sent_at", "known_at")
    messages = history_table_sql(log, "messages", cutoff)
    return f"{buyers} UNION SELECT customer_id FROM {messages} WHERE {known}"


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
    with prepare_features(log, cutoff, read_catalog(log, cutoff)) as queries:
        allowed = [
            f"SELECT customer_id, make_timestamptz({cutoff}) AS cutoff, "
            f"COLUMNS(* EXCLUDE customer_id) FROM ({query}) "
            f"WHERE customer_id NOT IN ({objecting_customers_sql(log)})"
            for query in queries
        ]
        write_parquet(log.connection, allowed, path)
    return path
