"""Computes the value of a message: the margin that it is expected to earn, less what it costs."""

from collections.abc import Mapping

import msgspec
import numpy as np

from features.arrays import Floats
from features.shop.shop import Shop
from models.arms import NO_MESSAGE
from models.boosters.booster import Columns
from models.channel.model import ChannelPredictions

_RECENT_MESSAGES = "messages_count_7d"


class MessageValue(msgspec.Struct, frozen=True):
    """The shop's margin and costs, from which the value of a message follows, in minor units.

    Attributes
    ----------
    margin : float
        Share of a purchase's amount that the shop earns.
    cost : dict of str to float
        Cost of one message by channel, in minor units; a channel that is not listed costs
        nothing.
    fatigue : float
        The cost, in minor units, that each message of the last seven days adds to another one.
    """

    margin: float = 1.0
    cost: Mapping[str, float] = {}
    fatigue: float = 0.0

    @classmethod
    def of_shop(cls, shop: Shop) -> "MessageValue":
        """Read margin and costs from the section `[channels]` of a shop's `nextbuy.toml`."""
        channels, unit = shop.channels, 10**shop.minor_digits
        cost = {channel: unit * cost for channel, cost in channels.cost.items()}
        return cls(channels.margin, cost, unit * channels.fatigue)

    def expected_values(
        self, p: Mapping[str, Floats], spend: float, recent: Floats
    ) -> dict[str, Floats]:
        """Compute the value of every arm: margin x p x spend - cost - fatigue.

        Parameters
        ----------
        p : dict of str to array (..., rows)
            P(purchase within the window) by arm.
        spend : float
            Mean amount of those purchases, in minor units.
        recent : array (rows,)
            Each customer's number of messages in the last seven days.

        Returns
        -------
        dict of str to array (..., rows)
            Value in minor units by arm.
        """
        return {
            arm: self.margin * spend * chance - self.message_cost(arm, recent)
            for arm, chance in p.items()
        }

    def values_of_identified_arms(
        self, predictions: ChannelPredictions, inputs: Columns
    ) -> dict[str, Floats]:
        """Compute the value of each arm whose effect is identified.

        Parameters
        ----------
        predictions : ChannelPredictions
            The channel model's predictions for the customers.
        inputs : columns
            The features of the same customers, one row per customer.

        Returns
        -------
        dict of str to array (rows,)
            Value in minor units by identified arm.
        """
        model, p = predictions.model, predictions.p
        recent = self.recent_messages(inputs, len(predictions.score))
        return self.expected_values({arm: p[arm] for arm in model.identified}, model.spend, recent)

    def recent_messages(self, inputs: Columns, rows: int) -> Floats:
        """Read each customer's number of messages in the last seven days: array (rows,).

        Where fatigue costs nothing the feature is not read, and 0 is returned.
        """
        if self.fatigue == 0:
            return np.zeros(rows)
        return np.asarray(inputs[_RECENT_MESSAGES], dtype=float)

    def message_cost(self, arm: str, recent: Floats) -> Floats:
        """Compute cost plus fatigue of one message, in minor units: array (rows,); 0 for `none`."""
        if arm == NO_MESSAGE:
            return np.zeros(len(recent))
        return self.cost.get(arm, 0.0) + self.fatigue * np.nan_to_num(recent)
