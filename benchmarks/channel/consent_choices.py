"""Chooses the arms in the consent world: by a rule that looks at the engagement, or drawn."""

from dataclasses import dataclass

import numpy as np

from benchmarks.channel.consent_chances import Situation
from benchmarks.channel.consent_effects import EMAIL, PHONE, PUSH, SMS
from benchmarks.channel.consent_settings import ConsentSettings
from benchmarks.channel.engagement_posterior import RULE_LEVEL, RULE_NOISE
from features.arrays import Flags, Floats, Indices

_SILENT_DAYS = 60
_SECOND_ORDER = (PUSH, EMAIL, SMS, PHONE)


@dataclass(frozen=True)
class Choice:
    """The arms of one round, and how they came about.

    Attributes
    ----------
    arm, by_rule : int array (n,)
        The arm, and the one that the rule would choose.
    explored : bool array (n,)
        Whether the arm was drawn alike among the eligible.
    propensity : array (n,)
        The logged chance of the arm, NaN where none is logged.
    email_shown, email_ruled : bool array (n,)
        Whether the log shows if the rule chose e-mail, and whether it did.
    """

    arm: Indices
    by_rule: Indices
    explored: Flags
    propensity: Floats
    email_shown: Flags
    email_ruled: Flags


def choose_arms(
    rng: np.random.Generator, engagement: Floats, situation: Situation, settings: ConsentSettings
) -> Choice:
    """Choose an arm for each of n customers as the shop's policy does."""
    eligible, n = situation.eligible, len(engagement)
    fallback = _fallback(situation)
    by_email = engagement + rng.normal(0, RULE_NOISE, n) > RULE_LEVEL
    by_rule = np.where(by_email & eligible[:, EMAIL], EMAIL, fallback)
    greedy = settings.policy == "epsilon_greedy"
    share = settings.epsilon if greedy else settings.drawn
    explored, draw = rng.random(n) < share, rng.random(n)
    if settings.households:
        explored, draw = np.repeat(explored[::2], 2), np.repeat(draw[::2], 2)
    possible = eligible.sum(axis=1)
    arm = np.where(explored, _nth(eligible, (draw * possible).astype(int)), by_rule)
    if greedy:
        propensity = share / possible + (1 - share) * (arm == by_rule)
    else:
        propensity = np.where(explored, 1 / possible, np.nan)
    shown = eligible[:, EMAIL] & ((arm == EMAIL) | (arm == fallback)) & (greedy | ~explored)
    ruled = (arm == EMAIL) == (arm == by_rule)
    return Choice(arm, by_rule, explored, propensity, shown, ruled)


def choose_second(arm: Indices, consented: Flags) -> Indices:
    """Return the channel of each customer's second message, another than the first's.

    Parameters
    ----------
    arm : int array (n,)
        The arm of the first.
    consented : bool array (n, 4)
        The channels that may be used for the second.

    Returns
    -------
    int array (n,)
        An arm; 0 (`none`) where no channel is left.
    """
    second = np.zeros_like(arm)
    for channel in reversed(_SECOND_ORDER):
        second = np.where(consented[:, channel - 1] & (arm != channel), channel, second)
    return second


def _fallback(situation: Situation) -> Indices:
    """Return what the rule does without e-mail: a text to the silent, else a push, else nothing."""
    eligible = situation.eligible
    silent = situation.seen.days_since > _SILENT_DAYS
    arm = np.where(eligible[:, PUSH], PUSH, 0)
    return np.where(silent & eligible[:, SMS], SMS, arm)


def _nth(eligible: Flags, position: Indices) -> Indices:
    """Return the arm at a position among each row's eligible arms."""
    rank = eligible.cumsum(axis=1) - 1
    return np.asarray((eligible & (rank == position[:, None])).argmax(axis=1))
