"""Corrects the effects of arms by boosters that are fitted to doubly robust pseudo-outcomes.

This is the DR-learner of Kennedy, "Towards optimal doubly robust estimation of heterogeneous
causal effects" (2023); it needs tens of thousands of messages drawn at random. For a decision that
drew arm A with the probability e and had the outcome Y, the pseudo-outcome of arm a against the
reference arm r is

    p_a - p_r + [A = a] (Y - p_a) / e - [A = r] (Y - p_r) / e

where p is predicted by models of the level `exploring` that were not fitted on the customer's
cluster. Its mean at given features is the true effect, however wrong p is. What it adds to
p_a - p_r is regressed on the features and added to the exploring model's p_a. Where the features
explain nothing the correction is 0.

The correction of an arm is learned from the customers who could have been drawn for it and for the
reference arm.
"""

from collections.abc import Callable, Mapping

import msgspec
import numpy as np
import pandas as pd

from features.arrays import Floats
from models.arms import NO_MESSAGE
from models.boosters.booster import BoosterSettings, BoosterTarget, ResidualBooster
from models.channel.channel_fit import cluster_folds, compare_within_possible
from models.channel.draws import CLUSTER, chances_of
from models.channel.model import ChannelModel

ChannelFit = Callable[[pd.DataFrame], ChannelModel]

# A pseudo-outcome has noise of size 1 around effects of a few hundredths, so that a leaf needs
# thousands of rows.
CORRECTION_SETTINGS = BoosterSettings(rounds=100, learning_rate=0.03, min_rows=1000, l2=1000.0)
_FOLDS = 2  # of clusters, so that no model predicts a customer that it was fitted on


def fit_corrections(
    exploring: ChannelModel,
    frame: pd.DataFrame,
    fit: ChannelFit,
    settings: BoosterSettings,
    seed: int,
) -> ChannelModel:
    """Fit corrections of the effects of a channel model.

    Parameters
    ----------
    exploring : ChannelModel
        A model of the level `exploring`.
    frame : DataFrame
        The rows that `exploring` was fitted to, as in `models.channel.channel_fit.fit_channel`.
    fit : callable
        Fits a model of the level `exploring` to some of the rows.
    settings : BoosterSettings
        Hyper-parameters of the boosters.

    Returns
    -------
    ChannelModel
        The model at the level `rich`. Arms that `exploring` does not identify have no correction.
    """
    p = _unseen_p(exploring, frame, fit, seed)
    reference = reference_arm(exploring)
    corrections = {}
    for arm in (a for a in exploring.identified if a != reference):
        # where only one of the two was possible, the outcome does not compare them
        compared = np.flatnonzero((chances_of(frame, [arm, reference]) > 0).all(axis=1))
        rows, of_rows = frame.iloc[compared], {a: p[a][compared] for a in (arm, reference)}
        target = _correction_target(rows, arm, reference, of_rows)
        corrections[arm] = ResidualBooster.fit(
            rows, exploring.base.columns, target, settings, seed=seed
        )
    model = msgspec.structs.replace(exploring, level="rich", corrections=corrections)
    return msgspec.structs.replace(model, mean_p=compare_within_possible(model, frame))


def reference_arm(model: ChannelModel) -> str:
    """Return the arm that effects are compared with: `none` if identified, else the best arm."""
    return NO_MESSAGE if NO_MESSAGE in model.identified else model.fixed_order[0]


def _unseen_p(
    exploring: ChannelModel, frame: pd.DataFrame, fit: ChannelFit, seed: int
) -> dict[str, Floats]:
    """Predict each row, by identified arm, with a model that was not fitted on its cluster."""
    fold = cluster_folds(frame[CLUSTER], _FOLDS, seed)
    p = {arm: np.empty(len(frame)) for arm in exploring.identified}
    for number in range(_FOLDS):
        left_out = fold == number
        predicted = fit(frame[~left_out]).predict(frame[left_out])
        for arm, values in p.items():
            values[left_out] = predicted[arm]
    return p


def _correction_target(
    rows: pd.DataFrame, arm: str, reference: str, p: Mapping[str, Floats]
) -> BoosterTarget:
    """Compute what an arm's pseudo-outcome adds to the predicted effect p_a - p_r."""
    of_arm = _weighted_residual(rows, arm, p[arm])
    of_reference = _weighted_residual(rows, reference, p[reference])
    return BoosterTarget(of_arm - of_reference, np.zeros(len(rows)), objective="regression")


def _weighted_residual(rows: pd.DataFrame, arm: str, p: Floats) -> Floats:
    """Compute (outcome - p) / propensity of the rows of one arm; 0 in other rows: array (n,)."""
    is_arm = rows["channel"].to_numpy() == arm
    residual = rows["bought"].to_numpy(dtype=float) - p
    return np.asarray(np.where(is_arm, residual / rows["propensity"].to_numpy(dtype=float), 0.0))
