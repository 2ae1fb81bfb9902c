"""Suggests settings: the horizon from gaps between purchases, the settle time from lateness."""

import math

import msgspec

from features.engines.sql.feature_queries import purchases_sql
from features.log.log import Log
from features.readiness.coverage import Lateness
from features.windows import DAY, local_day

_SHARE = 0.85
_LEAST, _MOST = 30, 365
_MIN_GAPS = 50


class Suggestions(msgspec.Struct, frozen=True):
    """Suggested settings for `nextbuy.toml`, beside those in force.

    Attributes
    ----------
    horizon_days : int or None
        The fewest days within which 85 % of the gaps between purchase days close, 30 to 365;
        None with fewer than 50 gaps.
    horizon_days_now : int
        The horizon that nextbuy.toml has.
    gaps : int
        Number of gaps between purchase days that the suggestion is taken from.
    watched_days : int
        Only gaps count that began at least so many days before the end of the data and closed
        within so many days, so that long and short ones had the same chance to be seen.
    settle_days : int or None
        Days until 99.5 % of the orders are known; None where the lateness is not known.
    settle_days_now : int
        The settle time that nextbuy.toml has.
    """

    horizon_days: int | None
    horizon_days_now: int
    gaps: int
    watched_days: int
    settle_days: int | None
    settle_days_now: int


def suggest_settings(log: Log, lateness: Lateness | None) -> Suggestions:
    """Suggest the horizon and the settle time, in days.

    Parameters
    ----------
    log : Log
        The shop's tables.
    lateness : Lateness or None
        Of the orders; None where it is not known.
    """
    span = (log.observed_until - log.first_order_at) // DAY
    watched = int(min(_MOST, span // 2))
    gaps, days = _gaps(log, watched)
    horizon = None if gaps < _MIN_GAPS else min(max(days, _LEAST), _MOST)
    settle = None if lateness is None else min(math.ceil(lateness.days_995), _MOST)
    section = log.shop.section
    return Suggestions(horizon, section.horizon_days, gaps, watched, settle, section.settle_days)


def _gaps(log: Log, watched: int) -> tuple[int, int]:
    """Return the number of gaps between purchase days, and the days in which 85 % of them close."""
    purchases = purchases_sql(log, log.observed_until)
    last_day = local_day(log.observed_until, log.shop.timezone)
    gaps = (
        "SELECT day, lead(day) OVER (PARTITION BY customer_id ORDER BY day) - day AS gap "
        f"FROM (SELECT DISTINCT customer_id, day FROM ({purchases}))"
    )
    count, days = log.connection.execute(
        f"SELECT count(*), quantile_disc(gap, {_SHARE}) FROM ({gaps}) "
        f"WHERE gap <= {watched} AND day <= {last_day} - {watched}"
    ).fetchall()[0]
    return count, days or 0
