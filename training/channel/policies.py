"""Compared contact policies: which arm each of them would have given to each decision.

A policy that learns meets each customer with a model fitted without that customer's cluster
(cross-fitting), so that its estimated value is not flattered. The best fixed arm learns too: it is
the one that the other folds would have picked. Where arms are worth about the same, the folds pick
different ones, each of them the one that does badly in the fold at hand; the arm that all folds
together hold best is therefore a second reference, which luck can only favour.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

from features.arrays import Floats, Indices
from models.arms import arms_with_none
from models.channel.channel_fit import cluster_folds
from models.channel.draws import CLUSTER
from models.channel.effects.effect_corrections import ChannelFit
from models.channel.message_value import MessageValue
from models.channel.model import ChannelModel
from models.channel.recommend import Options, order_to_follow, recommend_arms
from training.metrics.probabilities import OURS

BEST_FIXED, UNIFORM, NONE, OPEN_RATE = "best fixed", "uniform", "no message", "open-rate rule"
FOLDS = 5


@dataclass(frozen=True)
class ClusterFolds:
    """A random split of clusters into parts, all rows of a cluster in the same part.

    A cluster is a customer, or a group of customers who are drawn together.

    Attributes
    ----------
    count : int
        Number of parts.
    seed : int
        Seed of the split.
    """

    count: int = FOLDS
    seed: int = 0

    def assign(self, cluster: "pd.Series[str]") -> Indices:
        """Assign the cluster of each row to a part.

        Parameters
        ----------
        cluster : Series (n,)
            The cluster of each row.

        Returns
        -------
        int array (n,)
            Number of the part, 0..count-1.
        """
        return np.asarray(cluster_folds(cluster, self.count, self.seed))


@dataclass(frozen=True)
class CrossFittedPredictions:
    """Predictions for each message by models that were fitted without its cluster.

    Attributes
    ----------
    arms : list of str
        Names of the K arms, in the order of the columns.
    p : array (n, K)
        P(purchase within the window) by arm, a row per message; that without a message for an arm
        that the model does not know.
    spend : array (n,)
        Mean amount of such a purchase, minor units.
    chosen, fixed : int array (n,)
        Column of the arm that the model recommends, and of the best fixed eligible arm.
    fixed_in_hindsight : int array (n,)
        Column of the eligible arm that all models together hold best for everybody.
    """

    arms: list[str]
    p: Floats
    spend: Floats
    chosen: Indices
    fixed: Indices
    fixed_in_hindsight: Indices


def cross_fit(
    rows: pd.DataFrame,
    fit: ChannelFit,
    options: Options,
    worth: MessageValue,
    default_order: Sequence[str] = (),
    *,
    folds: ClusterFolds = ClusterFolds(),
) -> CrossFittedPredictions:
    """Predict for each message with a model that was fitted without its cluster.

    Parameters
    ----------
    rows : DataFrame
        One row per message (n rows), as `fit_channel` takes them.
    fit : callable
        Rows -> channel model.
    options : Options
        What the customer of each message could have been sent, and preferred.
    worth : MessageValue
        What the shop earns by a purchase and pays for a message, minor units.
    default_order : sequence of str
        Order of arms that is recommended while nothing has been drawn at random.
    folds : ClusterFolds
        The parts of the clusters; one model is fitted for each.

    Returns
    -------
    CrossFittedPredictions
        Row by row with `rows`.
    """
    arms = options.arms
    fold = folds.assign(rows[CLUSTER])
    unseen = CrossFittedPredictions(
        arms,
        np.zeros(options.eligible.shape),
        np.zeros(len(rows)),
        *np.zeros((3, len(rows)), dtype=int),
    )
    fixed_values: list[dict[str, float]] = []
    for part in range(folds.count):
        out = np.flatnonzero(fold == part)
        model = fit(rows[fold != part])
        left_out, of_left_out = rows.iloc[out], options.take(out)
        unseen.p[out] = predict_arms(model, left_out, arms)
        unseen.spend[out] = model.spend
        fixed_values.append(_fixed_values(model, worth))
        unseen.fixed[out] = _best_fixed(fixed_values[-1], of_left_out)
        unseen.chosen[out] = recommend_all(model, left_out, of_left_out, worth, default_order)
    unseen.fixed_in_hindsight[:] = _best_fixed(_mean_values(fixed_values), options)
    return unseen


def predict_arms(model: ChannelModel, rows: pd.DataFrame, arms: Sequence[str]) -> Floats:
    """Predict the probability of a purchase within the window under each arm.

    Parameters
    ----------
    model : ChannelModel
        A fitted channel model.
    rows : DataFrame
        One row per message (n rows), with the model's inputs.
    arms : sequence of str
        Names of the K arms; one that the model does not know is predicted as no message.

    Returns
    -------
    array (n, K)
        Probabilities, 0..1.
    """
    reading = model.compute_predictions(rows)
    p, without = reading.p, expit(reading.score)
    return np.column_stack([p.get(arm, without) for arm in arms])


def arms_of(rows: pd.DataFrame) -> list[str]:
    """List the arms that the customers of a table of messages may be recommended, sorted by name.

    `none` is one of them even if nobody was logged with it, because the service recommends it too.

    Parameters
    ----------
    rows : DataFrame
        One row per message, with `channel`.

    Returns
    -------
    list of str
    """
    return arms_with_none(rows["channel"].unique())


def recommend_all(
    model: ChannelModel,
    rows: pd.DataFrame,
    options: Options,
    worth: MessageValue,
    default_order: Sequence[str] = (),
) -> Indices:
    """Recommend an arm for each row, as the service does.

    Parameters
    ----------
    model : ChannelModel
        A fitted channel model.
    rows : DataFrame
        One row per customer or message (n rows), with the model's inputs.
    options : Options
        What each of them can be sent, and prefers.
    worth : MessageValue
        What the shop earns by a purchase and pays for a message, minor units.
    default_order : sequence of str
        Order of arms that is followed while nothing has been drawn at random.

    Returns
    -------
    int array (n,)
        Column of the recommended arm in `options`.
    """
    values = worth.values_of_identified_arms(model.compute_predictions(rows), rows)
    return recommend_arms(order_to_follow(model, default_order), values, options)


def _fixed_values(model: ChannelModel, worth: MessageValue) -> dict[str, float]:
    """Return what each arm is worth to the mean customer."""
    rates = {arm: np.array([rate]) for arm, rate in model.mean_p.items()}
    values = worth.expected_values(rates, model.spend, np.zeros(1))
    return {arm: float(value[0]) for arm, value in values.items()}


def _mean_values(by_model: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Average the worth of each arm over the models that know it."""
    arms = {arm for values in by_model for arm in values}
    return {arm: float(np.mean([v[arm] for v in by_model if arm in v])) for arm in sorted(arms)}


