"""Finds the local weekday and hours in which a channel's messages to a customer do best.

The result is not causal: the shop chose what to send to whom and when, so that a moment may do well
because of what was sent then, and to whom. `models.channel.best_moment_fit` fits the pattern of all
customers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Self
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from features.arrays import Floats, Ints, TableColumns
from features.shop.contact_rules import QuietHours
from features.windows import DAY, Window, local_clocks

Outcome = Literal["click", "purchase"]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]

WEEKDAYS: tuple[Weekday, ...] = (
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
)  # fmt: skip
BLOCK_HOURS = 3
BLOCKS = 24 // BLOCK_HOURS
HABIT_DAYS = 365  # days for which a customer's clicks and orders are read
MIN_OWN_EVENTS = 10  # clicks and orders, below which a customer has no habit
# A customer's events must be 20 times likelier under the customer's habit than under that of all.
_EVIDENCE = np.log(20)
_OWN_PRIOR = 10.0  # number of events as which the habit of all customers counts
_THURSDAY = 3  # the weekday of 1970-01-01, day 0


class ChannelMoments(msgspec.Struct, frozen=True):
    """How well a channel's messages do by local weekday and time of sending.

    Attributes
    ----------
    channel : str
        The channel.
    outcome : {"click", "purchase"}
        What counts as success: a click within 24 hours; where the channel has no clicks, a
        purchase within the window.
    sends : int
        Number of messages from which the pattern was learned.
    weekdays : list of float
        How much the logit of the outcome on each weekday, Monday first, is above the channel's
        mean, shrunk; all 0 where the weekdays cannot be told apart.
    blocks : list of float
        The same by block of three local hours, the first one from midnight.
    """

    channel: str
    outcome: Outcome
    sends: int
    weekdays: list[float]
    blocks: list[float]


class Habit(msgspec.Struct, frozen=True):
    """When all customers order, or click, over the week and the day.

    Attributes
    ----------
    weekdays : list of float
        Share of each weekday in all events, Monday first; they sum to 1.
    blocks : list of float
        Share of each block of three local hours; they sum to 1.
    """

    weekdays: list[float]
    blocks: list[float]


class Moments(msgspec.Struct, frozen=True):
    """How messages do by time of sending in all channels, and when all customers are active.

    A customer's orders are compared with all orders and clicks with all clicks, since clicks
    follow the hours of sending.

    Attributes
    ----------
    channels : list of ChannelMoments
        One per channel.
    orders, clicks : Habit
        When all customers order, and click.
    """

    channels: list[ChannelMoments]
    orders: Habit
    clicks: Habit


class Moment(msgspec.Struct, frozen=True):
    """The best moment to send a customer a message through a channel.

    Attributes
    ----------
    weekday : str or None
        Local weekday; None where no weekday can be told to be better.
    hour : int or None
        First local hour of a block of three; None where no block can be told to be better.
    outcome : {"click", "purchase"}
        What counts as success.
    own_events : int
        Number of events of the customer: blocks of days with a click, or with an order.
    sends : int
        Number of messages from which the pattern of all customers was learned.
    """

    weekday: Weekday | None
    hour: int | None
    outcome: Outcome
    own_events: int
    sends: int


@dataclass(frozen=True)
class LocalTimes:
    """The local day, weekday and time of day of n instants.

    Attributes
    ----------
    day : int array (n,)
        Days since 1970-01-01.
    weekday : int array (n,)
        0 for Monday to 6 for Sunday.
    block : int array (n,)
        Block of three hours, 0 to 7; -1 where the time of day is unknown.
    """

    day: Ints
    weekday: Ints
    block: Ints

    @classmethod
    def of_instants(cls, instants: Ints, timezone: ZoneInfo) -> Self:
        """Convert instants, in microseconds since 1970-01-01 UTC, into local times.

        The time of day of an instant exactly at midnight is unknown: it was given as a date.
        """
        clocks = local_clocks(instants, timezone)
        day, within = clocks // DAY, clocks % DAY
        block = np.where(within == 0, -1, within // (DAY // BLOCKS))
        return cls(day, (day + _THURSDAY) % len(WEEKDAYS), block)

    @property
    def occasion(self) -> Ints:
        """A number that is the same for instants in the same block of the same day: array (n,)."""
        return self.day * (BLOCKS + 1) + self.block


def best_moments(
    moments: Moments,
    tables: Mapping[str, TableColumns],
    as_of: int,
    timezone: ZoneInfo,
    quiet_hours: Mapping[str, QuietHours],
) -> dict[str, Moment]:
    """Find the best moment of each channel for one customer.

    The pattern of all customers is shifted by the customer's habit: by how much more often than
    others the customer clicks and orders at a time. A customer has a habit with at least
    `MIN_OWN_EVENTS` events that can be told from those of all customers.

    Parameters
    ----------
    tables : dict of str to columns
        The customer's `orders` and `messages`.
    as_of : int
        Instant up to which rows are known, in microseconds since 1970-01-01 UTC.
    quiet_hours : dict of str to QuietHours
        By channel; a block of hours that overlaps them is never chosen.

    Returns
    -------
    dict of str to Moment
        By channel; channels for which neither a weekday nor a block can be told to be better are
        left out.
    """
    at, clicked = _own_events(tables, as_of, timezone)
    timed = at.block >= 0
    orders, clicks = moments.orders, moments.clicks
    weekdays = _own_lifts(at.weekday, clicked, orders.weekdays, clicks.weekdays)
    blocks = _own_lifts(at.block[timed], clicked[timed], orders.blocks, clicks.blocks)
    best = {}
    for pattern in moments.channels:
        weekday = _best(np.asarray(pattern.weekdays) + weekdays)
        quiet = _quiet_penalty(quiet_hours.get(pattern.channel))
        block = _best(np.asarray(pattern.blocks) + blocks + quiet)
        if weekday is not None or block is not None:
            best[pattern.channel] = Moment(
                None if weekday is None else WEEKDAYS[weekday],
                None if block is None else block * BLOCK_HOURS,
                pattern.outcome,
                len(clicked),
                pattern.sends,
            )
    return best


def _own_events(
    tables: Mapping[str, TableColumns], as_of: int, timezone: ZoneInfo
) -> tuple[LocalTimes, NDArray[np.bool_]]:
    """Return the local times of a customer's orders and clicks of a year, and which are clicks.

    All orders in one block of a day are one event, and so are all clicks.
    """
    window = Window(as_of, HABIT_DAYS)
    ordered = clicked = np.empty(0)
    if "orders" in tables:
        orders = tables["orders"]
        cancelled = orders["cancelled_known_at"] <= as_of
        known = window.known(orders["ordered_at"], orders["known_at"]) & ~cancelled
        ordered = orders["ordered_at"][known]
    if "messages" in tables:
        messages = tables["messages"]
        known = window.known(messages["sent_at"], messages["clicked_known_at"])
        clicked = messages["clicked_at"][known]
    at = LocalTimes.of_instants(np.concatenate([ordered, clicked]).astype(np.int64), timezone)
    is_click = np.arange(len(at.day)) >= len(ordered)
    kept = np.unique(2 * at.occasion + is_click, return_index=True)[1]
    return LocalTimes(at.day[kept], at.weekday[kept], at.block[kept]), is_click[kept]


def _own_lifts(
    levels: Ints, clicked: NDArray[np.bool_], orders: list[float], clicks: list[float]
) -> Floats:
    """Compute the log of how much more often than others a customer is active, by level.

    Parameters
    ----------
    levels : int array (n,)
        The weekday, or the block, of each event.
    clicked : bool array (n,)
        Whether the event is a click.
    orders, clicks : list of float
        Share of each level in all customers' orders, and clicks.

    Returns
    -------
    array (levels,)
        0 throughout where the customer has no habit.
    """
    n = len(levels)
    if n < MIN_OWN_EVENTS:
        return np.zeros(len(orders))
    others = np.array(orders) + clicked.mean() * (np.array(clicks) - orders)
    counts = np.bincount(levels, minlength=len(others)) + _OWN_PRIOR * others
    if _log_evidence(counts, others, n) < _EVIDENCE:
        return np.zeros(len(orders))
    return np.asarray(np.log(counts / (n + _OWN_PRIOR) / others))


def _log_evidence(counts: Floats, others: Floats, n: int) -> float:
    """Compute the log of how much likelier n events are under a habit of the customer.

    Parameters
    ----------
    counts : array (levels,)
        The customer's events by level, plus the prior's.
    others : array (levels,)
        The shares of the levels in all customers' events; the customer's shares have a Dirichlet
        prior around them.
    """
    prior = _OWN_PRIOR * others
    habit = (gammaln(counts) - gammaln(prior)).sum() + gammaln(_OWN_PRIOR)
    habit -= gammaln(n + _OWN_PRIOR)
    return float(habit - ((counts - prior) * np.log(others)).sum())


def _quiet_penalty(quiet: QuietHours | None) -> Floats:
    """Return minus infinity for the blocks that overlap quiet hours, 0 for the others."""
    if quiet is None:
        return np.zeros(BLOCKS)
    overlaps = [quiet.meet(block * BLOCK_HOURS, BLOCK_HOURS) for block in range(BLOCKS)]
    return np.where(overlaps, -np.inf, 0.0)


def _best(lifts: Floats) -> int | None:
    """Return the index of the highest lift; None unless it is above 0, the channel's mean."""
    best = int(np.argmax(lifts))
    return best if lifts[best] > 0 else None
