"""Fits the churn model: a BTYD model, two boosters, and the weights that combine them."""

from functools import partial

import msgspec
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import logit

from features.arrays import Floats
from models.boosters.booster import BoosterSettings, ResidualBooster, stack
from models.boosters.search_space import Trial
from models.purchase.churn import EDGE, ChurnModel, btyd_logit, to_p_churn
from models.purchase.slices import Slices
from models.purchase.stack import fit_stack

# Below this many returning rows the boosters are left out and the BTYD model answers alone.
MIN_RETURNS = 300


_FOLDS = 3


# The BTYD model has the word until the rows say otherwise; a log of 600 customers says little.
_START = {"btyd": 1.0, "residual": 0.0, "direct": 0.0}


_RIDGE = 20.0


class ChurnSettings(msgspec.Struct, frozen=True):
    """Hyper-parameters of the two boosters.

    Attributes
    ----------
    residual : BoosterSettings
        Of the one that corrects the BTYD model's logit.
    direct : BoosterSettings
        Of the one that starts from the base rate, and so needs more rounds and less restraint.
    """

    residual: BoosterSettings = BoosterSettings(rounds=160, bins=63)
    direct: BoosterSettings = BoosterSettings(rounds=200, l2=20.0, feature_share=0.3, bins=63)


def search_space(trial: Trial) -> ChurnSettings:
    """Draw the settings of both boosters: from tamer than the defaults to much wilder ones."""
    residual, direct = (
        msgspec.structs.replace(
            settings,
            rounds=trial.suggest_int(f"{name}.rounds", 60, 400, step=20),
            leaves=trial.suggest_int(f"{name}.leaves", 3, 31),
            min_rows=trial.suggest_int(f"{name}.min_rows", 50, 500, log=True),
            l2=trial.suggest_float(f"{name}.l2", 1.0, 100.0, log=True),
        )
        for name, settings in (
            ("residual", ChurnSettings().residual),
            ("direct", ChurnSettings().direct),
        )
    )
    return ChurnSettings(residual, direct)


def fit_churn(slices: Slices, settings: ChurnSettings, seed: int) -> ChurnModel:
    """Fit churn on all slices; each row starts from the BTYD model of its own cutoff."""
    mean = float(btyd_logit(slices.btyd, slices.latest, slices.horizon_days).mean())
    unranked = ChurnModel(slices.horizon_days, slices.btyd, [], mean)
    if slices.labels["returned"].sum() >= MIN_RETURNS:
        unranked = _add_boosters(unranked, slices, settings, seed)
    score = unranked.score(slices.latest)
    quantiles = np.quantile(to_p_churn(score), np.linspace(0, 1, 101))
    lead = float(score.mean()) - mean
    return msgspec.structs.replace(unranked, quantiles=quantiles.tolist(), lead=lead)


def _add_boosters(
    model: ChurnModel, slices: Slices, settings: ChurnSettings, seed: int
) -> ChurnModel:
    """Fit both boosters to all rows, and their weights to rows that they had not seen."""
    outcome = slices.labels["returned"].to_numpy(dtype=float)
    offsets = _slice_offsets(slices)
    base = float(logit(np.clip(np.average(outcome, weights=slices.weights), EDGE, 1 - EDGE)))
    starts = {"residual": offsets, "direct": np.full(len(outcome), base)}
    features = stack(slices.frame, slices.columns)
    everything = slice(None)  # takes no copy

    def fit(name: str, rows: NDArray[np.intp] | slice) -> ResidualBooster:
        return ResidualBooster.fit(
            features[rows],
            slices.columns,
            outcome[rows],
            (starts[name] + slices.shifts)[rows],
            getattr(settings, name),
            seed,
            weight=slices.weights[rows],
        )

    splits = _splits(slices)
    judged = np.concatenate([unseen for _, unseen in splits])
    logits = {"btyd": offsets[judged]}
    for name, start in starts.items():
        said = [fit(name, seen).correction(features[unseen]) for seen, unseen in splits]
        logits[name] = start[judged] + np.concatenate(said)
    return msgspec.structs.replace(
        model,
        residual=fit("residual", everything),
        direct=fit("direct", everything),
        base=base,
        season=slices.season,
        stack=fit_stack(
            logits, outcome[judged], _START, ridge=_RIDGE,
            shift=slices.shifts[judged], weight=slices.weights[judged],
        ),
    )  # fmt: skip


def _splits(slices: Slices) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Part the rows into what boosters are fitted on, and what they are weighed on.

    Where no season is known, the latest slice is foretold from those that had closed by then, as
    the model will be asked: where rates drift, boosters that start from the base rate are too
    high or too low, and it shows there alone. With a season the latest slice is the wrong one to
    go by, and in a young log there is too little before it: a part of the customers is left out
    in turn.
    """
    cutoffs = slices.frame["cutoff"]
    closed = (cutoffs + pd.Timedelta(days=slices.horizon_days) <= cutoffs.max()).to_numpy()
    if slices.season is None and 2 * closed.sum() >= len(closed):
        return [(np.flatnonzero(closed), np.flatnonzero(cutoffs == cutoffs.max()))]
    fold = slices.frame["customer_id"].factorize()[0] % _FOLDS
    return [(np.flatnonzero(fold != f), np.flatnonzero(fold == f)) for f in range(_FOLDS)]


def _slice_offsets(slices: Slices) -> Floats:
    """Give each row the logit of the BTYD model fitted at the row's own cutoff."""
    return slices.ask_btyds(slices.frame, partial(btyd_logit, days=slices.horizon_days))
