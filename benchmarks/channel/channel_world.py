"""Simulates a world in which the best channel is known, for `make bench-channel`.

A test keeps it unchanged. Customers have a few traits that a shop would see, and an engagement
that it does not. A CRM rule sends e-mail to the engaged, so that e-mail looks best in the log and
is not: comparing conversion by channel there is wrong, and no trait in the log can correct it. A
share of the sends is drawn at random among all arms instead, and marked as such.

What a message does to a customer's chance to buy follows the customer's traits: on the logit
scale in straight lines, or in steps, which no linear model can express.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from features.arrays import Floats, Indices

ARMS = ("none", "email", "sms", "web_push")
_SENDS_EACH = 2  # of a customer
_SLOPES, _STEPS = 0.50, 0.66  # how much the traits matter: the oracle is worth +15 % in both
_ENGAGED = 0.35
_RECEIVED = 6  # messages of each channel that an open rate is of


@dataclass(frozen=True)
class World:
    """Sends of a simulated shop, with the truth that only their maker knows.

    Attributes
    ----------
    traits : DataFrame
        What the shop sees of the customer of each send (n rows), with three columns of noise.
    customer, arm : int array (n,)
        The customer of each send, and the index of its arm in `ARMS`.
    randomised, bought : bool array (n,)
        Whether the arm was drawn at random, and whether a purchase followed.
    chance : array (n, 4)
        The true chance to buy by arm.
    open_rate : array (n, 3)
        The customer's share of the last six messages of each channel that were opened, in the
        order of `ARMS[1:]`.
    """

    traits: pd.DataFrame
    customer: Indices
    arm: Indices
    randomised: NDArray[np.bool_]
    bought: NDArray[np.bool_]
    chance: Floats
    open_rate: Floats

    @property
    def fixed(self) -> Floats:
        """True value, in conversions per send, of giving everybody the same arm: array (4,)."""
        return np.asarray(self.chance.mean(axis=0))

    def value(self, chosen: Indices) -> float:
        """Return the true value of a choice in conversions per send.

        Parameters
        ----------
        chosen : int array (n,)
            Index of the chosen arm of each send.

        Returns
        -------
        float
        """
        return float(self.chance[np.arange(len(chosen)), chosen].mean())

    def gain(self, chosen: Indices) -> float:
        """Return how much more than the best fixed arm a choice brings, in %.

        Parameters
        ----------
        chosen : int array (n,)
            Index of the chosen arm of each send.

        Returns
        -------
        float
        """
        return 100 * (self.value(chosen) / float(self.fixed.max()) - 1)


def draw_world(
    seed: int,
    *,
    sends: int = 60_000,
    random_share: float = 0.1,
    steps: bool = False,
    crossed: bool = False,
) -> World:
    """Simulate a world; the same arguments give the same one.

    Parameters
    ----------
    seed : int
        Seed of all draws.
    sends : int
        Number of sends; two per customer.
    random_share : float
        Share of the sends whose arm is drawn at random.
    steps : bool
        Effects are steps of the traits, not lines.
    crossed : bool
        The rule sends e-mail to the engaged who do not click on it and to the idle who do, so
        that in the log clicks on e-mail speak against it.

    Returns
    -------
    World
    """
    rng = np.random.default_rng(seed)
    customers = sends // _SENDS_EACH
    frequency = rng.negative_binomial(1, 0.25, customers).astype(float)
    since = rng.gamma(1.5, 40, customers)
    mobile = (rng.random(customers) < 0.5).astype(float)
    engagement = rng.normal(size=customers)
    liking = rng.normal(size=(customers, 3))
    clicks = expit(-2.6 + 0.9 * liking + rng.normal(0, 0.3, liking.shape))
    noise = rng.normal(size=(customers, 3))
    silence = np.log1p(since) - 3.6
    base_logit = -3.25 + 0.25 * (np.log1p(frequency) - 1) - 0.25 * silence + 0.15 * mobile
    effects = (
        _stepped(frequency, since, mobile, liking) if steps else _sloped(silence, mobile, liking)
    )
    none = np.zeros(customers)
    chance = expit((base_logit + 0.8 * engagement)[:, None] + np.column_stack([none, effects]))
    opens = expit(-1 + engagement[:, None] + np.array([0.6, 0.0, 0.2]) + 0.5 * liking)
    open_rate = rng.binomial(_RECEIVED, opens) / _RECEIVED
    traits = pd.DataFrame({"frequency": frequency, "days_since_last": since, "mobile": mobile})
    for index, arm in enumerate(ARMS[1:]):
        traits[f"{arm}_click_rate"] = clicks[:, index]
        traits[f"noise_{index}"] = noise[:, index]
    customer = np.repeat(np.arange(customers), _SENDS_EACH)
    randomised = rng.random(sends) < random_share
    seen = engagement[customer] + rng.normal(0, 0.4, sends)
    if crossed:
        seen *= -np.sign(liking[customer, 0])
    arm = np.where(
        randomised,
        rng.integers(0, len(ARMS), sends),
        _rule(seen, since[customer], mobile[customer]),
    )
    bought = rng.random(sends) < chance[customer, arm]
    return World(
        traits.iloc[customer].reset_index(drop=True),
        customer,
        arm,
        randomised,
        bought,
        chance[customer],
        open_rate[customer],
    )


def _rule(engagement: Floats, since: Floats, mobile: Floats) -> Indices:
    """Send e-mail to the engaged, a text to the silent, a push to phones, else nothing."""
    arm = np.where(since > 60, 2, np.where(mobile > 0, 3, 0))
    return np.where(engagement > _ENGAGED, 1, arm)


def _sloped(silence: Floats, mobile: Floats, liking: Floats) -> Floats:
    email = 0.55 * liking[:, 0] - 0.35 * (mobile - 0.5)
    sms = 0.45 * liking[:, 1] + 0.35 * silence / 0.9
    push = 0.45 * liking[:, 2] + 0.9 * (mobile - 0.5)
    return np.array([0.15, 0.25, 0.05]) + _SLOPES * np.column_stack([email, sms, push])


def _stepped(frequency: Floats, since: Floats, mobile: Floats, liking: Floats) -> Floats:
    email = 1.0 * (liking[:, 0] > 0.6) - 0.35 * (mobile > 0)
    sms = 0.7 * ((since > 60) & (liking[:, 1] > -0.2)) - 0.4 * (frequency > 4)
    push = 0.9 * ((mobile > 0) & (liking[:, 2] > 0.3)) - 0.2
    return np.array([0.10, 0.25, 0.05]) + _STEPS * np.column_stack([email, sms, push])


def open_rate_rule(world: World) -> Indices:
    """Choose as a rival's rule does: the channel whose messages the customer opens most.

    Parameters
    ----------
    world : World
        n sends.

    Returns
    -------
    int array (n,)
        Indices into `ARMS`.
    """
    return np.asarray(1 + world.open_rate.argmax(axis=1))
