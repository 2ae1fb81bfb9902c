"""Builds training slices: features and labels of many cutoffs, closed before the model's own."""

from collections.abc import Mapping

import pandas as pd

from features.language.catalog import Catalog
from features.log.log import Log
from features.windows import Window
from models.btyd.member import MemberName
from models.btyd.member_choice import choose_member
from models.purchase.churn_fit import best_level
from models.purchase.season import CUTOFF_DAY, SEASON_COLUMNS
from models.purchase.slices import Slices
from training.labels import make_labels
from training.purchase.populations import PopulationCache
from training.purchase.slice_cutoffs import (
    walk_open_origins,
    walk_training_origins,
    year_ago_origin,
)


def make_slices(
    log: Log,
    cutoff: int,
    horizon_days: int,
    catalog: Catalog,
    populations: PopulationCache | None = None,
) -> Slices:
    """Build all that a purchase model may learn from at a cutoff.

    Parameters
    ----------
    log : Log
        The opened event log of one shop.
    cutoff : int
        Last instant that the model may know (UTC microseconds).
    horizon_days : int
        Length H of the labels' window.
    catalog : Catalog
        Features to build.
    populations : PopulationCache, optional
        Populations of the same catalog, where cutoffs built here are needed again.

    Returns
    -------
    Slices
        Up to `MAX_SLICES` closed slices, the open ones after them, and the one a year ago.
    """
    built = populations or PopulationCache(log, catalog)
    origins = sorted(walk_training_origins(log, cutoff, horizon_days))
    parts = [make_slice(log, origin, horizon_days, catalog, cutoff, built) for origin in origins]
    frame, labels = (pd.concat(part, ignore_index=True) for part in zip(*parts, strict=True))
    name = _choose_member(frame, labels, built.features(cutoff), horizon_days)
    later = dict(walk_open_origins(log, cutoff, horizon_days))
    return Slices(
        cutoff,
        horizon_days,
        frame,
        labels,
        built.features(cutoff),
        {
            built.features(at)["cutoff"].iloc[0]: built.btyd(at, name)
            for at in (*origins, *later, cutoff)
        },
        _make_year_ago(log, cutoff, horizon_days, catalog),
        _make_open(log, cutoff, later, catalog, built),
    )


def _make_open(
    log: Log,
    cutoff: int,
    origins: Mapping[int, int],
    catalog: Catalog,
    populations: PopulationCache,
) -> tuple[pd.DataFrame, pd.DataFrame] | None:
    """Build the slices whose window is still open, with labels as far as they are known."""
    parts = []
    for origin, days in origins.items():
        frame, labels = make_slice(log, origin, days, catalog, cutoff, populations)
        parts.append((frame, labels.assign(watched_days=days)))
    if not parts:
        return None
    frame, labels = (pd.concat(part, ignore_index=True) for part in zip(*parts, strict=True))
    return frame, labels


def _choose_member(
    frame: pd.DataFrame, labels: pd.DataFrame, latest: pd.DataFrame, horizon_days: int
) -> MemberName:
    """Choose the BTYD model: BG/NBD for boosters to correct, else the best on later outcomes.

    Where boosters correct it, another one gains nothing; where it answers alone, BG/NBD would
    call every one-time buyer alive.
    """
    if best_level(latest, labels) == "learned":
        return "bg_nbd"
    return choose_member(frame, labels, horizon_days).name


def _make_year_ago(
    log: Log, cutoff: int, horizon_days: int, catalog: Catalog
) -> tuple[pd.DataFrame, pd.DataFrame] | None:
    """Build the slice a year before a cutoff, which the season reads; None where there is none."""
    then = year_ago_origin(log, cutoff, horizon_days)
    if then is None:
        return None
    return make_slice(
        log, then, horizon_days, catalog.select((*SEASON_COLUMNS, CUTOFF_DAY)), cutoff
    )


def make_slice(
    log: Log,
    cutoff: int,
    horizon_days: int,
    catalog: Catalog,
    known_until: int,
    populations: PopulationCache | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Build the features at one cutoff, and the labels after it as known at `known_until`.

    Customers who have objected to profiling are left out.

    Parameters
    ----------
    log : Log
        The opened event log of one shop.
    cutoff : int
        Last instant that the features may know (UTC microseconds).
    horizon_days : int
        Length H of the labels' window.
    catalog : Catalog
        Features to build.
    known_until : int
        Last instant that the labels may know (UTC microseconds).
    populations : PopulationCache, optional
        Populations of the same catalog, where the cutoff is needed again.

    Returns
    -------
    frame : DataFrame
        One row per customer: `customer_id, cutoff` and the features.
    labels : DataFrame
        Row by row with `frame`, from `training.labels.make_labels`.

    Raises
    ------
    InputError
        The labels' window is not closed at `known_until`.
    """
    frame = (populations or PopulationCache(log, catalog, builds=1)).features(cutoff)
    return frame, make_labels(log, frame, Window(cutoff, horizon=horizon_days), known_until)
