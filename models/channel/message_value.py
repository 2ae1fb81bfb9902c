"""The worth of a message: what it is expected to earn, less what it costs."""

from collections.abc import Mapping

import msgspec
import numpy as np

from features.arrays import Floats
from features.shop.shop import Shop
from models.arms import NO_MESSAGE
from models.boosters.booster import Columns
from models.channel.model import ChannelPredictions

_RECENT = "messages_count_7d"


class MessageValue(msgspec.Struct, frozen=True):
    """What the shop earns and pays; money in minor units.

    Attributes
    ----------
    margin : float
        Share of an amount that is earned.
    cost : dict of str to float
        Of one message, by channel; a channel without one costs nothing.
    fatigue : float
        What each message of the last seven days takes off the worth of one more.
    """

    margin: float = 1.0
    cost: Mapping[str, float] = {}
    fatigue: float = 0.0

    @classmethod
    def of_shop(cls, shop: Shop) -> "MessageValue":
        """Take over what `[channels]` of `nextbuy.toml` says."""
        channels, unit = shop.channels, 10**shop.minor_digits
        cost = {channel: unit * cost for channel, cost in channels.cost.items()}
        return cls(channels.margin, cost, unit * channels.fatigue)

    def of(self, p: Mapping[str, Floats], spend: float, recent: Floats) -> dict[str, Floats]:
        """Give margin x p x spend - cost - fatigue of every arm.

        Parameters
        ----------
        p : arm -> array (rows,)
            P(purchase within the window).
        spend : float
            Mean amount of those purchases.
        recent : array (rows,)
            Messages of the last seven days.
        """
        return {
            arm: self.margin * spend * chance - self.price(arm, recent) for arm, chance in p.items()
        }

    def of_identified(self, reading: ChannelPredictions, inputs: Columns) -> dict[str, Floats]:
        """Give what each arm is expected to earn, per row, of those whose effect is identified.

        Parameters
        ----------
        inputs : columns
            What `reading` was read from.
        """
        model, p = reading.model, reading.p
        recent = self.recent(inputs, len(reading.score))
        return self.of({arm: p[arm] for arm in model.identified}, model.spend, recent)

    def recent(self, inputs: Columns, rows: int) -> Floats:
        """Read each row's messages of the last seven days, where they take anything off."""
        if self.fatigue == 0:
            return np.zeros(rows)
        return np.asarray(inputs[_RECENT], dtype=float)

    def price(self, arm: str, recent: Floats) -> Floats:
        """Give cost and fatigue of a message; none has neither."""
        if arm == NO_MESSAGE:
            return np.zeros(len(recent))
        return self.cost.get(arm, 0.0) + self.fatigue * np.nan_to_num(recent)
