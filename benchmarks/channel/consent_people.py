"""Draws the customers of the consent world: what they declare, consent to and cannot be seen."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from benchmarks.channel.consent_settings import CHANNELS, DAY, ROUNDS, WINDOW, ConsentSettings
from features.arrays import Flags, Floats, Ints

HISTORY_DAYS = 200  # before the first decision
EVERY_DAYS = 9  # from one decision about a customer to the next
COUNTRIES, AGE_BANDS, COLOURS = ("at", "cz", "pl"), ("18-29", "30-44", "45-59", "60+"), 3
CONSENT_LEVELS, CONSENT_SLOPE = np.array([1.2, 0.1, 0.5, -0.2]), 1.2
_JOINED_DAYS = 150
_FIRST_HOUR, _LAST_HOUR = 8, 21  # of sending
_WITHDRAWN = 0.04
_ALIKE_ENGAGEMENT = 0.6  # correlation within a household
NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class People:
    """The customers; times in seconds since the local midnight on which the log starts.

    Attributes
    ----------
    engagement : array (n,)
        Standard normal; the shop never sees it. Consents and purchases go with it.
    liking : array (n, 4)
        Standard normal, by channel; clicks go with it and nothing else.
    country, age_band, colour : int array (n,)
        Declared attributes, as positions; the colour is related to nothing.
    joined : int array (n,)
        The first purchase.
    granted, withdrawn : int array (n, 4)
        When each consent was given and withdrawn, `NEVER` where it was not.
    sent : int array (n, 6)
        When each decision is made.
    """

    engagement: Floats
    liking: Floats
    country: Ints
    age_band: Ints
    colour: Ints
    joined: Ints
    granted: Ints
    withdrawn: Ints
    sent: Ints

    def consented(self, instant: Ints) -> Flags:
        """Return which channels each customer consents to at an instant of their own.

        Parameters
        ----------
        instant : int array (n,)
            Seconds since the start of the log.

        Returns
        -------
        bool array (n, 4)
            In the order of `CHANNELS`.
        """
        now = instant[:, None]
        return np.asarray((self.granted < now) & (now < self.withdrawn))

    def eligible(self, instant: Ints) -> Flags:
        """Return which arms each customer may be given: array (n, 5), `none` always."""
        channels = self.consented(instant)
        return np.column_stack([np.ones(len(channels), dtype=bool), channels])


def draw_people(rng: np.random.Generator, settings: ConsentSettings) -> People:
    """Draw the customers.

    Parameters
    ----------
    rng : Generator
        Source of randomness.
    settings : ConsentSettings
        The number of customers, and whether they live in households of two.

    Returns
    -------
    People
    """
    n = settings.customers
    engagement = rng.normal(size=n)
    first_day = HISTORY_DAYS + rng.integers(0, 7, n)
    hours = rng.integers(3600 * _FIRST_HOUR, 3600 * _LAST_HOUR, size=(n, ROUNDS))
    if settings.households:
        shared = np.repeat(rng.normal(size=n // 2), 2)
        engagement = _mixed(shared, engagement, _ALIKE_ENGAGEMENT)
        first_day, hours = np.repeat(first_day[::2], 2), np.repeat(hours[::2], 2, axis=0)
    sent = (first_day[:, None] + EVERY_DAYS * np.arange(ROUNDS)) * DAY + hours
    consents = rng.random((n, 4)) < expit(CONSENT_LEVELS + CONSENT_SLOPE * engagement[:, None])
    joined = rng.integers(0, _JOINED_DAYS * DAY, n)
    granted = joined[:, None] + rng.integers(0, 40 * DAY, (n, 4))
    # A consent is withdrawn between two windows, so that what a window allows never changes.
    withdrawn = np.take_along_axis(sent, rng.integers(0, ROUNDS - 1, (n, 4)), axis=1) + WINDOW
    withdrawn += rng.integers(1, DAY, (n, 4))
    return People(
        engagement=engagement,
        liking=rng.normal(size=(n, len(CHANNELS))),
        country=rng.choice(3, n, p=[0.4, 0.35, 0.25]),
        age_band=rng.choice(4, n, p=[0.25, 0.3, 0.25, 0.2]),
        colour=rng.integers(0, COLOURS, n),
        joined=joined,
        granted=np.where(consents, granted, NEVER),
        withdrawn=np.where(rng.random((n, 4)) < _WITHDRAWN, withdrawn, NEVER),
        sent=sent,
    )


def _mixed(shared: Floats, single: Floats, correlation: float) -> Floats:
    return np.asarray(np.sqrt(correlation) * shared + np.sqrt(1 - correlation) * single)
