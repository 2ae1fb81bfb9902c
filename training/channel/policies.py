"""Policies that are compared: who would have been sent what, by whom.

A policy that learns is given each customer by a model that has not seen them (cross-fitting), so
that its value on their decisions is no flattery. The best fixed arm learns too: it is the one
that the other folds would have picked.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.arrays import Flags, Floats, Indices
from models.arms import NO_MESSAGE
from models.channel.corrections import ChannelFit
from models.channel.fit import customer_folds
from models.channel.message_value import MessageValue, best_arms, first_arms
from models.channel.model import ChannelModel
from training.metrics.probabilities import OURS

BEST_FIXED, UNIFORM, NONE, OPEN_RATE = "best fixed", "uniform", "no message", "open-rate rule"
FOLDS = 5


@dataclass(frozen=True)
class CrossFittedPredictions:
    """What models say of customers whom they have not seen, a row per message.

    Attributes
    ----------
    arms : list of str
        In the order of the columns.
    p : array (n, K)
        P(purchase within the window) by arm.
    spend : array (n,)
        Mean amount of such a purchase.
    chosen, fixed : array (n,)
        The places of the arm that the model recommends and of the best fixed eligible arm.
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
    folds: int = FOLDS,
    seed: int = 0,
) -> CrossFittedPredictions:
    """Let models that have not seen a customer speak of each.

    Parameters
    ----------
    rows : DataFrame
        As `fit_channel` takes them.
    eligible : array (n, K)
        Which arms a message's customer could have been sent; arms are those of `rows`, sorted.
    default_order : sequence of str
        What is recommended while nothing has been drawn at random.
    """
    arms = arms_of(rows)
    fold = customer_folds(rows["customer_id"], folds, seed)
    found = CrossFittedPredictions(
        arms, np.zeros(eligible.shape), np.zeros(len(rows)), *np.zeros((2, len(rows)), dtype=int)
    )
    for place in range(folds):
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
    """Name the arms of a table of messages, sorted."""
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
    """Order arms by what they are worth to the mean customer."""
    rates = {arm: np.array([rate]) for arm, rate in model.mean_p.items()}
    values = worth.of(rates, model.spend, np.zeros(1))
    return sorted(rates, key=lambda arm: -float(values[arm][0]))


def make_policies(
    rows: pd.DataFrame, unseen: CrossFittedPredictions, eligible: Flags
) -> dict[str, Floats]:
    """Lay out the chances of every policy: arrays (n, K) by name."""
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
    """Give the customers' open rates by arm, -inf where there is none: array (n, K)."""
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
    """Choose as rivals do: the eligible channel whose messages the customer opens most."""
    allowed = np.where(eligible, rates, -np.inf)
    nobody = first_arms([], arms, eligible)
    return np.where(np.isfinite(allowed).any(axis=1), allowed.argmax(axis=1), nobody)


def one_hot(chosen: Indices, arms: int) -> Floats:
    """Give the chosen arm the chance 1: array (n, arms)."""
    return np.asarray(np.eye(arms)[chosen])
