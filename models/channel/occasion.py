"""The occasion of a message: the local weekday and hours of sending, and the last message before.

The channel model may read the occasion beside the features of the customer, as columns that are
named by arm: each arm may be sent at an instant of its own. Which arms are possible stands beside
it in columns of the same kind.
"""

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

import numpy as np

from features.arrays import Floats, History, Ints
from features.catalog.relations import MESSAGE_DAYS
from features.shop.contact_rules import QuietHours
from features.windows import DAY, Window, local_clocks
from models.arms import NO_MESSAGE

_HOUR = DAY // 24
_THURSDAY = 3  # the weekday of 1970-01-01
_SATURDAY = 5
_MORNING, _EVENING = (5, 11), (17, 22)  # first hour, and the one after the last

_WEEKEND_NAME = "{arm} sent on a weekend"
_EVENING_NAME = "{arm} sent in the evening"
_MORNING_NAME = "{arm} sent in the morning"
_PAUSE_NAME = "{arm} sent after days without a message"
_POSSIBLE_NAME = "{arm} is possible"
_OCCASION_NAMES = (_WEEKEND_NAME, _EVENING_NAME, _MORNING_NAME, _PAUSE_NAME)
_ENDINGS = tuple(name.removeprefix("{arm}") for name in (*_OCCASION_NAMES, _POSSIBLE_NAME))
_SENTENCES = {  # where the column is 1, and where it is 0
    _WEEKEND_NAME: ("It is sent on a weekend.", "It is sent on a weekday."),
    _EVENING_NAME: ("It is sent in the evening.", "It is not sent in the evening."),
    _MORNING_NAME: ("It is sent in the morning.", "It is not sent in the morning."),
    _POSSIBLE_NAME: ("The customer may be sent {arm}.", "The customer may not be sent {arm}."),
}


def occasion_columns(
    arms: Sequence[str], send_at: Ints, last_message_at: Floats, timezone: ZoneInfo
) -> dict[str, Floats]:
    """Make the columns of the occasion, one row per customer, with four columns for each arm.

    Parameters
    ----------
    arms : sequence of K str
        Channels, and `none`.
    send_at : int64 array (n, K)
        The instant at which each customer would be sent each arm, microseconds UTC.
    last_message_at : array (n,)
        The instant of each customer's last message before, microseconds UTC; NaN without one.
    timezone : ZoneInfo
        The shop's zone.

    Returns
    -------
    dict of str to array (n,)
        The columns `weekend_column` (0 or 1), `evening_column` (1 from 17 to 22 o'clock),
        `morning_column` (1 from 5 to 11 o'clock) and `pause_column` (log1p of the days since the
        last message, NaN without one) of each arm.

    Examples
    --------
    >>> saturday = np.array([[np.datetime64("2025-03-29T19:00", "us").astype(np.int64)]])
    >>> occasion_columns(["sms"], saturday, np.array([np.nan]), ZoneInfo("UTC"))
    ... # doctest: +NORMALIZE_WHITESPACE
    {'sms sent on a weekend': array([1.]), 'sms sent in the evening': array([1.]),
     'sms sent in the morning': array([0.]), 'sms sent after days without a message': array([nan])}
    """
    weekday, hour = local_weekdays_and_hours(send_at, timezone)
    days = np.maximum(send_at - last_message_at[:, None], 0.0) / DAY
    values = (
        (weekday >= _SATURDAY).astype(float),
        _is_between(hour, *_EVENING),
        _is_between(hour, *_MORNING),
        np.log1p(days),
    )
    return {
        name.format(arm=arm): value[:, position]
        for position, arm in enumerate(arms)
        for name, value in zip(_OCCASION_NAMES, values, strict=True)
    }


def occasion_column_names(arm: str) -> tuple[str, ...]:
    """Name the columns of `occasion_columns` for an arm: weekend, evening, morning, pause."""
    return tuple(name.format(arm=arm) for name in _OCCASION_NAMES)


def weekend_column(arm: str) -> str:
    """Name the column that says whether an arm is sent on a Saturday or Sunday."""
    return _WEEKEND_NAME.format(arm=arm)


def evening_column(arm: str) -> str:
    """Name the column that says whether an arm is sent from 17 to 22 o'clock."""
    return _EVENING_NAME.format(arm=arm)


