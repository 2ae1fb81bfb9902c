"""Compared contact policies: which arm each of them would have given to each decision.

A policy that learns meets each customer with a model fitted without that customer
(cross-fitting), so that its estimated value is not flattered. The best fixed arm learns too: it is
the one that the other folds would have picked.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.arrays import Flags, Floats, Indices
from models.arms import NO_MESSAGE
from models.channel.fit import customer_folds
from models.channel.message_value import MessageValue, best_arms, first_arms
from models.channel.model import ChannelModel
from training.metrics.probabilities import OURS

ChannelFit = Callable[[pd.DataFrame], ChannelModel]

BEST_FIXED, UNIFORM, NONE, OPEN_RATE = "best fixed", "uniform", "no message", "open-rate rule"
FOLDS = 5


@dataclass(frozen=True)
class CustomerFolds:
    """A random split of customers into parts, all rows of a customer in the same part.

    Attributes
    ----------
    count : int
        Number of parts.
    seed : int
        Seed of the split.
    """

    count: int = FOLDS
    seed: int = 0

    def assign(self, customers: "pd.Series[str]") -> Indices:
        """Assign the customer of each row to a part.

        Parameters
        ----------
        customers : Series (n,)
            Customer ids, one per row.

        Returns
        -------
        int array (n,)
            Number of the part, 0..count-1.
        """
        return np.asarray(customer_folds(customers, self.count, self.seed))


@dataclass(frozen=True)
class CrossFittedPredictions:
    """Predictions for each message by models that were fitted without its customer.

    Attributes
    ----------
    arms : list of str
        Names of the K arms, in the order of the columns.
    p : array (n, K)
        P(purchase within the window) by arm, a row per message.
    spend : array (n,)
        Mean amount of such a purchase, minor units.
    chosen, fixed : int array (n,)
        Column of the arm that the model recommends, and of the best fixed eligible arm.
    """

    arms: list[str]
    p: Floats
    spend: Floats
    chosen: Indices
    fixed: Indices


def cross_fit(
    rows: pd.DataFrame,
    fit: ChannelFit,
    eligible: Flags,
    worth: MessageValue,
    default_order: Sequence[str] = (),
    *,
    folds: CustomerFolds = CustomerFolds(),
) -> CrossFittedPredictions:
    """Predict for each message with a model that was fitted without its customer.

    Parameters
    ----------
    rows : DataFrame
        One row per message (n rows), as `fit_channel` takes them.
    fit : callable
        Rows -> channel model.
    eligible : bool array (n, K)
        Which arms a message's customer could have been sent; arms are those of `rows`, sorted.
    worth : MessageValue
        What the shop earns by a purchase and pays for a message, minor units.
    default_order : sequence of str
        Order of arms that is recommended while nothing has been drawn at random.
    folds : CustomerFolds
        The parts of the customers; one model is fitted for each.

    Returns
    -------
    CrossFittedPredictions
        Row by row with `rows`.
    """
    arms = arms_of(rows)
    fold = folds.assign(rows["customer_id"])
    found = CrossFittedPredictions(
        arms, np.zeros(eligible.shape), np.zeros(len(rows)), *np.zeros((2, len(rows)), dtype=int)
    )
    for place in range(folds.count):
        out = np.flatnonzero(fold == place)
        model = fit(rows[fold != place])
        left_out = rows.iloc[out]
        p = model.predict(left_out)
        found.p[out] = np.column_stack([p.get(arm, np.zeros(len(out))) for arm in arms])
        found.spend[out] = model.spend
        found.fixed[out] = first_arms(_order(model, worth), arms, eligible[out])
        found.chosen[out] = recommend_all(
            model, left_out, arms, eligible[out], worth, default_order
        )
    return found


def arms_of(rows: pd.DataFrame) -> list[str]:
    """List the arms of a table of messages, sorted by name.

    Parameters
    ----------
    rows : DataFrame
        One row per message, with `channel`.

    Returns
    -------
    list of str
        Each channel that occurs, `none` included, once.
    """
    return sorted(rows["channel"].unique())


def recommend_all(
    model: ChannelModel,
    rows: pd.DataFrame,
    arms: Sequence[str],
    eligible: Flags,
    worth: MessageValue,
    default_order: Sequence[str] = (),
) -> Indices:
    """Recommend as the service would: the place in `arms` per row."""
    if model.level == "observational":
        return first_arms(default_order or model.fixed_order, arms, eligible)
    p = {arm: values for arm, values in model.predict(rows).items() if arm in model.identified}
    return best_arms(worth.of(p, model.spend, worth.recent(rows, len(rows))), arms, eligible)


def _order(model: ChannelModel, worth: MessageValue) -> list[str]:
    """Order arms by what they are worth to the mean customer, the best first."""
    rates = {arm: np.array([rate]) for arm, rate in model.mean_p.items()}
    values = worth.of(rates, model.spend, np.zeros(1))
    return sorted(rates, key=lambda arm: -float(values[arm][0]))


def make_policies(
    rows: pd.DataFrame, unseen: CrossFittedPredictions, eligible: Flags
) -> dict[str, Floats]:
    """Make the compared policies: each gives every decision a chance per arm.

    Parameters
    ----------
    rows : DataFrame
        One row per decision (n rows); the open rates by channel are read where they are columns.
    unseen : CrossFittedPredictions
        Row by row with `rows`.
    eligible : bool array (n, K)
        Which arms each decision's customer could have been sent.

    Returns
    -------
    dict of str to array (n, K)
        Chances by the policy's name; each row sums to 1.
    """
    arms = unseen.arms
    policies = {
        OURS: one_hot(unseen.chosen, len(arms)),
        BEST_FIXED: one_hot(unseen.fixed, len(arms)),
        UNIFORM: eligible / eligible.sum(axis=1, keepdims=True),
    }
    rates = _open_rates(rows, arms)
    if np.isfinite(rates).any():
        policies[OPEN_RATE] = one_hot(_most_opened(rates, arms, eligible), len(arms))
    if NO_MESSAGE in arms:
        policies[NONE] = one_hot(np.full(len(rows), arms.index(NO_MESSAGE)), len(arms))
    return policies


def _open_rates(rows: pd.DataFrame, arms: Sequence[str]) -> Floats:
    """Return the customers' open rates by arm, -inf where there is none: array (n, K)."""
    columns = [f"{arm}_open_rate_182d" for arm in arms]
    return np.column_stack(
        [
            rows[c].fillna(-np.inf).to_numpy(dtype=float)
            if c in rows
            else np.full(len(rows), -np.inf)
            for c in columns
        ]
    )


def _most_opened(rates: Floats, arms: Sequence[str], eligible: Flags) -> Indices:
    """Choose as rival products do: the eligible channel whose messages the customer opens most."""
    allowed = np.where(eligible, rates, -np.inf)
    nobody = first_arms([], arms, eligible)
    return np.where(np.isfinite(allowed).any(axis=1), allowed.argmax(axis=1), nobody)


def one_hot(chosen: Indices, arms: int) -> Floats:
    """Turn chosen arms into chances: 1 for the chosen arm, 0 for the others.

    Parameters
    ----------
    chosen : int array (n,)
        Column of the chosen arm of each decision.
    arms : int
        Number of arms, K.

    Returns
    -------
    array (n, K)
    """
    return np.asarray(np.eye(arms)[chosen])