def _best_fixed(values: Mapping[str, float], options: Options) -> Indices:
    """Choose the eligible arm that is worth most, the same for everybody."""
    everybody = {arm: np.full(len(options.eligible), value) for arm, value in values.items()}
    return recommend_arms(None, everybody, options.without_preferences())


def make_policies(
    rows: pd.DataFrame, unseen: CrossFittedPredictions, options: Options
) -> dict[str, Floats]:
    """Make the compared policies: each gives every decision a chance per arm.

    What was never sent cannot be valued: the uniform policy draws among the arms of `rows`. The
    other policies may give arms that nobody was sent; their value is then not known, and the study
    says so.

    Parameters
    ----------
    rows : DataFrame
        One row per decision (n rows); the open rates by channel are read where they are columns.
    unseen : CrossFittedPredictions
        Row by row with `rows`.
    options : Options
        What each decision's customer could have been sent.

    Returns
    -------
    dict of str to array (n, K)
        Chances by the policy's name; each row sums to 1.
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
    policies[NONE] = one_hot(np.full(len(rows), options.none), len(arms))
    return policies


def _open_rates(rows: pd.DataFrame, arms: Sequence[str]) -> dict[str, Floats]:
    """Return the customers' open rates of the arms that have one, -inf where it is missing."""
    columns = {arm: f"{arm}_open_rate_182d" for arm in arms}
    return {
        arm: rows[column].fillna(-np.inf).to_numpy(dtype=float)
        for arm, column in columns.items()
        if column in rows
    }


def _most_opened(rates: Mapping[str, Floats], options: Options) -> Indices:
    """Choose as rival products do: the eligible channel whose messages the customer opens most."""
    return recommend_arms(None, rates, options.without_preferences())


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
