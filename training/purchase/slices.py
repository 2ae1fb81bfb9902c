"""Builds training slices: features and labels of many cutoffs, closed before the model's own."""

from collections.abc import Iterator, Mapping
from itertools import count, islice

import pandas as pd

from features.errors import refuse
from features.language.catalog import Catalog
from features.log.log import Log
from features.windows import (
    DAY,
    Window,
    cutoffs_before,
    end_of_day,
    last_end_of_day,
    local_day,
    to_datetime,
)
from models.btyd.member import MemberName
from models.btyd.member_choice import choose_member
from models.purchase.churn_fit import best_level
from models.purchase.season import CUTOFF_DAY, SEASON_COLUMNS, YEAR_DAYS
from models.purchase.slices import Slices
from training.labels import make_labels
from training.purchase.holes import find_holes, overlaps_hole
from training.purchase.populations import PopulationCache

STRIDE_DAYS = 28
MAX_SLICES = 10
MIN_HISTORY_DAYS = 60  # before the first slice's cutoff
MIN_YEAR_AGO_DAYS = 180  # before the cutoff a year ago
MIN_DAYS_KNOWN = 3  # after an open slice's cutoff


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


def year_ago_origin(log: Log, cutoff: int, horizon_days: int) -> int | None:
    """Find the cutoff a year before a model's, from which it can learn a season.

    With less than half a year before it the year-ago slice did harm on two real logs.

    Parameters
    ----------
    log : Log
        The opened event log of one shop.
    cutoff : int
        Last instant that the model may know (UTC microseconds).
    horizon_days : int
        Length H of the labels' window.

    Returns
    -------
    int or None
        The end of a local day (UTC microseconds); None where the history before it is shorter than
        half a year, or its window overlaps a hole.
    """
    day = local_day(cutoff, log.shop.timezone) - YEAR_DAYS
    then = end_of_day(day, log.shop.timezone)
    if (then - log.first_order_at) / DAY < MIN_YEAR_AGO_DAYS:
        return None
    end = Window(then, horizon=horizon_days).end
    return None if overlaps_hole(log, find_holes(log, cutoff), then, end) else then


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


def holdout_cutoff(log: Log, horizon_days: int) -> int:
    """Find the latest cutoff whose outcomes are known.

    They are known if the data reaches to the end of the horizon and the shop's settle days, in
    which late orders arrive, have passed since.

    Parameters
    ----------
    log : Log
        The opened event log of one shop.
    horizon_days : int
        Length H of the labels' window.

    Returns
    -------
    int
        The end of a local day (UTC microseconds).
    """
    return latest_closed_cutoff(log, log.observed_until, horizon_days)


def latest_closed_cutoff(log: Log, cutoff: int, horizon_days: int) -> int:
    """Find the latest cutoff whose labels close at or before another cutoff.

    Parameters
    ----------
    log : Log
        The opened event log of one shop.
    cutoff : int
        Last instant that the labels may know (UTC microseconds).
    horizon_days : int
        Length H of the labels' window.

    Returns
    -------
    int
        The end of a local day (UTC microseconds).
    """
    closed = cutoff - (horizon_days + log.shop.section.settle_days) * DAY
    return last_end_of_day(closed, log.shop.timezone)


def walk_training_origins(log: Log, cutoff: int, horizon_days: int) -> Iterator[int]:
    """Walk back through the cutoffs whose labels close at or before a model's cutoff.

    Parameters
    ----------
    log : Log
        The opened event log of one shop.
    cutoff : int
        Last instant that the model may know (UTC microseconds).
    horizon_days : int
        Length H of the labels' window.

    Returns
    -------
    iterator of int
        Up to `MAX_SLICES` cutoffs (UTC microseconds), the latest first. They are `STRIDE_DAYS`
        apart; those whose window overlaps a hole are left out.
    """
    last, first = _origin_range(log, cutoff, horizon_days)
    holes = find_holes(log, cutoff)
    walk = cutoffs_before(last, STRIDE_DAYS, first, log.shop.timezone)
    ends = ((origin, Window(origin, horizon=horizon_days).end) for origin in walk)
    whole = (origin for origin, end in ends if not overlaps_hole(log, holes, origin, end))
    return islice(whole, MAX_SLICES)


