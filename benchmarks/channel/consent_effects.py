"""What a message does to the chance of a purchase in the consent world, from what its log shows."""

from dataclasses import dataclass

import numpy as np

from benchmarks.channel.consent_settings import ARMS, CHANNELS, DAY
from features.arrays import Flags, Floats, Ints

_EVENING_HOUR = 17
_CLICK_RATE, _CLICK_WEIGHT = 0.25, 3  # messages at the common rate in a customer's click share
_POINT = 0.01
_LEAST = -1.2  # points that a message takes away at most: no chance falls below 0
EMAIL, SMS, PUSH, PHONE = range(1, len(ARMS))


@dataclass(frozen=True)
class VisibleState:
    """What the log shows of n customers, each at an instant of their own.

    Attributes
    ----------
    instant : int array (n,)
        Seconds since the start of the log, a Monday.
    country, age_band : int array (n,)
        Positions of the declared attributes.
    orders : int array (n,)
        Orders before the instant.
    days_since : array (n,)
        Days since the last of them.
    sent, clicked : int array (n, 4)
        Messages before the instant, and those that were clicked, by channel.
    """

    instant: Ints
    country: Ints
    age_band: Ints
    orders: Ints
    days_since: Floats
    sent: Ints
    clicked: Ints

    @property
    def weekend(self) -> Flags:
        """Whether the instant is on a Saturday or Sunday: array (n,)."""
        return np.asarray(self.instant // DAY % 7 >= 5)

    @property
    def evening(self) -> Flags:
        """Whether the instant is after 17:00: array (n,)."""
        return np.asarray(self.instant % DAY >= _EVENING_HOUR * 3600)

    @property
    def click_excess(self) -> Floats:
        """Share of messages clicked beyond a common rate, shrunken to 0: array (n, 4)."""
        excess = self.clicked - _CLICK_RATE * self.sent
        return np.asarray(excess / (self.sent + _CLICK_WEIGHT))


def occasion_effects(seen: VisibleState) -> Floats:
    """Return effects of the occasion, attributes, clicks and purchases: array (n, 5).

    Returns
    -------
    array (n, 5)
        What each arm adds to the chance of a purchase, in the order of `ARMS`.
    """
    weekend, evening = seen.weekend.astype(float), seen.evening.astype(float)
    age, young = seen.age_band, (seen.age_band == 0).astype(float)
    clicks = np.clip(seen.click_excess, -0.25, 0.35)
    frequent = np.clip(np.log1p(seen.orders) - 1.2, -1, 1)
    silent = np.clip((seen.days_since - 60) / 60, -1, 1)
    points = np.zeros((len(weekend), len(ARMS)))
    points[:, EMAIL] = 1.3 - 1.4 * weekend + np.array([2.1, 0.0, -2.0])[seen.country]
    points[:, SMS] = 0.6 + 2.8 * evening + np.array([0.9, 0.5, -0.3, -1.2])[age] + 0.8 * frequent
    points[:, PUSH] = 0.1 + weekend * np.array([7.5, 6.0, 3.0, 0.0])[age] - 1.2 * silent
    points[:, PHONE] = 0.8 + np.array([-1.8, -0.8, 0.6, 2.2])[age] + 1.2 * silent
    points[:, PHONE] -= 0.8 * weekend * young
    points[:, 1:] += 5.0 * clicks
    return _POINT * np.maximum(points, _LEAST)


def stepped_effects(seen: VisibleState) -> Floats:
    """Return effects that are steps of what the log shows: array (n, 5), as `occasion_effects`."""
    loyal, silent = seen.orders >= 3, seen.days_since > 60
    clicks = seen.clicked >= 1
    points = np.zeros((len(loyal), len(ARMS)))
    points[:, EMAIL] = 0.6 + 3.0 * (clicks[:, EMAIL - 1] & ~silent)
    points[:, SMS] = 0.4 + 3.2 * (silent & (seen.age_band <= 1)) - 0.8 * loyal
    points[:, PUSH] = 0.3 + 3.4 * (seen.weekend & (seen.country != 0))
    points[:, PHONE] = 0.7 + 3.0 * (loyal & (seen.age_band >= 2)) - 0.8 * seen.evening
    return _POINT * points


def arm_effects(kind: str, seen: VisibleState) -> Floats:
    """Return what each arm adds to the chance of a purchase.

    Parameters
    ----------
    kind : {"none", "occasion", "steps"}
        As `ConsentSettings.effects`.
    seen : VisibleState
        n customers.

    Returns
    -------
    array (n, 5)
        In the order of `ARMS`; 0 for `none`.
    """
    if kind == "none":
        return np.zeros((len(seen.instant), len(CHANNELS) + 1))
    return occasion_effects(seen) if kind == "occasion" else stepped_effects(seen)
