"""Policy: which of the eligible arms is recommended, by one rule for the service and the study.

Where the data identify no effect (`observational`), the first eligible arm of an order is
recommended, and `none` where the order has none. Where they do, the eligible arm that is worth
most is. Of arms that are worth exactly the same the preferred channel of the customer comes
first, then `none`, since a message that earns nothing is not sent, then the first by name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from features.arrays import Flags, Floats, Indices, TableColumns
from features.errors import refuse
from models.arms import NO_MESSAGE
from models.boosters.booster import Columns
from models.channel.message_value import MessageValue
from models.channel.model import ChannelModel

UNKNOWN = -1  # in place of a column: no arm


@dataclass(frozen=True)
class Options:
    """What could be sent to each of n customers, and what each of them prefers.

    Attributes
    ----------
    arms : list of str
        In the order of the K columns; `none` is one of them.
    eligible : array (n, K)
        Whether the customer may be sent the arm; `none` is eligible for everybody.
    preferred : array (n,)
        The column of the channel that the customer prefers; -1 where it is none of the arms.

    Raises
    ------
    InputError
        `none` is missing, or is not eligible for everybody.
    """

    arms: list[str]
    eligible: Flags
    preferred: Indices

    def __post_init__(self) -> None:
        if NO_MESSAGE not in self.arms or not self.eligible[:, self.none].all():
            raise refuse(
                "eligible",
                f"`{NO_MESSAGE}` among the arms, and eligible for everybody",
                f"the arms {', '.join(self.arms)}, and somebody without `{NO_MESSAGE}`",
                f"Give `{NO_MESSAGE}` a column, and mark it as eligible in every row.",
            )

    @classmethod
    def of(cls, arms: Sequence[str], eligible: Flags, preferred: Sequence[str | None]) -> "Options":
        """Look up the preferred channels, one name or None per row, among the arms."""
        columns = {arm: column for column, arm in enumerate(arms)}
        places = [UNKNOWN if name is None else columns.get(name, UNKNOWN) for name in preferred]
        return cls(list(arms), eligible, np.array(places, dtype=np.intp))

    @classmethod
    def unrestricted(cls, arms: Sequence[str], rows: int) -> "Options":
        """Give as many rows in which every arm is eligible and no channel is preferred."""
        return cls.of(arms, np.ones((rows, len(arms)), dtype=bool), [None] * rows)

    @property
    def none(self) -> int:
        """The column of `none`."""
        return self.arms.index(NO_MESSAGE)

    def take(self, rows: Flags | Indices) -> "Options":
        """Keep some of the rows, given by a mask or by their indexes."""
        return Options(self.arms, self.eligible[rows], self.preferred[rows])

    def without_preferences(self) -> "Options":
        """Give the same options to customers who prefer nothing."""
        return replace(self, preferred=np.full(len(self.preferred), UNKNOWN))


def order_to_follow(model: ChannelModel, default_order: Sequence[str]) -> list[str] | None:
    """Give the order of arms that everybody's recommendation follows; None where worth decides.

    Parameters
    ----------
    default_order : sequence of str
        The shop's own, which is followed as written, `none` included. Without one the model's
        order is followed with `none` last: a rate that nobody drew at random may not recommend
        silence to everybody.
    """
    if model.level != "observational":
        return None
    return list(default_order) or [arm for arm in model.fixed_order if arm != NO_MESSAGE]


def recommend_arms(
    order: Sequence[str] | None, worth: Mapping[str, Floats], options: Options
) -> Indices:
    """Recommend an eligible arm to each customer.

    Parameters
    ----------
    order : sequence of str or None
        As `order_to_follow` gives it: the first eligible arm is recommended, and `none` where
        the order has none. None recommends the arm that is worth most.
    worth : arm -> array (n,)
        What each arm is expected to earn, of those whose effect is identified. An arm without a
        worth, or with one of -inf, is never recommended over one with it, nor over `none`.

    Returns
    -------
    array (n,)
        The column of the recommended arm.
    """
    if order is not None:
        return _first_arms(order, options)
    best = _best_arms(_values(worth, options), options)
    return np.where(best == UNKNOWN, options.none, best)


def second_arms(worth: Mapping[str, Floats], options: Options, recommended: Indices) -> Indices:
    """Name the arm that would be recommended if the recommended one were not eligible.

    Returns
    -------
    array (n,)
        Its column; -1 where the recommended arm has no worth or no other eligible arm has one.
    """
    values = _values(worth, options)
    rows = np.arange(len(recommended))
    is_known = values[rows, recommended] > -np.inf
    values[rows, recommended] = -np.inf
    return np.where(is_known, _best_arms(values, options), UNKNOWN)


def best_shares(
    model: ChannelModel, worth: MessageValue, inputs: Columns, options: Options
) -> list[dict[str, float]]:
    """Count in how many draws of the posterior each eligible arm is worth most, for Thompson.

    Returns
    -------
    list of dict of str to float
        Per row the shares by arm, which sum to 1; `none` alone where no effect of an eligible
        arm is known.
    """
    drawn = {arm: p for arm, p in model.read(inputs).draw().items() if arm in model.identified}
    recent = worth.recent(inputs, len(options.eligible))
    best = _best_arms(_values(worth.of(drawn, model.spend, recent), options), options)
    columns = [column for column, arm in enumerate(options.arms) if arm in drawn]
    shares = {column: (best == column).mean(axis=0) for column in columns}
    return [
        {options.arms[c]: float(shares[c][row]) for c in columns if options.eligible[row, c]}
        or {NO_MESSAGE: 1.0}
        for row in range(len(options.eligible))
    ]


def tie_order(arms: Sequence[str], preferred: str | None) -> list[str]:
    """Sort arms as they are chosen among when they are worth the same.

    >>> tie_order(["email", "none", "sms"], "sms")
    ['sms', 'none', 'email']
    """
    return sorted(arms, key=lambda arm: (arm != preferred, arm != NO_MESSAGE, arm))


def preferred_channel(attributes: TableColumns | None, as_of: int) -> str | None:
    """Give the channel that the customer's latest known row names; None if it names none."""
    if attributes is None:
        return None
    rows = (attributes["attribute"] == "preferred_channel") & (attributes["known_at"] <= as_of)
    if not rows.any():
        return None
    known_at, named = attributes["known_at"][rows], attributes["value"][rows]
    latest = [name for name in named[known_at == known_at.max()] if name is not None]
    return max(latest, default=None)


