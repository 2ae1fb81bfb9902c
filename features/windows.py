"""The only date arithmetic of the project: instants, cutoffs and the windows around them.

An instant is an integer: microseconds since 1970-01-01 00:00 UTC. Integers compare, subtract
and sum the same way in SQL, in numpy and in Python, which is what keeps the engines equal.
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

DAY = 86_400_000_000
MAX_INSTANT = 2**53  # later than any: up to here whole numbers are exact as floats
_QUARTER = DAY // 96  # clocks are changed on quarters of an hour
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BARE_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def to_datetime(instant: int) -> datetime:
    """Turn an instant into an aware UTC datetime.

    >>> to_datetime(DAY).isoformat()
    '1970-01-02T00:00:00+00:00'
    """
    return _EPOCH + timedelta(microseconds=instant)


def to_instant(moment: datetime, timezone: ZoneInfo) -> int:
    """Turn a datetime into an instant; a naive one is read in `timezone`.

    Of a local time that occurs twice the later one is meant, and one that the clock skips is
    read with the offset from before: as DuckDB reads the shop's files.
    """
    if moment.tzinfo is not None:
        return (moment.astimezone(UTC) - _EPOCH) // timedelta(microseconds=1)
    return max(to_instant(moment.replace(tzinfo=timezone, fold=f), timezone) for f in (0, 1))


def read_cutoff(text: str, timezone: ZoneInfo, name: str = "cutoff") -> int:
    """Read a cutoff: a bare date is the last microsecond of its local day.

    `name` is what the error calls it.

    >>> to_datetime(read_cutoff("2024-03-31", ZoneInfo("Europe/Berlin"))).isoformat()
    '2024-03-31T21:59:59.999999+00:00'
    >>> to_datetime(read_cutoff("2024-03-31T12:00:00Z", ZoneInfo("Europe/Berlin"))).isoformat()
    '2024-03-31T12:00:00+00:00'
    """
    text = text.strip()
    try:
        if ":" not in text:
            if not _BARE_DATE.fullmatch(text):
                raise ValueError(text)
            return end_of_day((date.fromisoformat(text) - date(1970, 1, 1)).days, timezone)
        return to_instant(datetime.fromisoformat(text), timezone)
    except (ValueError, OverflowError):
        raise refuse(
            name,
            "a date or an instant (2025-06-30, 2025-06-30T12:00:00Z)",
            f"'{text}'",
            "Write it in ISO 8601.",
        ) from None


def local_day(instant: int, timezone: ZoneInfo) -> int:
    """Count the local calendar day of an instant, in days since 1970-01-01.

    >>> local_day(read_cutoff("1970-01-03", ZoneInfo("Asia/Tokyo")), ZoneInfo("Asia/Tokyo"))
    2
    """
    return (to_datetime(instant).astimezone(timezone).date() - date(1970, 1, 1)).days


def local_clocks(instants: NDArray[np.int64], timezone: ZoneInfo) -> NDArray[np.int64]:
    """Read what the local clock shows, in microseconds since the local 1970-01-01 00:00.

    >>> local_clocks(np.array([0, DAY]), ZoneInfo("Asia/Tokyo")) // 3_600_000_000
    array([ 9, 33])
    """
    quarters, place = np.unique(instants // _QUARTER, return_inverse=True)
    clocks = [to_datetime(int(q) * _QUARTER).astimezone(timezone) for q in quarters]
    offsets = [(c.utcoffset() or timedelta()) // timedelta(microseconds=1) for c in clocks]
    return instants + np.array(offsets, dtype=np.int64)[place]


@dataclass(frozen=True)
class Window:
    """What may be read, and what is to be predicted, around one cutoff.

    Known: ``known_at <= cutoff``. Read: ``cutoff - lookback < happened <= cutoff``.
    Target: ``cutoff < happened <= cutoff + horizon``. Both ends are tested to the microsecond.

    Attributes
    ----------
    cutoff : int
        The last instant known.
    lookback, horizon : int or None
        Days; None reads everything before the cutoff, or asks for no target.
    """

    cutoff: int
    lookback: int | None = None
    horizon: int | None = None

    @property
    def start(self) -> int | None:
        """Last instant that is too old to be read; None without a lookback."""
        return None if self.lookback is None else self.cutoff - self.lookback * DAY

    @property
    def end(self) -> int:
        """Last instant of the target."""
        if self.horizon is None:
            raise ValueError("this window has no horizon, so it has no end")
        return self.cutoff + self.horizon * DAY

    def known_sql(self, happened: str, known: str) -> str:
        """Write the SQL condition of the rows that may be read."""
        lower = "" if self.start is None else f" AND {happened} > {self.start}"
        return f"({known} <= {self.cutoff} AND {happened} <= {self.cutoff}{lower})"

    def known(self, happened: NDArray[Any], known: NDArray[Any]) -> NDArray[np.bool_]:
        """Say of each row whether it may be read; a missing instant may not."""
        mask = (known <= self.cutoff) & (happened <= self.cutoff)
        return mask if self.start is None else mask & (happened > self.start)

    def target_sql(self, happened: str) -> str:
        """Write the SQL condition of the rows that are to be predicted."""
        return f"({happened} > {self.cutoff} AND {happened} <= {self.end})"

    def days_into_target_sql(self, happened: str) -> str:
        """Write the SQL of the first whole h for which `happened` is within h days."""
        return f"CAST(ceil(({happened} - {self.cutoff}) / {DAY}.0e0) AS INTEGER)"


def instant_of_local_time(day: int, at: time, timezone: ZoneInfo) -> int:
    """Find the instant of a local time on a calendar day (days since 1970-01-01)."""
    return to_instant(datetime.combine(date_of_day(day), at), timezone)


def end_of_day(day: int, timezone: ZoneInfo) -> int:
    """Find the last microsecond of a local calendar day (days since 1970-01-01)."""
    return instant_of_local_time(day + 1, time.min, timezone) - 1


def last_end_of_day(instant: int, timezone: ZoneInfo) -> int:
    """Find the latest end of a local day at or before an instant."""
    day = local_day(instant, timezone)
    end = end_of_day(day, timezone)
    return end if end <= instant else end_of_day(day - 1, timezone)


def cutoffs_before(last: int, stride_days: int, first: int, timezone: ZoneInfo) -> Iterator[int]:
    """Walk back from `last` in steps of local days, while the cutoff is at or after `first`.

    Every cutoff is the end of a local day, so that rows which carry a bare date are on one
    side of it, whatever the season's clock.
    """
    day = local_day(last_end_of_day(last, timezone), timezone)
    while (cutoff := end_of_day(day, timezone)) >= first:
        yield cutoff
        day -= stride_days


def months_of_days(days: NDArray[np.int64]) -> NDArray[np.int64]:
    """Count the calendar months of local days, both since 1970-01.

    >>> months_of(np.array([0, 30, 31])).tolist()
    [0, 0, 1]
    """
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def date_of_day(day: int) -> date:
    """Turn a local day, counted since 1970-01-01, into a date."""
    return date(1970, 1, 1) + timedelta(days=int(day))
