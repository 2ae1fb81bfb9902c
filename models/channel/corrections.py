"""A DR-learner: the effects of arms, corrected by trees where tens of thousands of draws say so.

Kennedy, "Towards optimal doubly robust estimation of heterogeneous causal effects" (2023). Of a
decision that drew arm A with the chance e and came out as Y, the pseudo-outcome of arm a against
the reference r is

    p_a - p_r + [A = a] (Y - p_a) / e - [A = r] (Y - p_r) / e

with p from exploring models that have not seen the customer: its mean at given features is the
true effect, however wrong p is. What it says beyond p_a - p_r is regressed on the features and
added to the exploring model's own p_a. Trees that find nothing add nothing.

Where an arm could not be drawn for some (no consent), only those who could be told apart from
them by features get its full correction: the rest is drawn towards 0.
"""

from collections.abc import Callable, Mapping

import msgspec
import numpy as np
import pandas as pd

from features.arrays import Floats
from models.arms import NO_MESSAGE
from models.boosters.booster import BoosterSettings, ResidualBooster
from models.channel.fit import customer_folds
from models.channel.model import ChannelModel

ChannelFit = Callable[[pd.DataFrame], ChannelModel]

# A pseudo-outcome is noise of size 1 around effects of a few hundredths: a leaf needs thousands.
SETTINGS = BoosterSettings(rounds=100, min_rows=1000, l2=1000.0)
_FOLDS = 2  # of customers: no exploring model has seen the row whose outcome it predicts


def fit_rich(
    exploring: ChannelModel,
    frame: pd.DataFrame,
    fit: ChannelFit,
    settings: BoosterSettings,
    seed: int,
) -> ChannelModel:
    """Correct the effects of an exploring model.

    Parameters
    ----------
    frame : DataFrame
        What `exploring` was fitted to, as `fit_channel` takes it.
    fit : callable
        Rows of `frame` -> exploring model.

    Returns
    -------
    ChannelModel
        Of the level `rich`; with the arms that `exploring` does not identify left as they are.
    """
    # who was held out could have been sent nothing else, and says nothing of what it would do
    drawn = frame["randomised"].to_numpy(dtype=bool) & (frame["propensity"] < 1).to_numpy()
    p = {arm: values[drawn] for arm, values in _unseen_p(exploring, frame, fit, seed).items()}
    rows = frame[drawn]
    reference = reference_arm(exploring)
    corrections = {
        arm: _correct(rows, list(exploring.base.columns), arm, reference, p, settings, seed)
        for arm in exploring.identified
        if arm != reference
    }
    model = msgspec.structs.replace(exploring, level="rich", corrections=corrections)
    said = model.predict(rows)
    mean_p = {arm: float(said[arm].mean()) for arm in model.identified}
    return msgspec.structs.replace(model, mean_p=mean_p)


def reference_arm(model: ChannelModel) -> str:
    """Name the arm that effects are counted from: `none` if drawn, else the best fixed one."""
    return NO_MESSAGE if NO_MESSAGE in model.identified else model.fixed_order[0]


def _unseen_p(
    exploring: ChannelModel, frame: pd.DataFrame, fit: ChannelFit, seed: int
) -> dict[str, Floats]:
    """Predict each row, by identified arm, with a model that has not seen its customer."""
    fold = customer_folds(frame["customer_id"], _FOLDS, seed)
    p = {arm: np.empty(len(frame)) for arm in exploring.identified}
    for place in range(_FOLDS):
        left_out = fold == place
        said = fit(frame[~left_out]).predict(frame[left_out])
        for arm, values in p.items():
            values[left_out] = said[arm]
    return p


def _correct(
    rows: pd.DataFrame,
    columns: list[str],
    arm: str,
    reference: str,
    p: Mapping[str, Floats],
    settings: BoosterSettings,
    seed: int,
) -> ResidualBooster:
    """Regress what an arm's pseudo-outcome says beyond the exploring effect."""
    beyond = _beyond(rows, arm, p[arm]) - _beyond(rows, reference, p[reference])
    start = np.zeros(len(rows))
    return ResidualBooster.fit(rows, columns, beyond, start, settings, seed, objective="regression")


def _beyond(rows: pd.DataFrame, arm: str, p: Floats) -> Floats:
    """Weigh by 1 / propensity what p missed of the outcomes of one arm; 0 for other rows."""
    sent = rows["channel"].to_numpy() == arm
    missed = rows["bought"].to_numpy(dtype=float) - p
    return np.asarray(np.where(sent, missed / rows["propensity"].to_numpy(dtype=float), 0.0))
