"""Recommends one of the eligible arms to each customer, by the same rule in serving and training.

Where the channel model has the level `observational`, the first eligible arm of an order that is
the same for everybody is recommended, and `none` if the order has no eligible arm. At the other
levels the eligible arm of the highest value is recommended. Of arms with exactly the same value
the customer's preferred channel comes first, then `none`, since a message that earns nothing is
not sent, then the first one by name.
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

NO_COLUMN = -1  # stands for "no arm" where the column of an arm is expected


@dataclass(frozen=True)
class Options:
    """The arms that are eligible for each of n customers, and the channels that they prefer.

    Attributes
    ----------
    arms : list of str
        The K arms, in the order of the columns; `none` is one of them.
    eligible : bool array (n, K)
        Whether the arm is eligible for the customer; `none` is eligible for everybody.
    preferred : int array (n,)
        The column of the customer's preferred channel; -1 where there is none among the arms.

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
                f"the arms {', '.join(self.arms)}, and a customer without `{NO_MESSAGE}`",
                f"Give `{NO_MESSAGE}` a column, and mark it as eligible in every row.",
            )

    @classmethod
    def of(cls, arms: Sequence[str], eligible: Flags, preferred: Sequence[str | None]) -> "Options":
        """Make options from the names of the preferred channels.

        Parameters
        ----------
        preferred : sequence of str or None
            The name of each customer's preferred channel; None, or a name that is not among the
            arms, where there is no preference.
        """
        columns = {arm: column for column, arm in enumerate(arms)}
        preferred_columns = [
            NO_COLUMN if name is None else columns.get(name, NO_COLUMN) for name in preferred
        ]
        return cls(list(arms), eligible, np.array(preferred_columns, dtype=np.intp))

    @classmethod
    def unrestricted(cls, arms: Sequence[str], rows: int) -> "Options":
        """Make options of customers for whom every arm is eligible and who prefer no channel."""
        return cls.of(arms, np.ones((rows, len(arms)), dtype=bool), [None] * rows)

    @property
    def none(self) -> int:
        """The column of `none`."""
        return self.arms.index(NO_MESSAGE)

    def take(self, rows: Flags | Indices) -> "Options":
        """Return the options of some customers, selected by a mask or by row indexes."""
        return Options(self.arms, self.eligible[rows], self.preferred[rows])

    def without_preferences(self) -> "Options":
        """Return the same options, as of customers who prefer no channel."""
        return replace(self, preferred=np.full(len(self.preferred), NO_COLUMN))


def order_to_follow(model: ChannelModel, default_order: Sequence[str]) -> list[str] | None:
    """Return the order of arms that every recommendation follows; None where values decide.

    Parameters
    ----------
    default_order : sequence of str
        The order that the shop has set, which is followed as written, `none` included. Without
        one the channels follow in the order of the model, and `none` comes last: a rate that was
        not drawn at random must not recommend sending nothing to everybody.
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
        The result of `order_to_follow`. The first eligible arm of an order is recommended, and
        `none` if there is none; without an order the arm of the highest value.
    worth : dict of str to array (n,)
        The value of each arm whose effect is identified, in minor units. An arm without a value,
        or with the value -inf, is recommended neither over an arm with a value nor over `none`.
    options : Options
        The eligible arms of the n customers.

    Returns
    -------
    int array (n,)
        The column of the recommended arm.
    """
    if order is not None:
        return _first_arms(order, options)
    best = _best_arms(_values(worth, options), options)
    return np.where(best == NO_COLUMN, options.none, best)


def runner_up_arms(worth: Mapping[str, Floats], options: Options, recommended: Indices) -> Indices:
    """Choose the arm that would be recommended if the recommended one were not eligible.

    Parameters
    ----------
    worth : dict of str to array (n,)
        As in `recommend_arms`.
    recommended : int array (n,)
        The result of `recommend_arms`.

    Returns
    -------
    int array (n,)
        Its column; -1 where the recommended arm has no value or no other eligible arm has one.
    """
    values = _values(worth, options)
    rows = np.arange(len(recommended))
    is_known = values[rows, recommended] > -np.inf
    values[rows, recommended] = -np.inf
    return np.where(is_known, _best_arms(values, options), NO_COLUMN)


