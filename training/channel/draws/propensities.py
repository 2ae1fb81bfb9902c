"""Estimates propensities that were not logged, and how sensitive a result is to hidden reasons.

An estimate from the features assumes that nothing else decided who was sent what. Something else
always did: values that rest on such propensities are confounded, and are reported as such.
"""

import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import brentq
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from threadpoolctl import threadpool_limits

from features.arrays import Floats
from models.channel.channel_fit import cluster_folds
from models.channel.draws import CLUSTER
from training.channel.logged_decisions import LoggedDecisions

_LEAST = 0.01
_LARGEST_ODDS = 100.0
# Hundreds of features cost more and tell channels apart worse on other customers: the
# ones that differ most between the channels are read, within so many standard deviations.
_FEATURES, _REACH = 100, 3.0


def estimate_propensities(
    rows: pd.DataFrame, columns: Sequence[str], folds: int, seed: int
) -> Floats:
    """Estimate the chance with which each message's arm was sent.

    A multinomial logistic regression on the 100 of `columns` whose means differ most between the
    channels (F statistic), standardised and cut at 3 standard deviations; chosen and fitted without
    the message's cluster. No chance is taken for less than .01.

    Parameters
    ----------
    rows : DataFrame
        One row per message (n rows), with `channel`, `models.channel.draws.CLUSTER` and `columns`.
    columns : sequence of str
        Numeric features to estimate from; null is replaced by the median.
    folds : int
        Parts that the clusters are split into.
    seed : int
        Seed of the split.

    Returns
    -------
    array (n,)
        Chance of the arm that was sent, .01..1.
    """
    fold = cluster_folds(rows[CLUSTER], folds, seed)
    inputs = rows[list(columns)].fillna(rows[list(columns)].median()).fillna(0.0)
    propensity = np.empty(len(rows))
    for part in range(folds):
        out = fold == part
        channels = pd.Index(rows["channel"][out])
        propensity[out] = _predict_sent(inputs[~out], rows["channel"][~out], inputs[out], channels)
    return np.clip(propensity, _LEAST, 1.0)


def _predict_sent(
    inputs: pd.DataFrame, channel: "pd.Series[str]", unseen: pd.DataFrame, sent: "pd.Index[str]"
) -> Floats:
    """Predict the chance of what was sent to other customers; 0 for a channel not fitted to."""
    if channel.nunique() == 1:
        return np.asarray(np.where(sent == channel.iloc[0], 1.0, 0.0))
    model = _make_classifier(min(_FEATURES, inputs.shape[1]))
    # The solver multiplies thousands of small matrices; threads would wait for each other in each.
    with threadpool_limits(limits=1):
        model.fit(inputs, channel)
        chances = model.predict_proba(unseen)
    column = pd.Index(model.classes_).get_indexer(sent)
    return np.asarray(np.where(column < 0, 0.0, chances[np.arange(len(column)), column]))


def _make_classifier(features: int) -> Pipeline:
    return make_pipeline(
        StandardScaler(),
        FunctionTransformer(np.clip, kw_args={"a_min": -_REACH, "a_max": _REACH}),
        SelectKBest(_separation, k=features),
        LogisticRegression(max_iter=200, tol=1e-3),
    )


def _separation(inputs: Floats, channel: NDArray[np.str_]) -> Floats:
    """Compute each feature's F statistic between the channels; -1 for a constant feature."""
    with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
        warnings.filterwarnings("ignore", "Features .* are constant")
        statistic = f_classif(inputs, channel)[0]
    return np.asarray(np.nan_to_num(statistic, nan=-1.0), dtype=float)


def hidden_odds_that_reverse_lead(decisions: LoggedDecisions, arm: int, other: int) -> float:
    """Find how strong a hidden reason must be to reverse the lead of one arm over another.

    The marginal sensitivity model (Tan 2006; Zhao, Small & Bhattacharya 2019): given all that is
    unseen, the odds of each decision lie within a factor L of the estimated ones. The answer is
    the least L at which the weighted rate of `arm` may be as low as the highest of `other`.

    Parameters
    ----------
    decisions : LoggedDecisions
        Decisions whose outcomes are 0 or 1.
    arm, other : int
        Indices of the leading arm and of the one that it is compared with.

    Returns
    -------
    float
        The factor L; 1 where `arm` does not lead at all, 100 where it takes more than that.
    """

    def lead(odds: float) -> float:
        return _extreme_rate(decisions, arm, 1 / odds) - _extreme_rate(decisions, other, odds)

    if lead(1.0) <= 0:
        return 1.0
    if lead(_LARGEST_ODDS) > 0:
        return _LARGEST_ODDS
    return float(brentq(lead, 1.0, _LARGEST_ODDS))


def _extreme_rate(decisions: LoggedDecisions, arm: int, odds: float) -> float:
    """Return an arm's rate if buyers' odds were multiplied and the others' divided by `odds`."""
    sent = decisions.arm == arm
    bought = decisions.outcome[sent] > 0
    against = 1 / decisions.propensity[sent] - 1
    weight = 1 + against * np.where(bought, odds, 1 / odds)
    return float(weight[bought].sum() / weight.sum())
