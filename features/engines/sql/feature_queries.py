"""Writes the queries of all customers' features, purchases and statistics at a cutoff."""

from collections.abc import Iterator
from contextlib import contextmanager

from features.catalog.population import Population
from features.catalog.relations import BASKETS, PURCHASES
from features.engines.sql.duckdb_engine import features_sql, rows_sql
from features.engines.sql.lookups import build_lookups, drop_computed
from features.history.layout import HISTORY_TABLES
from features.language.catalog import Catalog
from features.language.relation import Relations
from features.language.scope import Lookups, Scope
from features.log.identities import history_table_sql
from features.log.log import Log
from features.log.queryable_log import QueryableLog
from features.windows import Window, local_day


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


@contextmanager
def prepare_features(
    log: QueryableLog, cutoff: int, catalog: Catalog, population: Population = "buyers"
) -> Iterator[str]:
    """Build the lookups of a cutoff and write the query of all customers' features at it.

    The query can be run within the context only, because it reads tables that are dropped at its
    end.

    Parameters
    ----------
    log : QueryableLog
        The tables of the history.
    cutoff : int
        Microseconds UTC.
    catalog : Catalog
        The features.
    population : {"buyers", "contacts"}
        Everybody with a purchase known at the cutoff, or also everybody who was sent a message.

    Yields
    ------
    str
        The query; its columns are those of `features.engines.sql.duckdb_engine.features_sql`.
    """
    scope = build_scope(log, cutoff, catalog)
    try:
        yield features_sql(catalog, scope, _population_sql(log, cutoff, population))
    finally:
        drop_computed(log, scope)


def build_scope(log: QueryableLog, cutoff: int, catalog: Catalog) -> Scope:
    """Compute the statistics that a catalog's features look up, for queries at a cutoff.

    Returns
    -------
    Scope
        Has the tables of relations that were computed on the way; `drop_computed` drops them.
    """
    buyers = _population_sql(log, cutoff, "buyers")
    return build_lookups(log, catalog, make_scope(log, cutoff), buyers)


def _population_sql(log: QueryableLog, cutoff: int, population: Population) -> str:
    buyers = f"SELECT DISTINCT customer_id FROM ({purchases_sql(log, cutoff)})"
    if population == "buyers" or "messages" not in log.provided:
        return buyers
    known = Window(cutoff).known_sql("sent_at", "known_at")
    messages = history_table_sql(log, "messages", cutoff)
    return f"{buyers} UNION SELECT customer_id FROM {messages} WHERE {known}"
