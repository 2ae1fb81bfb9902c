"""Suggested settings: the horizon from gaps between purchases, the settle time from lateness."""

import math

import msgspec

from features.engines.sql.feature_build import purchases_sql
from features.log.log import Log
from features.readiness.coverage import Lateness
from features.windows import DAY

_SHARE = 0.85
_LEAST, _MOST = 30, 365
_MIN_GAPS = 50


class Suggestions(msgspec.Struct, frozen=True):
    """Settings for `nextbuy.toml`, beside those in force.

    Attributes
    ----------
    horizon_days : int or None
        The fewest days within which 85 % of the gaps between purchase days close, 30 to 365;
        None with fewer than 50 gaps.
    horizon_days_now : int
    gaps : int
        How many gaps it was read from.
    watched_days : int
        Gaps are counted that began at least so long before the end of the data and closed
        within it, so that long and short ones had the same chance to be seen.
    settle_days : int or None
        Days until 99.5 % of the orders are known; None where lateness is not told.
    settle_days_now : int
    """

    horizon_days: int | None
    horizon_days_now: int
    gaps: int
    watched_days: int
    settle_days: int | None
    settle_days_now: int


def suggest(log: Log, lateness: Lateness | None) -> Suggestions:
    """Suggest settings from a log, and from the lateness of its orders."""
    span = (log.observed_until - log.first_order_at) // DAY
    watched = int(min(_MOST, span // 2))
    gaps, days = _gaps(log, watched)
    horizon = None if gaps < _MIN_GAPS else min(max(days, _LEAST), _MOST)
    settle = None if lateness is None else min(math.ceil(lateness.days_995), _MOST)
    section = log.shop.section
    return Suggestions(horizon, section.horizon_days, gaps, watched, settle, section.settle_days)


def _gaps(log: Log, watched: int) -> tuple[int, int]:
    """Count the gaps between purchase days, and find the days within which 85 % of them close."""
    purchases = purchases_sql(log, log.observed_until)
    gaps = (
        "SELECT day, lead(day) OVER (PARTITION BY customer_id ORDER BY day) - day AS gap "
        f"FROM (SELECT DISTINCT customer_id, day FROM ({purchases}))"
    )
    count, days = log.connection.execute(
        f"SELECT count(*), quantile_disc(gap, {_SHARE}) FROM ({gaps}) "
        f"WHERE gap <= {watched} AND day <= (SELECT max(local_day) FROM orders) - {watched}"
    ).fetchall()[0]
    return count, days or 0
