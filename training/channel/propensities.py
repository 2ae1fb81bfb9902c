"""Propensities that nobody logged: estimated, and how much of a hidden reason they can bear.

Whoever estimates who would have been sent what from the features assumes that nothing else
decided. It did, always: such values are confounded, and said to be.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from features.arrays import Floats
from models.channel.fit import customer_folds
from training.channel.policy_value import LoggedDecisions

_LEAST = 0.01
_LARGEST_ODDS = 100.0


def estimate_propensities(
    rows: pd.DataFrame, columns: Sequence[str], folds: int, seed: int
) -> Floats:
    """Estimate the chance with which each message's arm was sent: array (n,).

    By a multinomial logistic regression on `columns` that has not seen the customer; no chance
    is taken for less than .01.
    """
    fold = customer_folds(rows["customer_id"], folds, seed)
    inputs = rows[list(columns)].fillna(rows[list(columns)].median()).fillna(0.0)
    found = np.empty(len(rows))
    for place in range(folds):
        out = fold == place
        model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
        model.fit(inputs[~out], rows["channel"][~out])
        chances = pd.DataFrame(model.predict_proba(inputs[out]), columns=model.classes_)
        sent = chances.columns.get_indexer(pd.Index(rows["channel"][out]))
        found[out] = np.where(sent < 0, 0.0, chances.to_numpy()[np.arange(len(sent)), sent])
    return np.clip(found, _LEAST, 1.0)


def hidden_odds_that_reverse_lead(decisions: LoggedDecisions, arm: int, other: int) -> float:
    """Find how strong an unseen reason must be to turn the lead of one arm over another around.

    The marginal sensitivity model (Tan 2006; Zhao, Small & Bhattacharya 2019): given all that is
    unseen, the odds of each decision lie within a factor L of the estimated ones. The answer is
    the least L at which the weighed rate of `arm` may be as low as the highest of `other`;
    1 where it does not lead at all, 100 where it takes more than that.

    Outcomes are 0 or 1.
    """

    def lead(odds: float) -> float:
        return _extreme_rate(decisions, arm, 1 / odds) - _extreme_rate(decisions, other, odds)

    if lead(1.0) <= 0:
        return 1.0
    if lead(_LARGEST_ODDS) > 0:
        return _LARGEST_ODDS
    return float(brentq(lead, 1.0, _LARGEST_ODDS))


def _extreme_rate(decisions: LoggedDecisions, arm: int, odds: float) -> float:
    """Give the rate if buyers' weights went up by `odds` and the others' down."""
    sent = decisions.arm == arm
    bought = decisions.outcome[sent] > 0
    against = 1 / decisions.propensity[sent] - 1
    weight = 1 + against * np.where(bought, odds, 1 / odds)
    return float(weight[bought].sum() / weight.sum())