def walk_open_origins(log: Log, cutoff: int, horizon_days: int) -> Iterator[tuple[int, int]]:
    """Walk on from the last closed cutoff to those whose window is still open at `cutoff`.

    They go on in the same steps, so that the back-test's next origins build the same ones. Those
    after which a hole began are left out.

    Parameters
    ----------
    log : Log
        The opened event log of one shop.
    cutoff : int
        Last instant that the model may know (UTC microseconds).
    horizon_days : int
        Length H of the labels' window.

    Yields
    ------
    (int, int)
        A cutoff (UTC microseconds), and the whole days after it that are settled.
    """
    zone, settle = log.shop.timezone, log.shop.section.settle_days
    holes = find_holes(log, cutoff)
    day = local_day(latest_closed_cutoff(log, cutoff, horizon_days), zone)
    for later in count(day + STRIDE_DAYS, STRIDE_DAYS):
        origin = end_of_day(later, zone)
        days = (cutoff - origin) // DAY - settle
        if days < MIN_DAYS_KNOWN:
            return
        if not overlaps_hole(log, holes, origin, origin + days * DAY):
            yield origin, days


def has_history(log: Log, cutoff: int, horizon_days: int) -> bool:
    """Check whether a model at `cutoff` has at least one slice to learn from.

    Parameters
    ----------
    log : Log
        The opened event log of one shop.
    cutoff : int
        Last instant that the model may know (UTC microseconds).
    horizon_days : int
        Length H of the labels' window.

    Returns
    -------
    bool
    """
    return any(True for _ in walk_training_origins(log, cutoff, horizon_days))


def name_holes_in_the_way(log: Log, cutoff: int, horizon_days: int) -> str | None:
    """Name the holes without which the history before a cutoff would be long enough.

    Parameters
    ----------
    log : Log
        The opened event log of one shop.
    cutoff : int
        Last instant that the model may know (UTC microseconds).
    horizon_days : int
        Length H of the labels' window.

    Returns
    -------
    str or None
        Their days, such as `2024-10-27 to 2025-04-24`; None where the history is too short, or
        some window overlaps no hole.
    """
    last, first = _origin_range(log, cutoff, horizon_days)
    if last < first or has_history(log, cutoff, horizon_days):
        return None
    return " and ".join(map(str, find_holes(log, cutoff)))


def refuse_holes_in_the_way(log: Log, cutoff: int, horizon_days: int) -> None:
    """Refuse a cutoff before which every window overlaps a hole, where there is time for one.

    Raises
    ------
    InputError
        Names the holes, as `name_holes_in_the_way` does.
    """
    holes = name_holes_in_the_way(log, cutoff, horizon_days)
    if holes is not None:
        raise refuse(
            "orders",
            f"a window of {horizon_days} days before the cutoff in which purchases are known",
            f"no purchase from {holes}, which every window overlaps",
            "Fill the hole in the export, or use a shorter shop.horizon_days.",
        )


def check_history(log: Log, cutoff: int, horizon_days: int) -> None:
    """Refuse a cutoff before which there is no slice to learn from.

    Parameters
    ----------
    log : Log
        The opened event log of one shop.
    cutoff : int
        Last instant that the model may know (UTC microseconds).
    horizon_days : int
        Length H of the labels' window.

    Raises
    ------
    InputError
        There is too little history before the cutoff, or it is too full of holes.
    """
    refuse_holes_in_the_way(log, cutoff, horizon_days)
    if not has_history(log, cutoff, horizon_days):
        days = MIN_HISTORY_DAYS + horizon_days + log.shop.section.settle_days
        raise refuse(
            "cutoff",
            f"at least {days + 1} days after the first order "
            f"({to_datetime(log.first_order_at):%Y-%m-%d})",
            f"{to_datetime(cutoff):%Y-%m-%d %H:%M} UTC",
            "Bring a longer history, use a later cutoff or a shorter shop.horizon_days.",
        )


def _origin_range(log: Log, cutoff: int, horizon_days: int) -> tuple[int, int]:
    """Return the latest and the earliest instant at which a slice may be cut."""
    first = log.first_order_at + MIN_HISTORY_DAYS * DAY
    return latest_closed_cutoff(log, cutoff, horizon_days), first
