"""The best moment: the local weekday and hours in which a channel's messages do best.

Nothing here is causal: the shop chose when to send what to whom, so that a moment may do well
because of what was sent in it, and to whom. `models.channel.best_moment_fit` says what can be
told at all.
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
HABIT_DAYS = 365  # for which a customer's own clicks and orders are read
MIN_OWN_EVENTS = 10
# What a habit of one's own has to be more likely than everybody's: 20 times.
_EVIDENCE = np.log(20)
_OWN_PRIOR = 10.0  # events for which everybody's habit stands in a customer's own
_THURSDAY = 3  # 1970-01-01


class ChannelMoments(msgspec.Struct, frozen=True):
    """What the moments of sending tell of a channel's messages.

    Attributes
    ----------
    outcome : {"click", "purchase"}
        A click within 24 hours; where the channel has no clicks, a purchase within the window.
    weekdays, blocks : list of float
        How much the logit of the outcome is above the channel's own, shrunk; all 0 where no
        pattern can be told from none.
    """

    channel: str
    outcome: Outcome
    sends: int
    weekdays: list[float]
    blocks: list[float]


class Habit(msgspec.Struct, frozen=True):
    """When all customers do something: the shares of the weekdays, and of the blocks."""

    weekdays: list[float]
    blocks: list[float]


class Moments(msgspec.Struct, frozen=True):
    """The moments of all channels, and when everybody orders and clicks.

    A customer's own orders are held against all orders, and clicks against all clicks, which
    follow the hours of sending.
    """

    channels: list[ChannelMoments]
    orders: Habit
    clicks: Habit


class Moment(msgspec.Struct, frozen=True):
    """A moment to send: what is None cannot be told.

    Attributes
    ----------
    hour : int or None
        First local hour of a block of three.
    own_events : int
        Blocks of days in which the customer has clicked or ordered.
    sends : int
        Messages of the channel that the pattern of all customers was learned from.
    """

    weekday: Weekday | None
    hour: int | None
    outcome: Outcome
    own_events: int
    sends: int


@dataclass(frozen=True)
class Places:
    """Where instants fall: local day, weekday (0: Monday), block; -1 where the hour is unknown."""

    day: Ints
    weekday: Ints
    block: Ints

    @classmethod
    def of(cls, instants: Ints, timezone: ZoneInfo) -> Self:
        """Place instants; one at midnight, to the microsecond, was given as a bare date."""
        clocks = local_clocks(instants, timezone)
        day, within = clocks // DAY, clocks % DAY
        block = np.where(within == 0, -1, within // (DAY // BLOCKS))
        return cls(day, (day + _THURSDAY) % len(WEEKDAYS), block)

    @property
    def occasion(self) -> Ints:
        """A number for each block of each day."""
        return self.day * (BLOCKS + 1) + self.block


def best_moments(
    moments: Moments,
    tables: Mapping[str, TableColumns],
    as_of: int,
    timezone: ZoneInfo,
    quiet_hours: Mapping[str, QuietHours],
) -> dict[str, Moment]:
    """Find the best moment of each channel for one customer.

    All customers' pattern, moved by the customer's own habit: by how much more often than
    others the customer clicks and orders then. A customer has a habit from `MIN_OWN_EVENTS`
    events on, if they can be told from everybody's.

    Returns
    -------
    dict of str to Moment
        By channel. Left out where neither weekday nor hour is better than any other as far as
        can be told, and no block that meets quiet hours is ever given.
    """
    at, clicked = _own_events(tables, as_of, timezone)
    timed = at.block >= 0
    orders, clicks = moments.orders, moments.clicks
    weekdays = _own_lifts(at.weekday, clicked, orders.weekdays, clicks.weekdays)
    blocks = _own_lifts(at.block[timed], clicked[timed], orders.blocks, clicks.blocks)
    found = {}
    for of in moments.channels:
        weekday = _best(np.asarray(of.weekdays) + weekdays)
        block = _best(np.asarray(of.blocks) + blocks + _closed(quiet_hours.get(of.channel)))
        if weekday is not None or block is not None:
            found[of.channel] = Moment(
                None if weekday is None else WEEKDAYS[weekday],
                None if block is None else block * BLOCK_HOURS,
                of.outcome,
                len(clicked),
                of.sends,
            )
    return found


def _own_events(
    tables: Mapping[str, TableColumns], as_of: int, timezone: ZoneInfo
) -> tuple[Places, NDArray[np.bool_]]:
    """Place the customer's orders and clicks of a year; say which of them are clicks.

    Orders of one block of a day are one event, and so are clicks.
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
    at = Places.of(np.concatenate([ordered, clicked]).astype(np.int64), timezone)
    is_click = np.arange(len(at.day)) >= len(ordered)
    kept = np.unique(2 * at.occasion + is_click, return_index=True)[1]
    return Places(at.day[kept], at.weekday[kept], at.block[kept]), is_click[kept]


def _own_lifts(
    places: Ints, clicked: NDArray[np.bool_], orders: list[float], clicks: list[float]
) -> Floats:
    """Give the log of how much more often than others a customer is active; 0 without a habit."""
    n = len(places)
    if n < MIN_OWN_EVENTS:
        return np.zeros(len(orders))
    others = np.array(orders) + clicked.mean() * (np.array(clicks) - orders)
    own = np.bincount(places, minlength=len(others)) + _OWN_PRIOR * others
    if _log_evidence(own, others, n) < _EVIDENCE:
        return np.zeros(len(orders))
    return np.asarray(np.log(own / (n + _OWN_PRIOR) / others))


def _log_evidence(own: Floats, others: Floats, n: int) -> float:
    """Weigh a habit of one's own (Dirichlet around the others') against the others'."""
    prior = _OWN_PRIOR * others
    habit = (gammaln(own) - gammaln(prior)).sum() + gammaln(_OWN_PRIOR) - gammaln(n + _OWN_PRIOR)
    return float(habit - ((own - prior) * np.log(others)).sum())


def _closed(quiet: QuietHours | None) -> Floats:
    """Give minus infinity for the blocks that meet quiet hours, 0 for all others."""
    if quiet is None:
        return np.zeros(BLOCKS)
    met = [quiet.meet(block * BLOCK_HOURS, BLOCK_HOURS) for block in range(BLOCKS)]
    return np.where(met, -np.inf, 0.0)


def _best(lifts: Floats) -> int | None:
    """Choose the highest; None unless it is above the channel's own rate."""
    best = int(np.argmax(lifts))
    return best if lifts[best] > 0 else None
