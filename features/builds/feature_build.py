"""Builds the features of all customers at cutoffs, from a shop's log."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.builds.shop_catalog import read_catalog
from features.engines.sql.feature_queries import Population, prepare_features
from features.engines.sql.history_export import write_parquet
from features.language.catalog import Catalog
from features.log.log import Log, check_cutoff_in_data
from features.log.objections import objecting_customers_sql
from features.windows import to_datetime


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
