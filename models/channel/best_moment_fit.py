"""Fitting the best moment: what can be told of weekdays and hours from a channel's messages.

Days differ by their campaigns too: what a difference has to exceed is the spread between sending
occasions of the same weekday, or of the same hours.
"""

from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from scipy.special import expit, fdtrc, logit

from features.arrays import Floats, Ints
from models.channel.best_moment import (
    BLOCKS,
    WEEKDAYS,
    ChannelMoments,
    Habit,
    Moments,
    Outcome,
    Places,
)

_MIN_FREEDOM = 20  # sending occasions beyond one for each weekday, or each block
_CHANCE = 0.01  # that a pattern is claimed of weekdays, or of blocks, that are all alike
_ROUNDS = 5  # of fitting weekdays and blocks in turn


def fit_moments(frame: pd.DataFrame, orders: Ints, clicks: Ints, timezone: ZoneInfo) -> Moments:
    """Fit the moments of every channel.

    Parameters
    ----------
    frame : DataFrame
        One row per message: `channel`, `sent_at`, `clicked` (within 24 hours), `bought` (within
        the window).
    orders, clicks : int array
        Instants of all customers' orders, and clicks.
    """
    return Moments(
        [_fit_channel(str(c), rows, timezone) for c, rows in frame.groupby("channel")],
        _fit_habit(Places.of(orders, timezone)),
        _fit_habit(Places.of(clicks, timezone)),
    )


def _fit_habit(at: Places) -> Habit:
    return Habit(_shares(at.weekday, len(WEEKDAYS)), _shares(at.block[at.block >= 0], BLOCKS))


def _shares(places: Ints, levels: int) -> list[float]:
    counts = np.bincount(places, minlength=levels) + 1.0
    shares: list[float] = (counts / counts.sum()).tolist()
    return shares


def _fit_channel(channel: str, rows: pd.DataFrame, timezone: ZoneInfo) -> ChannelMoments:
    """Fit weekdays and blocks in turn, each with the other's pattern taken out.

    What weekdays differ by is held against the spread between days, what blocks differ by
    against that between blocks of days.
    """
    outcome: Outcome = "click" if rows["clicked"].any() else "purchase"
    hits = rows["clicked" if outcome == "click" else "bought"].to_numpy(dtype=float)
    at = Places.of(rows["sent_at"].to_numpy(dtype=np.int64), timezone)
    day = np.unique(at.day, return_inverse=True)[1]
    occasion = np.unique(at.occasion, return_inverse=True)[1]
    timed = at.block >= 0
    base = logit((hits.sum() + 1) / (len(hits) + 2))
    weekdays, blocks = np.zeros(len(WEEKDAYS)), np.zeros(BLOCKS)
    for _ in range(_ROUNDS):
        expected = expit(base + np.where(timed, blocks[at.block], 0.0))
        weekdays = _fit_pattern(hits, expected, at.weekday, day, len(WEEKDAYS))
        expected = expit(base + weekdays[at.weekday])[timed]
        blocks = _fit_pattern(hits[timed], expected, at.block[timed], occasion[timed], BLOCKS)
    return ChannelMoments(channel, outcome, len(rows), weekdays.tolist(), blocks.tolist())


def _fit_pattern(
    hits: Floats, expected: Floats, level: Ints, occasion: Ints, levels: int
) -> Floats:
    """Fit how much the logit of a hit at each level is above what was expected, shrunk.

    All 0 unless an F-test tells the levels apart: the spread between them against the spread
    between occasions of the same level.
    """
    lifts = np.zeros(levels)
    if not hits.any():
        return lifts
    expected = np.minimum(expected * hits.sum() / expected.sum(), 0.999)
    ones = np.ones(len(hits))
    sends, hit, hoped = (np.bincount(level, w, levels) for w in (ones, hits, expected))
    seen = np.flatnonzero(sends)
    freedom = len(seen) - 1, np.count_nonzero(np.bincount(occasion)) - len(seen)
    if freedom[0] < 1 or freedom[1] < _MIN_FREEDOM:
        return lifts
    p = hoped[seen] / sends[seen]
    lifts[seen] = logit((hit[seen] + p) / (sends[seen] + 1)) - logit(p)
    own = expit(logit(expected) + lifts[level])
    spread = max(1.0, _chi2(hits, own, occasion) / freedom[1])
    between = _chi2(hits, expected, level) / spread
    if fdtrc(*freedom, between / freedom[0]) > _CHANCE:
        return np.zeros(levels)
    lifts[seen] = _shrink(lifts[seen], sends[seen] * p * (1 - p) / spread, between)
    return lifts


def _chi2(hits: Floats, expected: Floats, group: Ints) -> float:
    """Give Pearson's chi-square of the hits of each group."""
    weights = (hits - expected, expected * (1 - expected))
    excess, variance = (np.bincount(group, w) for w in weights)
    return float((excess**2 / np.where(variance > 0, variance, np.inf)).sum())


def _shrink(lifts: Floats, information: Floats, between: float) -> Floats:
    """Shrink lifts to their mean, by the variance that chance leaves (DerSimonian and Laird)."""
    total = information.sum()
    excess = max(0.0, between - (len(lifts) - 1))
    variance = excess / (total - (information**2).sum() / total)
    kept = variance / (variance + 1 / information)
    return np.asarray(kept * (lifts - np.average(lifts, weights=information)))
