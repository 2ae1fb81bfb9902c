"""Reads the tables that a simulated shop exported."""

from pathlib import Path

import pandas as pd


def read_table(dense_shop: Path, name: str) -> pd.DataFrame:
    return pd.read_parquet(dense_shop / f"{name}.parquet")


def read_linked(dense_shop: Path, name: str) -> pd.DataFrame:
    """A table under the customers' own ids."""
    links = read_table(dense_shop, "identities").set_index("source_id")["customer_id"].astype(str)
    frame = read_table(dense_shop, name)
    ids = frame["customer_id"].astype(str)
    return frame.assign(customer_id=ids.map(links).fillna(ids))
