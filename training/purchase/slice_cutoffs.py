"""Walks the cutoffs of slices: those whose window is closed, open, or a year ago."""

from collections.abc import Iterator
from itertools import count, islice

from features.errors import refuse
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
from models.purchase.season import YEAR_DAYS
from training.purchase.holes import find_holes, overlaps_hole

STRIDE_DAYS = 28
MAX_SLICES = 10
MIN_HISTORY_DAYS = 60  # before the first slice's cutoff
MIN_YEAR_AGO_DAYS = 180  # before the cutoff a year ago
MIN_DAYS_KNOWN = 3  # after an open slice's cutoff


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


def _origin_range(log: Log, cutoff: int, horizon_days: int) -> tuple[int, int]:
    """Return the latest and the earliest instant at which a slice may be cut."""
    first = log.first_order_at + MIN_HISTORY_DAYS * DAY
    return latest_closed_cutoff(log, cutoff, horizon_days), first
