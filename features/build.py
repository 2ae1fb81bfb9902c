"""Features of everybody at a cutoff, from the log."""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import pandas as pd

from features.catalog import make_catalog
from features.duckdb_engine import features_sql
from features.feature import Catalog
from features.log import Log, check_observed
from features.objections import without_objected
from features.relations import RELATIONS
from features.windows import Window, local_day, to_datetime

Population = Literal["buyers", "contacts"]


def read_channels(log: Log, cutoff: int) -> list[str]:
    """List the channels messaged through as known at a cutoff, the no-message left out."""
    if "messages" not in log.provided:
        return []
    known = Window(cutoff).known_sql("sent_at", "known_at")
    rows = log.connection.execute(
        f"SELECT DISTINCT channel FROM messages WHERE channel <> 'none' AND {known} ORDER BY 1"
    )
    return [row[0] for row in rows.fetchall()]


def read_catalog(log: Log, cutoff: int) -> Catalog:
    """Make the catalog of the features that this shop's tables support at a cutoff."""
    return make_catalog(read_channels(log, cutoff)).available(log.provided)


def build_features(
    log: Log,
    cutoffs: Iterable[int],
    catalog: Catalog,
    population: Population = "buyers",
) -> pd.DataFrame:
    """Build the features of everybody at each cutoff.

    Parameters
    ----------
    cutoffs : iterable of int
        Instants; see `features.windows.read_cutoff`.
    population : {"buyers", "contacts"}
        Everybody with a purchase known at the cutoff, one-time buyers included; or also
        everybody who was sent a message.

    Returns
    -------
    DataFrame
        One row per (customer_id, cutoff): `customer_id`, `cutoff` (UTC), and the catalog's
        features as float64, sorted by cutoff and customer. Only what was known at its cutoff
        is read for a row.
    """
    parts = [_build_one(log, cutoff, catalog, population) for cutoff in cutoffs]
    return pd.concat(parts, ignore_index=True)


def _build_one(log: Log, cutoff: int, catalog: Catalog, population: Population) -> pd.DataFrame:
    query = features_sql(
        catalog,
        cutoff,
        local_day(cutoff, log.shop.timezone),
        _population_sql(log, Window(cutoff), population),
    )
    frame = log.connection.execute(query).df()
    frame.insert(1, "cutoff", pd.Timestamp(to_datetime(cutoff)).as_unit("us"))
    return frame


def _population_sql(log: Log, window: Window, population: Population) -> str:
    buyers = f"SELECT DISTINCT customer_id FROM ({RELATIONS['purchases'].sql(window)})"
    if population == "buyers" or "messages" not in log.provided:
        return buyers
    messaged = f"SELECT customer_id FROM messages WHERE {window.known_sql('sent_at', 'known_at')}"
    return f"{buyers} UNION {messaged}"


def write_features(log: Log, cutoff: int | None = None) -> Path:
    """Write everybody's features at a cutoff as a Parquet partition of the shop's workspace.

    Customers who have objected to profiling are left out.

    Parameters
    ----------
    cutoff : int, optional
        Default: the end of the data.

    Returns
    -------
    Path
        `features/cutoff=<instant>/features.parquet`: written beside and renamed into place.
    """
    cutoff = log.observed_until if cutoff is None else cutoff
    check_observed(log, cutoff)
    folder = log.shop.workspace / "features" / f"cutoff={to_datetime(cutoff):%Y-%m-%dT%H%M%SZ}"
    folder.mkdir(parents=True, exist_ok=True)
    path, unfinished = folder / "features.parquet", folder / "features.unfinished"
    frame = build_features(log, [cutoff], read_catalog(log, cutoff))
    without_objected(log, frame).to_parquet(unfinished, index=False)
    unfinished.replace(path)
    return path
