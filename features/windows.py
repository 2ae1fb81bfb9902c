"""Dates and times of the whole project: instants, cutoffs and the windows around a cutoff.

An instant is a whole number: microseconds since 1970-01-01 00:00 UTC. Instants compare,
subtract and sum in the same way in SQL, in numpy and in Python, so that all engines that
compute features agree. A local day is a whole number too: days since 1970-01-01 by the
calendar of a time zone. No other module does arithmetic with dates.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from features.errors import refuse

DAY = 86_400_000_000  # microseconds in 24 hours
MAX_INSTANT = 2**53  # after every instant; whole numbers up to here are exact as floats
_QUARTER = DAY // 96  # the offset of a time zone changes only at quarters of an hour
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# How an instant is written, wherever Nextbuy reads one as text: in files, posts, settings and
# arguments. It is the profile of ISO 8601 that names its year first and with four digits, with an
# optional blank before the zone and slashes in place of dashes. Python and DuckDB read it alike.
INSTANT_TEXT = (
    r"((?:1[89]|2\d)\d\d)(?:-(\d{1,2})-(\d{1,2})|/(\d{1,2})/(\d{1,2}))"
    r"(?:(?:T|\s+)((?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:[.,]\d{1,9})?)?)"
    r"\s?(Z|UTC|[+-](?:0\d|1[0-5])(?::?[0-5]\d)?)?)?"
)


def to_datetime(instant: int) -> datetime:
    """Turn an instant (microseconds since 1970, UTC) into a datetime with the time zone UTC.

    >>> to_datetime(DAY).isoformat()
    '1970-01-02T00:00:00+00:00'
    """
    return _EPOCH + timedelta(microseconds=instant)


def to_instant(moment: datetime, timezone: ZoneInfo) -> int:
    """Turn a datetime into an instant (microseconds since 1970, UTC).

    Parameters
    ----------
    moment : datetime
        With or without a time zone of its own.
    timezone : ZoneInfo
        The zone in which a datetime without a time zone is read. Of a local time that occurs
        twice the later one is meant, and a local time that the clock skips is read with the
        offset from before the change; DuckDB reads the shop's files in the same way.
    """
    if moment.tzinfo is not None:
        return (moment.astimezone(UTC) - _EPOCH) // timedelta(microseconds=1)
    return max(to_instant(moment.replace(tzinfo=timezone, fold=f), timezone) for f in (0, 1))


def read_cutoff(text: str, timezone: ZoneInfo, name: str = "cutoff") -> int:
    """Read a cutoff written as text and return it as an instant (microseconds since 1970, UTC).

    Parameters
    ----------
    text : str
        A date or a date and time, as `INSTANT_TEXT` says. A date without a time means the last
        microsecond of that local day.
    timezone : ZoneInfo
        The zone of dates, and of times that name no zone.
    name : str
        What an error calls the text: the setting or argument that it comes from.

    Raises
    ------
    InputError
        The text is no date and no instant.

    Examples
    --------
    >>> to_datetime(read_cutoff("2024-03-31", ZoneInfo("Europe/Berlin"))).isoformat()
    '2024-03-31T21:59:59.999999+00:00'
    >>> to_datetime(read_cutoff("2024-03-31T12:00:00Z", ZoneInfo("Europe/Berlin"))).isoformat()
    '2024-03-31T12:00:00+00:00'
    """
    try:
        day, clock, zone = _split_instant(text.strip(" "))
        if clock is None:
            return end_of_day((day - date(1970, 1, 1)).days, timezone)
        return to_instant(datetime.fromisoformat(f"{day}T{clock}{zone}"), timezone)
    except ValueError:
        raise refuse(
            name,
            "a date or an instant (2025-06-30, 2025-06-30T12:00:00Z)",
            f"'{text}'",
            "Write it in ISO 8601.",
        ) from None


def _split_instant(text: str) -> tuple[date, str | None, str]:
    """Split a text into its date, its time of day (None for a bare date) and its zone (or "").

    Raises
    ------
    ValueError
        The text is not written as `INSTANT_TEXT` says, or there is no such day.
    """
    match = re.fullmatch(INSTANT_TEXT, text, flags=re.ASCII)
    if match is None:
        raise ValueError(text)
    year, *months_and_days, clock, zone = match.groups()
    month, day = (int(part) for part in months_and_days if part is not None)
    if clock is not None:
        clock = clock.replace(",", ".")
        clock = f"0{clock}" if clock[1] == ":" else clock
    return date(int(year), month, day), clock, "Z" if zone == "UTC" else zone or ""


def local_day(instant: int, timezone: ZoneInfo) -> int:
    """Return the calendar day of an instant in a time zone, in days since 1970-01-01.

    >>> local_day(read_cutoff("1970-01-03", ZoneInfo("Asia/Tokyo")), ZoneInfo("Asia/Tokyo"))
    2
    """
    return (to_datetime(instant).astimezone(timezone).date() - date(1970, 1, 1)).days


def local_clocks(instants: NDArray[np.int64], timezone: ZoneInfo) -> NDArray[np.int64]:
    """Return what a local clock shows at each instant, in microseconds since 1970 began there.

    Parameters
    ----------
    instants : (n,) int64 array
        Microseconds since 1970, UTC.
    timezone : ZoneInfo
        The zone of the clock.

    Returns
    -------
    (n,) int64 array
        The instants, each shifted by the offset of the zone at that instant.

    Examples
    --------
    >>> local_clocks(np.array([0, DAY]), ZoneInfo("Asia/Tokyo")) // 3_600_000_000
    array([ 9, 33])
    """
    quarters, quarter_index = np.unique(instants // _QUARTER, return_inverse=True)
    clocks = [to_datetime(int(q) * _QUARTER).astimezone(timezone) for q in quarters]
    offsets = [(c.utcoffset() or timedelta()) // timedelta(microseconds=1) for c in clocks]
    return instants + np.array(offsets, dtype=np.int64)[quarter_index]


@dataclass(frozen=True)
class Window:
    """The rows that may be read around one cutoff, and those that are to be predicted.

    A row is known if ``known_at <= cutoff``, it is read if it is known and
    ``cutoff - lookback < happened <= cutoff``, and it belongs to the target if
    ``cutoff < happened <= cutoff + horizon``. Every bound is compared to the microsecond.

    Attributes
    ----------
    cutoff : int
        The last instant that is known, in microseconds since 1970, UTC.
    lookback : int or None
        Days before the cutoff that are read; None reads everything before it.
    horizon : int or None
        Days after the cutoff that are to be predicted; None for a window without a target.
    """

    cutoff: int
    lookback: int | None = None
    horizon: int | None = None

    @property
    def start(self) -> int | None:
        """Last instant that is too old to be read; None if there is no lookback."""
        return None if self.lookback is None else self.cutoff - self.lookback * DAY

    @property
    def end(self) -> int:
        """Last instant of the target.

        Raises
        ------
        ValueError
            The window has no horizon.
        """
        if self.horizon is None:
            raise ValueError("this window has no horizon, so it has no end")
        return self.cutoff + self.horizon * DAY

    def known_sql(self, happened: str, known: str) -> str:
        """Return the SQL condition of the rows that may be read.

        Parameters
        ----------
        happened, known : str
            SQL of the instants at which a row happened and was known (microseconds UTC).
        """
        lower = "" if self.start is None else f" AND {happened} > {self.start}"
        return f"({known} <= {self.cutoff} AND {happened} <= {self.cutoff}{lower})"

    def known(self, happened: NDArray[Any], known: NDArray[Any]) -> NDArray[np.bool_]:
        """Return for each row whether it may be read; a row with a missing instant may not.

        Parameters
        ----------
        happened, known : (n,) array
            Instants at which each row happened and was known (microseconds UTC, NaN if missing).

        Returns
        -------
        (n,) bool array
            True for the rows that may be read.
        """
        mask = (known <= self.cutoff) & (happened <= self.cutoff)
        return mask if self.start is None else mask & (happened > self.start)

    def target_sql(self, happened: str) -> str:
        """Return the SQL condition of the rows in the target: after the cutoff, within the horizon.

        Parameters
        ----------
        happened : str
            SQL of the instant at which a row happened (microseconds UTC).
        """
        return f"({happened} > {self.cutoff} AND {happened} <= {self.end})"

    def days_into_target_sql(self, happened: str) -> str:
        """Return the SQL of the smallest whole number of days after the cutoff that covers a row.

        Parameters
        ----------
        happened : str
            SQL of the instant at which the row happened (microseconds UTC), later than the cutoff.
        """
        return f"CAST(ceil(({happened} - {self.cutoff}) / {DAY}.0e0) AS INTEGER)"


def instant_of_local_time(day: int, at: time, timezone: ZoneInfo) -> int:
    """Return the instant of a local time of day on a calendar day.

    Parameters
    ----------
    day : int
        Local day, in days since 1970-01-01.
    at : time
        Time of day on the local clock.
    timezone : ZoneInfo
        The zone of the day and the clock.
    """
    return to_instant(datetime.combine(date_of_day(day), at), timezone)


def end_of_day(day: int, timezone: ZoneInfo) -> int:
    """Return the last microsecond of a local day (`day` in days since 1970-01-01) as an instant."""
    return instant_of_local_time(day + 1, time.min, timezone) - 1


def last_end_of_day(instant: int, timezone: ZoneInfo) -> int:
    """Return the latest end of a local day that is not after an instant, as an instant."""
    day = local_day(instant, timezone)
    end = end_of_day(day, timezone)
    return end if end <= instant else end_of_day(day - 1, timezone)


def cutoffs_before(last: int, stride_days: int, first: int, timezone: ZoneInfo) -> Iterator[int]:
    """Yield cutoffs from `last` back to `first`, a fixed number of local days apart.

    Every cutoff is the end of a local day. Rows that carry only a date are therefore all on one
    side of a cutoff, also where the clock changes between summer and winter.

    Parameters
    ----------
    last, first : int
        Instants; no cutoff is later than `last` or earlier than `first`.
    stride_days : int
        Local days from one cutoff to the next.
    timezone : ZoneInfo
        The zone of the days.

    Yields
    ------
    int
        Cutoffs as instants, the latest first.
    """
    day = local_day(last_end_of_day(last, timezone), timezone)
    while (cutoff := end_of_day(day, timezone)) >= first:
        yield cutoff
        day -= stride_days


def months_of_days(days: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the calendar month of each local day, in months since January 1970.

    Parameters
    ----------
    days : (n,) int64 array
        Local days, in days since 1970-01-01.

    Returns
    -------
    (n,) int64 array
        Months since January 1970.

    Examples
    --------
    >>> months_of_days(np.array([0, 30, 31])).tolist()
    [0, 0, 1]
    """
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def date_of_day(day: int) -> date:
    """Turn a local day (days since 1970-01-01) into a date."""
    return date(1970, 1, 1) + timedelta(days=int(day))
