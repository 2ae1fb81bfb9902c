"""Turns calendar time into operational time, by season, weekday and hour, and back.

The intensity of buying at an hour is s = year(day) * week(weekday) * day(hour), in local time
and 1 on average. Operational time tau(t) is the integral of s up to t. The gaps between purchases
are drawn in tau, so that a purchase "30 days of mean intensity later" comes sooner in December
than in July, while the distribution of a gap in tau stays exact.
"""

import numpy as np
import pandas as pd

from features.arrays import Floats
from nextbuy.simulator.profiles import Profile
from nextbuy.simulator.simulated_world import DAYS, START, TIMEZONE

_BEYOND = 400  # days after the end of the log that the clock still covers
_WEEK = np.array([1.05, 0.95, 0.95, 1.0, 1.15, 1.1, 0.8])
_NIGHT = np.repeat([0.1, 0.9, 1.3, 1.7, 1.0], [6, 3, 5, 8, 2])  # 0-6, 6-9, 9-14, 14-22, 22-24


class Clock:
    """The clock of a simulated shop, which turns days into operational time and back.

    Both directions are strictly increasing and linear within each hour. Operational time equals
    days at 0 and at the end of the log: `elapsed(DAYS) == DAYS`.
    """

    def __init__(self, profile: Profile) -> None:
        hours = np.arange((DAYS + _BEYOND) * 24 + 1)
        utc = pd.Timestamp(START, tz="UTC") + pd.to_timedelta(hours[:-1], unit="h")
        local = utc.tz_convert(TIMEZONE)
        intensity = _year(local.day_of_year.to_numpy(), profile)
        intensity *= _WEEK[local.day_of_week.to_numpy()] * _NIGHT[local.hour.to_numpy()]
        self._day = hours / 24
        self._elapsed = np.concatenate([[0.0], np.cumsum(intensity)])
        self._elapsed *= DAYS / self._elapsed[DAYS * 24]

    def elapsed(self, day: Floats) -> Floats:
        """Return the operational time at days since the start; same shape."""
        return np.asarray(np.interp(day, self._day, self._elapsed))

    def day(self, elapsed: Floats) -> Floats:
        """Return the days at operational times; infinite from the end of the log on."""
        return np.where(elapsed < DAYS, np.interp(elapsed, self._elapsed, self._day), np.inf)


def _year(day: np.ndarray, profile: Profile) -> Floats:
    """Return the intensity by day of the year: a peak around 12 December, a dip around 25 July."""
    peak = profile.peak * np.exp(-(((day - 346) / 14) ** 2) / 2)
    return 1 + peak - profile.dip * np.exp(-(((day - 206) / 22) ** 2) / 2)
