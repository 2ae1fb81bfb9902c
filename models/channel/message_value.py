"""The choice of an arm: what a message is expected to earn, less what it costs."""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from features.arrays import Floats, Indices
from features.shop.shop import Shop
from models.arms import NO_MESSAGE
from models.boosters.booster import Columns
from models.channel.model import ChannelModel

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


def best_arms(
    worth: Mapping[str, Floats], arms: Sequence[str], eligible: NDArray[np.bool_]
) -> Indices:
    """Choose the eligible arm that is worth most: the place in `arms` per row.

    Parameters
    ----------
    eligible : array (rows, arms)
        At least one per row. An arm without a worth is never chosen over one that has it, and
        over no message neither.
    """
    rows = len(eligible)
    unknown = {arm: np.full(rows, -1e299 if arm == NO_MESSAGE else -1e300) for arm in arms}
    values = np.column_stack([worth.get(arm, unknown[arm]) for arm in arms])
    return np.asarray(np.where(eligible, values, -np.inf).argmax(axis=1))


def best_shares(
    model: ChannelModel, worth: MessageValue, inputs: Columns, eligible: Sequence[set[str]]
) -> list[dict[str, float]]:
    """Count in how many draws of the posterior each eligible arm is worth most, for Thompson.

    Parameters
    ----------
    eligible : sequence of set of str
        Of each row.

    Returns
    -------
    list of dict of str to float
        Shares by arm that sum to 1; `none` alone where no effect of an eligible arm is known.
    """
    drawn = {arm: p for arm, p in model.read(inputs).draw().items() if arm in model.identified}
    values = worth.of(drawn, model.spend, worth.recent(inputs, len(eligible)))
    return [_shares(values, row, arms) for row, arms in enumerate(eligible)]


def _shares(values: Mapping[str, Floats], row: int, eligible: set[str]) -> dict[str, float]:
    arms = [arm for arm in values if arm in eligible]
    if not arms:
        return {NO_MESSAGE: 1.0}
    best = np.column_stack([values[arm][:, row] for arm in arms]).argmax(axis=1)
    counts = np.bincount(best, minlength=len(arms))
    return {arm: float(n / len(best)) for arm, n in zip(arms, counts, strict=True)}


def first_arms(order: Sequence[str], arms: Sequence[str], eligible: NDArray[np.bool_]) -> Indices:
    """Choose the first eligible arm of an order, the same for everybody; `none` if none is."""
    ranks = {arm: place for place, arm in enumerate(order)}
    after = {NO_MESSAGE: len(order)}
    rank = np.array([ranks.get(arm, after.get(arm, len(order) + 1)) for arm in arms])
    return np.asarray(np.where(eligible, rank, len(order) + 2).argmin(axis=1))
