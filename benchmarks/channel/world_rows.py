"""Builds the product's training rows of a consent world, with their truth, and keeps them."""

from pathlib import Path

import pandas as pd

from benchmarks.channel.consent_settings import ARMS
from benchmarks.channel.consent_world import ConsentWorld
from features.engines.sql.feature_build import read_catalog
from features.log.log import read_log
from features.shop.shop import read_shop
from training.channel.message_rows import make_message_rows


def make_world_rows(world: ConsentWorld, *, texts: bool = True) -> pd.DataFrame:
    """Make the rows that a training reads of a world, with the truth beside them.

    Parameters
    ----------
    world : ConsentWorld
        A world whose tables are on disk.
    texts : bool
        Also build the features that are texts (such as `country`), which a training leaves out.

    Returns
    -------
    DataFrame
        One row per message, as `make_message_rows` makes them, and for each arm `true <arm>`
        (chance of a purchase within 7 days; NaN for a second message) and `eligible <arm>`.
    """
    shop = read_shop(world.config)
    log = read_log(shop)
    try:
        catalog = read_catalog(log, world.end)
        if not texts:
            catalog = catalog.without_texts()
        first, days = log.first_order_at, shop.channels.window_days
        rows = make_message_rows(log, catalog, first, world.end, days, world.end)
    finally:
        log.close()
    ids = rows["message_id"].to_numpy()
    truth = pd.DataFrame(world.row_truth(ids), columns=[f"true {arm}" for arm in ARMS])
    eligible = pd.DataFrame(world.row_eligible(ids), columns=[f"eligible {arm}" for arm in ARMS])
    return pd.concat([rows, truth, eligible], axis=1)


def read_world_rows(world: ConsentWorld, path: Path) -> pd.DataFrame:
    """Read the rows of a world from a Parquet file, which is made if it is missing.

    Parameters
    ----------
    world : ConsentWorld
        The world; only where the file is missing its tables are read.
    path : Path
        The file; its name must be of this world alone.

    Returns
    -------
    DataFrame
        As `make_world_rows`, with texts.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        make_world_rows(world).to_parquet(path, index=False)
    return pd.read_parquet(path)