def _first_arms(order: Sequence[str], options: Options) -> Indices:
    """Choose the first eligible arm of an order; `none` if none is."""
    followed = [arm for arm in dict.fromkeys([*order, NO_MESSAGE]) if arm in options.arms]
    columns = np.array([options.arms.index(arm) for arm in followed])
    return np.asarray(columns[options.eligible[:, columns].argmax(axis=1)])


def _values(worth: Mapping[str, Floats], options: Options) -> Floats:
    """Lay out worth as an array (..., n, K), -inf where an arm is not eligible or not known."""
    shape = next((values.shape for values in worth.values()), options.preferred.shape)
    unknown = np.full(shape, -np.inf)
    values = np.stack([worth.get(arm, unknown) for arm in options.arms], axis=-1)
    return np.where(options.eligible, values, -np.inf)


def _best_arms(values: Floats, options: Options) -> Indices:
    """Choose the column of the highest value in an array (..., n, K); -1 where all are -inf."""
    ranks = {arm: rank for rank, arm in enumerate(tie_order(options.arms, None))}
    rank = np.tile([ranks[arm] for arm in options.arms], (len(options.eligible), 1))
    stated = np.flatnonzero(options.preferred != UNKNOWN)
    rank[stated, options.preferred[stated]] = -1
    highest = (values == values.max(axis=-1, keepdims=True)) & (values > -np.inf)
    best = np.where(highest, rank, len(options.arms)).argmin(axis=-1)
    return np.where(highest.any(axis=-1), best, UNKNOWN)