def morning_column(arm: str) -> str:
    """Name the column that says whether an arm is sent from 5 to 11 o'clock."""
    return _MORNING_NAME.format(arm=arm)


def pause_column(arm: str) -> str:
    """Name the column of log1p of the days from the last message to the sending of an arm."""
    return _PAUSE_NAME.format(arm=arm)


def possible_column(arm: str) -> str:
    """Name the column that says whether an arm could be drawn for the customer: 1 or 0.

    >>> possible_column("email")
    'email is possible'
    """
    return _POSSIBLE_NAME.format(arm=arm)


def is_possible(column: str) -> bool:
    """Tell whether a column is one of `possible_column`."""
    return column.endswith(_POSSIBLE_NAME.removeprefix("{arm}"))


def is_situation(column: str) -> bool:
    """Tell whether a column is of the occasion or of what is possible, and no feature.

    >>> is_situation("email is possible"), is_situation("view_count_28d")
    (True, False)
    """
    return column.endswith(_ENDINGS)


def situation_sentence(column: str, value: float) -> str:
    """Say in a sentence what a column of the occasion or of what is possible holds.

    Parameters
    ----------
    column : str
        A column for which `is_situation` holds.
    value : float
        Its value for one customer, not NaN.

    Examples
    --------
    >>> situation_sentence("sms sent on a weekend", 0.0)
    'It is sent on a weekday.'
    """
    ending = next(e for e in _ENDINGS if column.endswith(e))
    arm, name = column.removesuffix(ending), "{arm}" + ending
    if name == _PAUSE_NAME:
        days = round(float(np.expm1(value)))
        return f"It is sent {days} day{'' if days == 1 else 's'} after the last message."
    if_true, if_false = _SENTENCES[name]
    return (if_true if value > 0 else if_false).format(arm=arm)


def local_weekdays_and_hours(instants: Ints, timezone: ZoneInfo) -> tuple[Ints, Ints]:
    """Return what a local calendar and clock show at each instant.

    Parameters
    ----------
    instants : int64 array of any shape
        Microseconds since 1970, UTC.
    timezone : ZoneInfo
        The zone of the clock.

    Returns
    -------
    weekday : int array of the same shape
        0 for Monday to 6 for Sunday.
    hour : int array of the same shape
        0 to 23.
    """
    clocks = local_clocks(instants.ravel(), timezone).reshape(instants.shape)
    return (clocks // DAY + _THURSDAY) % 7, clocks % DAY // _HOUR


def first_send_at(
    arms: Sequence[str], as_of: int, quiet_hours: Mapping[str, QuietHours], timezone: ZoneInfo
) -> dict[str, int]:
    """Return for each arm the first instant from `as_of` on that is outside its quiet hours.

    Parameters
    ----------
    arms : sequence of str
        Channels, and `none`, which is sent at `as_of`.
    as_of : int
        Microseconds since 1970, UTC.
    quiet_hours : mapping of str to QuietHours
        By channel; a channel without an entry has none.
    timezone : ZoneInfo
        The shop's zone.

    Returns
    -------
    dict of str to int
        Microseconds since 1970, UTC, by arm.
    """
    ends = {
        arm: quiet_hours[arm].end_after(as_of, timezone)
        for arm in arms
        if arm != NO_MESSAGE and arm in quiet_hours
    }
    return {arm: ends.get(arm) or as_of for arm in arms}


def last_message_at(tables: History, instant: int) -> float:
    """Return when a customer was sent the last message before an instant, as known then.

    A message of more than `MESSAGE_DAYS` ago, which the history store forgets, does not count.

    Parameters
    ----------
    tables : dict of str to columns
        The customer's history; of `messages`, rows of the channel `none` do not count.
    instant : int
        Microseconds since 1970, UTC; a message that was sent exactly then does not count.

    Returns
    -------
    float
        Microseconds since 1970, UTC; NaN without a message.
    """
    messages = tables.get("messages")
    if messages is None:
        return float("nan")
    sent_at = messages["sent_at"]
    known = Window(instant).known(sent_at, messages["known_at"])
    recent = (sent_at < instant) & (sent_at > instant - MESSAGE_DAYS * DAY)
    earlier = known & recent & (messages["channel"] != NO_MESSAGE)
    return float(sent_at[earlier].max()) if earlier.any() else float("nan")


def _is_between(hour: Ints, first: int, until: int) -> Floats:
    return ((hour >= first) & (hour < until)).astype(float)
