"""Reads the names that decide which features a shop has, and makes the catalog of these."""

from features.catalog.dictionary import make_catalog
from features.language.catalog import Catalog
from features.language.vocabulary import Vocabulary
from features.log.history_tables import attribute_names, profile_columns
from features.log.log import Log
from features.windows import Window


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
