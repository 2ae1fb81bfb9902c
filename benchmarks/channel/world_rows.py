"""Builds the product's rows of a consent world, with their truth, and keeps them in files."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pandas as pd

from benchmarks.channel.consent_settings import ARMS
from benchmarks.channel.consent_world import ConsentWorld
from benchmarks.channel.kept_records import write_whole
from features.arrays import Array
from features.builds.feature_build import build_features
from features.builds.shop_catalog import read_catalog
from features.language.catalog import Catalog
from features.log.log import Log, read_log
from features.shop.shop import read_shop
from models.arms import NO_MESSAGE
from training.channel.job import select_channel_features
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
        (chance of a purchase within 7 days; NaN for a second message) and `eligible <arm>` (False
        for a second message).
    """
    with _opened(world, texts) as (log, catalog):
        days = log.shop.channels.window_days
        rows = make_message_rows(log, catalog, log.first_order_at, world.end, days, world.end).rows
    ids = rows["message_id"].to_numpy()
    truth = _named("true", world.row_truth(ids))
    return pd.concat([rows, truth, _named("eligible", world.row_eligible(ids))], axis=1)


def make_asked_rows(world: ConsentWorld, *, texts: bool = True) -> pd.DataFrame:
    """Make the rows of all customers as they are asked about after the log.

    Parameters
    ----------
    world : ConsentWorld
        A world whose tables are on disk.
    texts : bool
        Also build the features that are texts.

    Returns
    -------
    DataFrame
        One row per customer: the features at the end of the log, `eligible <arm>`, for each of
        the world's moments `<moment> true <arm>`, and `last_message_at` (microseconds UTC, NaN
        without a message).
    """
    with _opened(world, texts) as (log, catalog):
        rows = build_features(log, [world.end - 1], catalog, population="contacts")
    ids = rows["customer_id"].to_numpy()
    last = pd.DataFrame({"last_message_at": _last_messages(world).reindex(ids).to_numpy()})
    parts = [rows.reset_index(drop=True), last]
    for moment, instant in world.moments.items():
        truth, eligible = world.truth_at(ids, instant)
        parts.append(_named(f"{moment} true", truth))
    return pd.concat([*parts, _named("eligible", eligible)], axis=1)


def read_world_rows(world: ConsentWorld, folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read the rows of a world from a folder, where they are written if they are missing.

    Parameters
    ----------
    world : ConsentWorld
        The world; its tables are read only where a file is missing.
    folder : Path
        A folder of this world alone.

    Returns
    -------
    rows, asked : DataFrame
        From `make_world_rows` and `make_asked_rows`, with texts.
    """
    makers = {"rows": make_world_rows, "asked": make_asked_rows}
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in makers.items():
        path = folder / f"{name}.parquet"
        if not path.exists():
            made = make(world)
            write_whole(path, partial(made.to_parquet, index=False))
    rows, asked = (pd.read_parquet(folder / f"{name}.parquet") for name in makers)
    return rows, asked


def read_world_catalog(world: ConsentWorld) -> Catalog:
    """Read the catalog of the features of a world that a channel model may read.

    Parameters
    ----------
    world : ConsentWorld
        A world whose tables are on disk.

    Returns
    -------
    Catalog
    """
    with _opened(world, True) as (_, catalog):
        return select_channel_features(catalog)


def _last_messages(world: ConsentWorld) -> "pd.Series[float]":
    """Return when each customer was sent the last message of the log, by `customer_id`."""
    messages = pd.read_parquet(world.config.parent / "messages.parquet")
    sent = messages[messages["channel"] != NO_MESSAGE]
    last = sent.groupby("customer_id")["sent_at"].max()
    return last.dt.tz_localize(None).astype("datetime64[us]").astype("int64").astype(float)


@contextmanager
def _opened(world: ConsentWorld, texts: bool) -> Iterator[tuple[Log, Catalog]]:
    """Open the log of a world with the catalog of its features, as known at its end."""
    log = read_log(read_shop(world.config))
    try:
        catalog = read_catalog(log, world.end)
        yield log, catalog if texts else catalog.without_texts()
    finally:
        log.close()


def _named(prefix: str, values: Array) -> pd.DataFrame:
    return pd.DataFrame(values, columns=[f"{prefix} {arm}" for arm in ARMS])
