"""The chance of a purchase within the window, by arm, in the consent world."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit
from scipy.stats import norm

from benchmarks.channel.consent_effects import VisibleState, arm_effects
from benchmarks.channel.consent_people import People
from benchmarks.channel.consent_settings import ARMS, DAY, ConsentSettings
from features.arrays import Flags, Floats, Ints

_FLOOR, _BASE_LEVEL, _BASE_SLOPE = 0.02, -3.15, 0.7
_SOON_DAYS, _SOON, _LATER = 14, 0.7, 1.1  # the order state: less soon after an order
_SEASON_DAYS = 56
_SECOND_EFFECT = 0.015
_LOGIT_OF_POINT = 1 / (0.09 * 0.91)  # slope of the logit where the chance is 9 %
BOUNDS = 0.001, 0.95


@dataclass(frozen=True)
class Situation:
    """What decides the chances of n customers at an instant of their own, but the engagement.

    Attributes
    ----------
    seen : VisibleState
        What the log shows.
    eligible, followed : bool array (n, 5)
        Whether each arm may be given, and whether another channel could follow it.
    effects : array (n, 5)
        What each arm adds.
    """

    seen: VisibleState
    eligible: Flags
    followed: Flags
    effects: Floats


def make_situation(
    seen: VisibleState, people: People, second_at: Ints, settings: ConsentSettings
) -> Situation:
    """Make the situation of customers whose second message, if any, comes at `second_at`."""
    later = people.consented(second_at)
    others = [np.delete(later, arm - 1, axis=1) for arm in range(1, len(ARMS))]
    followed = np.column_stack([later.any(axis=1), *(other.any(axis=1) for other in others)])
    eligible = people.eligible(seen.instant)
    return Situation(seen, eligible, followed, arm_effects(settings.effects, seen))


def base_chance(engagement: Floats, seen: VisibleState, season: float) -> Floats:
    """Return the chance of a purchase without a message.

    Parameters
    ----------
    engagement : array (n, k)
        Values of the engagement, k for each customer.
    seen : VisibleState
        n customers.
    season : float
        As `ConsentSettings.season`.

    Returns
    -------
    array (n, k)
    """
    state = np.where(seen.days_since < _SOON_DAYS, _SOON, _LATER)
    swing = season ** np.sin(2 * np.pi * seen.instant / (_SEASON_DAYS * DAY))
    grown = np.exp(_BASE_LEVEL + _BASE_SLOPE * engagement) * state[:, None]
    return np.asarray((_FLOOR - np.expm1(-grown)) * swing[:, None])


def second_chance(engagement: Floats, settings: ConsentSettings) -> Floats:
    """Return the chance that a second message follows where a channel is left for it."""
    return np.asarray(2 * settings.second_message * norm.cdf(engagement))


def chance_after(base: Floats, effect: Floats, second: Floats, settings: ConsentSettings) -> Floats:
    """Return the chance of a purchase after an arm, with or without a second message.

    Parameters
    ----------
    base, effect, second : arrays of one shape, or that broadcast to one
        The chance without a message, what the arm adds, and 1 where a second message follows.
    settings : ConsentSettings
        The scale; where messages do nothing the second one does nothing.

    Returns
    -------
    array
    """
    added = effect + (0.0 if settings.effects == "none" else _SECOND_EFFECT) * second
    if settings.scale == "logit":
        return np.asarray(np.clip(expit(logit(base) + _LOGIT_OF_POINT * added), *BOUNDS))
    return np.asarray(np.clip(base + added, *BOUNDS))


def arm_chances(engagement: Floats, situation: Situation, settings: ConsentSettings) -> Floats:
    """Return the chance of a purchase by arm, over whether a second message follows.

    Parameters
    ----------
    engagement : array (n, k)
        Values of the engagement, k for each customer.
    situation : Situation
        n customers.
    settings : ConsentSettings
        The shop.

    Returns
    -------
    array (n, k, 5)
    """
    base = base_chance(engagement, situation.seen, settings.season)[:, :, None]
    effects = situation.effects[:, None, :]
    p_second = second_chance(engagement, settings)[:, :, None] * situation.followed[:, None, :]
    alone = chance_after(base, effects, np.zeros(1), settings)
    joined = chance_after(base, effects, np.ones(1), settings)
    return np.asarray((1 - p_second) * alone + p_second * joined)
