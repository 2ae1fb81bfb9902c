"""Finds holes in a log: stretches without any purchase that the shop's rhythm does not explain.

An export that lacks half a year looks like customers who left and came back. A window that
overlaps a hole says nothing about customers, so that no model learns from it.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from features.engines.sql.feature_queries import purchases_sql
from features.log.log import Log
from features.windows import date_of_day, local_day

MIN_HOLE_DAYS = 30  # shops close for holidays: shorter stretches are part of their year
_USUAL_RATIO = 5  # a hole is this many times longer than nine tenths of the pauses
# A shop that pauses more often, or for most of the time, such as one that opens once a year, has a
# rhythm and no holes.
_MOST_HOLES = 2
_MOST_SHARE = 0.5


class Hole(NamedTuple):
    """A stretch of local days without any purchase.

    Attributes
    ----------
    first_day, last_day : int
        The first and the last day without a purchase, in days since 1970-01-01.
    """

    first_day: int
    last_day: int

    def __str__(self) -> str:
        return f"{date_of_day(self.first_day)} to {date_of_day(self.last_day)}"


def find_holes(log: Log, cutoff: int) -> list[Hole]:
    """Find the holes of a log as far as it is known at a cutoff.

    A hole has at least 30 days without any purchase, five times as many as nine tenths of the
    pauses between days with purchases. There are at most two of them, which cover at most half of
    the log; otherwise the pauses are the shop's rhythm.

    Parameters
    ----------
    log : Log
        The opened event log of one shop.
    cutoff : int
        Last instant known (UTC microseconds); a hole may last until then.

    Returns
    -------
    list of Hole
        The earliest first.
    """
    query = f"SELECT DISTINCT day FROM ({purchases_sql(log, cutoff)}) ORDER BY day"
    days = [row[0] for row in log.connection.execute(query).fetchall()]
    return _holes_between([*days, local_day(cutoff, log.shop.timezone) + 1])


def _holes_between(days: Sequence[int]) -> list[Hole]:
    """Find the holes between days with purchases, rising; the last one is that after the cutoff."""
    pauses = np.diff(days) - 1
    if not len(pauses):
        return []
    usual = float(np.quantile(pauses + 1, 0.9))
    long = np.flatnonzero((pauses >= MIN_HOLE_DAYS) & (pauses + 1 > _USUAL_RATIO * usual))
    if len(long) > _MOST_HOLES or pauses[long].sum() > _MOST_SHARE * (days[-1] - days[0]):
        return []
    return [Hole(days[i] + 1, days[i + 1] - 1) for i in long.tolist()]


def overlaps_hole(log: Log, holes: Sequence[Hole], cutoff: int, until: int) -> bool:
    """Check whether the time between two instants overlaps any hole.

    Parameters
    ----------
    log : Log
        The opened event log of one shop; its time zone is read.
    holes : sequence of Hole
        From `find_holes`.
    cutoff, until : int
        Begin, which is the end of a local day, and end of the time (UTC microseconds).

    Returns
    -------
    bool
    """
    first, last = (local_day(instant, log.shop.timezone) for instant in (cutoff, until))
    return any(hole.first_day <= last and first < hole.last_day for hole in holes)