def best_shares(
    model: ChannelModel, worth: MessageValue, inputs: Columns, options: Options
) -> list[dict[str, float]]:
    """Compute how often each eligible arm has the highest value, for Thompson sampling.

    Parameters
    ----------
    worth : MessageValue
        The shop's margin and costs.
    inputs : columns
        The features that the model reads, one row per customer.

    Returns
    -------
    list of dict of str to float
        By customer, each arm's share of the draws of the posterior in which it has the highest
        value; shares sum to 1. `none` has the share 1 where no eligible arm is identified.
    """
    drawn = {
        arm: p
        for arm, p in model.compute_predictions(inputs).draw_posterior().items()
        if arm in model.identified
    }
    recent = worth.recent_messages(inputs, len(options.eligible))
    best = _best_arms(_values(worth.expected_values(drawn, model.spend, recent), options), options)
    columns = [column for column, arm in enumerate(options.arms) if arm in drawn]
    shares = {column: (best == column).mean(axis=0) for column in columns}
    return [
        {options.arms[c]: float(shares[c][row]) for c in columns if options.eligible[row, c]}
        or {NO_MESSAGE: 1.0}
        for row in range(len(options.eligible))
    ]


def tie_order(arms: Sequence[str], preferred: str | None) -> list[str]:
    """Sort arms in the order in which one is chosen among arms of the same value.

    >>> tie_order(["email", "none", "sms"], "sms")
    ['sms', 'none', 'email']
    """
    return sorted(arms, key=lambda arm: (arm != preferred, arm != NO_MESSAGE, arm))


def preferred_channel(attributes: TableColumns | None, as_of: int) -> str | None:
    """Return the channel that a customer prefers by the latest known statement; None without one.

    Parameters
    ----------
    attributes : columns or None
        The customer's rows of `attribute, value, known_at`.
    as_of : int
        Instant up to which rows are known, in microseconds since 1970-01-01 UTC.
    """
    return latest_attribute(attributes, "preferred_channel", as_of)


def latest_attribute(attributes: TableColumns | None, name: str, as_of: int) -> str | None:
    """Return the latest known value of a customer's attribute; None without one.

    Parameters
    ----------
    attributes : columns or None
        The customer's rows of `attribute, value, known_at`.
    name : str
        The attribute, a column of the table customers.
    as_of : int
        Instant up to which rows are known, in microseconds since 1970-01-01 UTC.
    """
    if attributes is None:
        return None
    rows = (attributes["attribute"] == name) & (attributes["known_at"] <= as_of)
    if not rows.any():
        return None
    known_at, values = attributes["known_at"][rows], attributes["value"][rows]
    latest = [value for value in values[known_at == known_at.max()] if value is not None]
    return max(latest, default=None)


def _first_arms(order: Sequence[str], options: Options) -> Indices:
    """Choose the column of the first eligible arm of an order; that of `none` if none is."""
    followed = [arm for arm in dict.fromkeys([*order, NO_MESSAGE]) if arm in options.arms]
    columns = np.array([options.arms.index(arm) for arm in followed])
    return np.asarray(columns[options.eligible[:, columns].argmax(axis=1)])


def _values(worth: Mapping[str, Floats], options: Options) -> Floats:
    """Put values into an array (..., n, K), -inf where an arm is not eligible or has no value."""
    shape = next((values.shape for values in worth.values()), options.preferred.shape)
    unknown = np.full(shape, -np.inf)
    values = np.stack([worth.get(arm, unknown) for arm in options.arms], axis=-1)
    return np.where(options.eligible, values, -np.inf)


def _best_arms(values: Floats, options: Options) -> Indices:
    """Choose the column of the highest value in an array (..., n, K); -1 where all are -inf."""
    ranks = {arm: rank for rank, arm in enumerate(tie_order(options.arms, None))}
    rank = np.tile([ranks[arm] for arm in options.arms], (len(options.eligible), 1))
    stated = np.flatnonzero(options.preferred != NO_COLUMN)
    rank[stated, options.preferred[stated]] = -1
    highest = (values == values.max(axis=-1, keepdims=True)) & (values > -np.inf)
    best = np.where(highest, rank, len(options.arms)).argmin(axis=-1)
    return np.where(highest.any(axis=-1), best, NO_COLUMN)
