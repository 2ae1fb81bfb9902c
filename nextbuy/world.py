"""What a simulated shop is made of: its customers' latent truth, its orders and its messages."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DAYS = 730
CHANNELS = ("email", "sms", "web_push", "phone")
NO_MESSAGE = len(CHANNELS)
ARMS = ("optimised", "random", "control")
OPTIMISED, RANDOM, CONTROL = range(len(ARMS))

STORES = ("north", "south")
_RESPONSE = (
    0.030,
    0.040,
    0.020,
    0.035,
)  # mean chance that a message makes a customer buy
_RESPONSE_SPREAD = 0.9


@dataclass(frozen=True)
class Customers:
    """The latent truth of each customer; times in days since the start."""

    ids: list[str]
    joined: Floats
    rate: Floats
    regularity: Floats
    dropout: Floats
    home_store: Ints
    uses_both: NDArray[np.bool_]
    engagement: Floats
    affinity: Floats  # (customers, channels), 0 on average
    granted: Floats  # (customers, channels), day of the consent, infinite without one
    withdrawn: Floats  # (customers, channels)
    reachable: NDArray[np.bool_]

    def response(self) -> Floats:
        """Chance that a message makes a living customer buy: (customers, channels)."""
        spread = _RESPONSE_SPREAD
        return np.asarray(_RESPONSE) * np.exp(spread * self.affinity - spread**2 / 2)


@dataclass(frozen=True)
class Orders:
    """Who bought when, in the order of time."""

    customer: Ints
    day: Floats


@dataclass(frozen=True)
class Messages:
    """The decisions of all campaigns, `none` among the channels."""

    customer: Ints
    sent: Floats
    channel: Ints
    arm: Ints
    propensity: Floats
    converts: Floats  # day of the purchase that it causes, NaN without one
