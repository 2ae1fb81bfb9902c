"""Draws whom a simulated shop messages, through which channel, and which purchases that causes.

Every two weeks the shop decides for 60 % of the customers whom it knows: mostly by a rule that
looks at an engagement which is never logged, partly at random with a logged propensity, while a
control group gets no message. `none` (no message) is one of the arms of the random draw. With the
chance `Customers.response` a message makes a customer who has not left buy within three days. Such
a purchase is additional: it does not change when the customer buys without a message.
"""

import numpy as np

from features.arrays import Flags, Floats, Ints
from nextbuy.simulator.simulated_world import (
    CONTROL,
    DAYS,
    NO_MESSAGE,
    OPTIMISED,
    RANDOM,
    Customers,
    Messages,
)

CAMPAIGNS = np.arange(14.0, DAYS, 14.0)
SENT_HOURS = (7.0, 18.0)
CONVERTS_DAYS = (0.02, 3.0)
_MESSAGED_SHARE = 0.6
_RANDOM_SHARE, _CONTROL_SHARE = 0.20, 0.05


def draw_messages(rng: np.random.Generator, people: Customers, left_at: Floats) -> Messages:
    """Draw the decisions of all campaigns and the purchases that they cause.

    Parameters
    ----------
    rng : Generator
        Source of randomness.
    people : Customers
        All customers.
    left_at : float array (customers,)
        Day on which each customer left for good; infinite for those who stayed.

    Returns
    -------
    Messages
        One row per decision, in the order of the campaigns.
    """
    parts = [_draw_campaign(rng, people, left_at, start) for start in CAMPAIGNS]
    fields = Messages.__dataclass_fields__
    return Messages(**{f: np.concatenate([getattr(part, f) for part in parts]) for f in fields})


def expected_chances(people: Customers) -> Floats:
    """Return the expected chance that a campaign makes a customer buy who has not left.

    The expectation is over the draws of the shop (who is messaged, how, and through which channel)
    and of the customer, with the consents at noon of the day of the campaign.

    Returns
    -------
    float array (customers, campaigns)
        Chances from 0 to 1.
    """
    customer = np.arange(len(people.ids))
    chances = _chances(people, customer)
    columns = []
    for start in CAMPAIGNS:
        eligible = _eligible(people, customer, np.full(len(customer), start + 0.5))
        at_random = (chances * eligible).sum(axis=1) / eligible.sum(axis=1)
        by_rule = chances[customer, _rule(people.engagement, eligible)]
        rest = 1 - _RANDOM_SHARE - _CONTROL_SHARE
        known = _MESSAGED_SHARE * (people.known_from < start)
        columns.append(known * (_RANDOM_SHARE * at_random + rest * by_rule))
    return np.column_stack(columns)


def _draw_campaign(
    rng: np.random.Generator, people: Customers, left_at: Floats, start: float
) -> Messages:
    known = people.known_from < start
    customer = np.flatnonzero(known & (rng.random(len(people.ids)) < _MESSAGED_SHARE))
    n = len(customer)
    sent = start + rng.uniform(*SENT_HOURS, n) / 24
    eligible = _eligible(people, customer, sent)
    draw = rng.random(n)
    arm = np.select([draw < _RANDOM_SHARE, draw > 1 - _CONTROL_SHARE], [RANDOM, CONTROL], OPTIMISED)
    by_rule = _rule(people.engagement[customer], eligible)
    channel = np.where(arm == RANDOM, _choose_uniformly(rng, eligible), by_rule)
    channel[arm == CONTROL] = NO_MESSAGE
    propensity = np.where(arm == RANDOM, 1 / eligible.sum(axis=1), np.nan)
    propensity[arm == CONTROL] = 1.0  # within the control group nothing else can happen
    caused = rng.random(n) < _chances(people, customer)[np.arange(n), channel]
    converts = np.where(caused, sent + rng.uniform(*CONVERTS_DAYS, n), np.nan)
    converts[converts >= np.minimum(left_at[customer], DAYS)] = np.nan
    return Messages(customer, sent, channel, arm, propensity, converts)


def _chances(people: Customers, customer: Ints) -> Floats:
    return np.column_stack([people.response[customer], np.zeros(len(customer))])


def _eligible(people: Customers, customer: Ints, sent: Floats) -> Flags:
    """Return which channels each customer may be sent a message through; `none` always may be used.

    The shape is (customers, channels + 1), and the last column is `none`.
    """
    consented = people.granted[customer] <= sent[:, None]
    usable = consented & (sent[:, None] < people.withdrawn[customer]) & people.reachable[customer]
    return np.column_stack([usable, np.ones(len(customer), dtype=bool)])


def _choose_uniformly(rng: np.random.Generator, eligible: Flags) -> Ints:
    return np.asarray(np.argmax(np.where(eligible, rng.random(eligible.shape), -1.0), axis=1))


def _rule(engagement: Floats, eligible: Flags) -> Ints:
    """Choose by the shop's rule, which confounds the log: email for the engaged, else sms."""
    likes = np.tile([0.4, 0.3, 0.2, 0.1, 0.0], (len(engagement), 1))
    likes[:, 0] += engagement
    likes[:, 1] -= engagement
    return np.asarray(np.argmax(np.where(eligible, likes, -np.inf), axis=1))
