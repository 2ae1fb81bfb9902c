"""Defines the state of a simulated shop: the latent truth of its customers, and what they did.

Times are days since the start, 2024-01-01 00:00 UTC, as floats. Customers, orders, products and
messages are integers, their indexes in the arrays that hold them.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from features.arrays import Flags, Floats, Ints

START = "2024-01-01"
TIMEZONE = "Europe/Warsaw"
DAYS = 730
CHANNELS = ("email", "sms", "web_push", "phone")
NO_MESSAGE = len(CHANNELS)
ARMS = ("optimised", "random", "control")
OPTIMISED, RANDOM, CONTROL = range(len(ARMS))
STORES = ("north", "south")
SALES_CHANNELS = ("web", "app", "shop")
WEB, APP, IN_SHOP = range(len(SALES_CHANNELS))

_RESPONSE = (0.030, 0.040, 0.020, 0.035)  # mean chance that a message makes a customer buy
_RESPONSE_SPREAD = 0.9


@dataclass(frozen=True)
class Aliases:
    """Other ids under which some customers bought before the shop knew who they are.

    A guest is logged under the alias, in every store, until an account is opened (`linked`). The
    holder of a second account is logged under it in the other store, before and after linking.
    """

    customer: Ints
    ids: list[str]
    is_guest: Flags
    linked: Floats


@dataclass(frozen=True)
class Customers:
    """The latent truth of each customer, which the exported log shows only in part.

    Attributes
    ----------
    ids, aliases
        The ids under which a customer is logged.
    joined, known_from : array (customers,)
        Days since the start of the log: the first purchase, and from when the shop knows them.
    rate, regularity, dropout : array (customers,)
        The law of purchases: how many a day, how regular, and the chance to leave after one.
    favourites, cycle : array (customers, categories)
        Chance of each category, and the days that a pack of it lasts.
    affinity, granted, withdrawn, reachable : array (customers, channels)
        Response to messages, and the days of consent and withdrawal, infinite without one.
    """

    ids: list[str]
    aliases: Aliases
    joined: Floats  # day of the first purchase
    known_from: Floats  # day from which the shop knows the customer: joined, or a guest's linking
    rate: Floats  # purchases per day of mean intensity
    regularity: Floats  # Gamma shape of the idle phase of gaps; 1 is memoryless
    dropout: Floats  # chance to leave for good after a purchase
    home_store: Ints
    uses_both: Flags
    price_sensitivity: Floats  # 0 to 1
    return_tendency: Floats  # 1 on average
    window_shopping: Floats  # sessions without intent, per day
    favourites: Floats  # (customers, categories), chance of a category that is drawn freely
    brand: Ints  # the favourite one
    cycle: (
        Floats  # (customers, categories), days that a pack lasts; infinite where it is not consumed
    )
    anchor: Ints  # the category whose running out brings the customer back, -1 without
    engagement: Floats  # determines the shop's choice of channel, and is logged nowhere
    affinity: Floats  # (customers, channels), 0 on average
    granted: Floats  # (customers, channels), day of the consent, infinite without one
    withdrawn: Floats  # (customers, channels), day of the withdrawal, infinite without one
    reachable: Flags  # (customers, channels)

    @cached_property
    def response(self) -> Floats:
        """Chance that a message makes a customer buy who has not left: (customers, channels)."""
        spread = _RESPONSE_SPREAD
        return np.asarray(_RESPONSE) * np.exp(spread * self.affinity - spread**2 / 2)

    def logged_id(self, customer: Ints, day: Floats, store: Ints) -> Ints:
        """Return the id under which each row is logged.

        Parameters
        ----------
        customer, day, store : array (n,)
            Customer, day and store of each row.

        Returns
        -------
        int array (n,)
            Indexes in the list of all `ids` followed by all `aliases.ids`.
        """
        alias = np.full(len(self.ids), -1)
        alias[self.aliases.customer] = np.arange(len(self.aliases.ids))
        row_alias = alias[customer]
        guest, linked = self.aliases.is_guest[row_alias], self.aliases.linked[row_alias]
        under_alias = np.where(guest, day < linked, store != self.home_store[customer])
        return np.where((row_alias >= 0) & under_alias, len(self.ids) + row_alias, customer)


@dataclass(frozen=True)
class Purchases:
    """The purchases that no message caused, ordered by customer and time."""

    customer: Ints
    day: Floats
    packs: Ints  # of the anchor category: 2 last twice as long
    gap: Floats  # mean of the gap that follows, in days of mean intensity
    intent: Floats  # when the intent that led to it awoke


@dataclass(frozen=True)
class Intents:
    """Intents that were awake, and not yet a purchase, when the log ends."""

    customer: Ints
    day: Floats


@dataclass(frozen=True)
class Orders:
    """All orders in the order of time, also those that a message caused."""

    customer: Ints
    day: Floats
    store: Ints
    sales_channel: Ints
    packs: Ints  # of the anchor category, 0 where a message caused the order
    intent: Floats  # NaN where a message caused the order
    message: Ints  # -1 where none caused it
    known: Floats  # day from which the shop's systems know the order


@dataclass(frozen=True)
class Baskets:
    """The lines of all orders, by order; money in cents."""

    order: Ints
    product: Ints
    quantity: Ints
    price: Ints  # list price of one
    paid: Ints  # for one

    def sums(self, cents: Ints, orders: int) -> Ints:
        """Sum the amounts of the lines of each order.

        Parameters
        ----------
        cents : int array (lines,)
            Price of one piece of each line.
        orders : int
            Number of orders.

        Returns
        -------
        int array (orders,)
            Cents times quantity, summed over the lines of each order.
        """
        return np.bincount(self.order, self.quantity * cents, orders).astype(np.int64)


@dataclass(frozen=True)
class Messages:
    """The decisions of all campaigns, also those to send no message."""

    customer: Ints
    sent: Floats
    channel: Ints  # index in `CHANNELS`, or NO_MESSAGE
    arm: Ints  # index in `ARMS`: why the channel was chosen
    propensity: Floats  # chance of the channel where it was drawn; NaN where the rule chose it
    converts: Floats  # day of the purchase that it causes, NaN without one


def late(rng: np.random.Generator, day: Floats, share: float, days: tuple[float, float]) -> Floats:
    """Return the day on which each row becomes known: for a share of the rows some days later.

    The delay is uniform between the two numbers of `days`.
    """
    return day + np.where(rng.random(len(day)) < share, rng.uniform(*days, len(day)), 0.0)
