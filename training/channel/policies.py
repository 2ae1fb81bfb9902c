"""Policies that are compared: who would have been sent what, by whom.

A policy that learns is given each customer by a model that has not seen them (cross-fitting), so
that its value on their decisions is no flattery. The best fixed arm learns too: it is the one
that the other folds would have picked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

from features.arrays import Floats, Indices
from models.arms import NO_MESSAGE, arms_with_none
from models.channel.corrections import ChannelFit
from models.channel.fit import customer_folds
from models.channel.message_value import MessageValue
from models.channel.model import ChannelModel
from models.channel.recommend import Options, order_to_follow, recommend_arms
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
        P(purchase within the window) by arm; that without a message for an arm that the model
        does not know.
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
    options: Options,
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
    options : Options
        What the customer of each message could have been sent, and preferred.
    default_order : sequence of str
        What is recommended while nothing has been drawn at random.
    """
    arms = options.arms
    fold = customer_folds(rows["customer_id"], folds, seed)
    found = CrossFittedPredictions(
        arms,
        np.zeros(options.eligible.shape),
        np.zeros(len(rows)),
        *np.zeros((2, len(rows)), dtype=int),
    )
    for place in range(folds):
        out = np.flatnonzero(fold == place)
        model = fit(rows[fold != place])
        left_out, of_left_out = rows.iloc[out], options.take(out)
        found.p[out] = predict_arms(model, left_out, arms)
        found.spend[out] = model.spend
        found.fixed[out] = _best_fixed(model, worth, of_left_out)
        found.chosen[out] = recommend_all(model, left_out, of_left_out, worth, default_order)
    return found


def predict_arms(model: ChannelModel, rows: pd.DataFrame, arms: Sequence[str]) -> Floats:
    """Predict P(purchase within the window) by arm: array (n, K).

    An arm that the model does not know is predicted as no message.
    """
    reading = model.read(rows)
    p, without = reading.p, expit(reading.score)
    return np.column_stack([p.get(arm, without) for arm in arms])


def arms_of(rows: pd.DataFrame) -> list[str]:
    """Name the arms that the customers of a table of messages may be recommended, sorted.

    No message is one of them although nobody was logged with it: the service recommends it, too.
    """
    return arms_with_none(rows["channel"].unique())


def recommend_all(
    model: ChannelModel,
    rows: pd.DataFrame,
    options: Options,
    worth: MessageValue,
    default_order: Sequence[str] = (),
) -> Indices:
    """Recommend as the service does: the column of `options` per row."""
    values = worth.of_identified(model.read(rows), rows)
    return recommend_arms(order_to_follow(model, default_order), values, options)


def _best_fixed(model: ChannelModel, worth: MessageValue, options: Options) -> Indices:
    """Choose the eligible arm that is worth most to the mean customer, whoever the customer is."""
    rates = {arm: np.array([rate]) for arm, rate in model.mean_p.items()}
    mean = worth.of(rates, model.spend, np.zeros(1))
    values = {arm: value.repeat(len(options.eligible)) for arm, value in mean.items()}
    return recommend_arms(None, values, options.without_preferences())


def make_policies(
    rows: pd.DataFrame, unseen: CrossFittedPredictions, options: Options
) -> dict[str, Floats]:
    """Lay out the chances of every policy: arrays (n, K) by name.

    What was never sent cannot be valued: the uniform policy draws among the arms of `rows`, and
    sending nobody a message is a policy only where some were logged without one.
    """
    arms = unseen.arms
    drawn_from = options.eligible & np.isin(arms, rows["channel"].unique())
    policies = {
        OURS: one_hot(unseen.chosen, len(arms)),
        BEST_FIXED: one_hot(unseen.fixed, len(arms)),
        UNIFORM: drawn_from / drawn_from.sum(axis=1, keepdims=True),
    }
    rates = _open_rates(rows, arms)
    if any(np.isfinite(of_arm).any() for of_arm in rates.values()):
        policies[OPEN_RATE] = one_hot(_most_opened(rates, options), len(arms))
    if (rows["channel"] == NO_MESSAGE).any():
        policies[NONE] = one_hot(np.full(len(rows), options.none), len(arms))
    return policies


def _open_rates(rows: pd.DataFrame, arms: Sequence[str]) -> dict[str, Floats]:
    """Give the customers' open rates of the arms that have one, -inf where it is missing."""
    columns = {arm: f"{arm}_open_rate_182d" for arm in arms}
    return {
        arm: rows[column].fillna(-np.inf).to_numpy(dtype=float)
        for arm, column in columns.items()
        if column in rows
    }


def _most_opened(rates: Mapping[str, Floats], options: Options) -> Indices:
    """Choose as rivals do: the eligible channel whose messages the customer opens most."""
    return recommend_arms(None, rates, options.without_preferences())


def one_hot(chosen: Indices, arms: int) -> Floats:
    """Give the chosen arm the chance 1: array (n, arms)."""
    return np.asarray(np.eye(arms)[chosen])
