"""Fits how a channel's messages do by weekday and hour, as far as the messages can tell.

Days also differ by their campaigns. A difference between weekdays, or between hours, therefore
counts only if it exceeds the spread between sending occasions of the same weekday, or hours.
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
    LocalTimes,
    Moments,
    Outcome,
)

_MIN_FREEDOM = 20  # degrees of freedom: sending occasions less the weekdays, or blocks, in use
_SIGNIFICANCE = 0.01  # probability that a pattern is claimed of levels that are all alike
_ROUNDS = 5  # how often weekdays and blocks are fitted in turn


def fit_moments(frame: pd.DataFrame, orders: Ints, clicks: Ints, timezone: ZoneInfo) -> Moments:
    """Fit how the messages of every channel do by time of sending.

    Parameters
    ----------
    frame : DataFrame
        One row per message: `channel`, `sent_at`, `clicked` (within 24 hours), `bought` (within
        the window).
    orders, clicks : int arrays
        Instants of all customers' orders, and clicks; instants are in microseconds since
        1970-01-01 UTC.
    """
    return Moments(
        [_fit_channel(str(c), rows, timezone) for c, rows in frame.groupby("channel")],
        _fit_habit(LocalTimes.of_instants(orders, timezone)),
        _fit_habit(LocalTimes.of_instants(clicks, timezone)),
    )


def _fit_habit(at: LocalTimes) -> Habit:
    """Compute the shares of weekdays and blocks in some events."""
    return Habit(_shares(at.weekday, len(WEEKDAYS)), _shares(at.block[at.block >= 0], BLOCKS))


def _shares(values: Ints, levels: int) -> list[float]:
    """Compute the share of each level, 0 to levels - 1, with one event added to each."""
    counts = np.bincount(values, minlength=levels) + 1.0
    shares: list[float] = (counts / counts.sum()).tolist()
    return shares


def _fit_channel(channel: str, rows: pd.DataFrame, timezone: ZoneInfo) -> ChannelMoments:
    """Fit the weekdays and the blocks of a channel in turn, each given the other's pattern.

    Differences between weekdays are compared with the spread between days, differences between
    blocks with the spread between blocks of days.
    """
    outcome: Outcome = "click" if rows["clicked"].any() else "purchase"
    hits = rows["clicked" if outcome == "click" else "bought"].to_numpy(dtype=float)
    at = LocalTimes.of_instants(rows["sent_at"].to_numpy(dtype=np.int64), timezone)
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
    """Fit how much the logit of a hit at each level is above the expected one, shrunk.

    Parameters
    ----------
    hits : array (n,)
        1 for a message with the outcome, else 0.
    expected : array (n,)
        Its expected probability without the pattern.
    level, occasion : int arrays (n,)
        The weekday, or block, of the message, and its sending occasion.

    Returns
    -------
    array (levels,)
        0 throughout unless an F-test tells the levels apart: it compares the spread between
        levels with that between occasions of the same level.
    """
    lifts = np.zeros(levels)
    if not hits.any():
        return lifts
    expected = np.minimum(expected * hits.sum() / expected.sum(), 0.999)
    ones = np.ones(len(hits))
    sends, hits_at, expected_at = (np.bincount(level, w, levels) for w in (ones, hits, expected))
    used = np.flatnonzero(sends)
    freedom = len(used) - 1, np.count_nonzero(np.bincount(occasion)) - len(used)
    if freedom[0] < 1 or freedom[1] < _MIN_FREEDOM:
        return lifts
    p = expected_at[used] / sends[used]
    lifts[used] = logit((hits_at[used] + p) / (sends[used] + 1)) - logit(p)
    fitted = expit(logit(expected) + lifts[level])
    spread = max(1.0, _chi2(hits, fitted, occasion) / freedom[1])
    between = _chi2(hits, expected, level) / spread
    if fdtrc(*freedom, between / freedom[0]) > _SIGNIFICANCE:
        return np.zeros(levels)
    lifts[used] = _shrink(lifts[used], sends[used] * p * (1 - p) / spread, between)
    return lifts


def _chi2(hits: Floats, expected: Floats, group: Ints) -> float:
    """Compute Pearson's chi-square statistic of the numbers of hits by group."""
    weights = (hits - expected, expected * (1 - expected))
    excess, variance = (np.bincount(group, w) for w in weights)
    return float((excess**2 / np.where(variance > 0, variance, np.inf)).sum())


def _shrink(lifts: Floats, information: Floats, between: float) -> Floats:
    """Shrink lifts towards their mean, by the variance of DerSimonian and Laird (1986).

    Parameters
    ----------
    lifts, information : array (levels,)
        The lifts, and the inverse of the variance of each.
    between : float
        Their chi-square statistic.
    """
    total = information.sum()
    excess = max(0.0, between - (len(lifts) - 1))
    variance = excess / (total - (information**2).sum() / total)
    kept = variance / (variance + 1 / information)
    return np.asarray(kept * (lifts - np.average(lifts, weights=information)))
