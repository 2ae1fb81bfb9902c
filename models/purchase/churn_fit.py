"""Fits the churn model: a BTYD model, two boosters, and the weights that combine them."""

from functools import partial

import msgspec
import numpy as np
import pandas as pd
from scipy.special import logit

from features.arrays import Floats, Indices
from models.boosters.booster import BoosterSettings, BoosterTarget, ResidualBooster, column_matrix
from models.boosters.search_trial import Trial
from models.purchase.churn import (
    PROBABILITY_MARGIN,
    ChurnLevel,
    ChurnModel,
    btyd_logit,
    to_p_churn,
)
from models.purchase.hazards_fit import fit_hazards
from models.purchase.past_evidence import is_better, smoothed_law
from models.purchase.slices import Slices
from models.purchase.stack import fit_stack

# With fewer rows of returning customers no booster is fitted.
MIN_RETURNS = 300
# With fewer customers nothing that a booster gains could be told from chance.
MIN_CUSTOMERS = 100
# With fewer repeat purchases in the whole log nothing is known about who comes back, or when.
MIN_REPEATS = 20
_FOLDS = 3
# The weights towards which the ridge penalty draws: the BTYD model alone, which is the best guess
# in a small log.
_START = {"btyd": 1.0, "residual": 0.0, "direct": 0.0}
_RIDGE = 20.0


class ChurnSettings(msgspec.Struct, frozen=True):
    """The hyper-parameters of the churn model's two boosters.

    Attributes
    ----------
    residual : BoosterSettings
        Settings of the booster that corrects the BTYD model's logit.
    direct : BoosterSettings
        Settings of the booster that starts from the base rate, and so needs more rounds and a
        smaller penalty.
    """

    residual: BoosterSettings = BoosterSettings(rounds=80, bins=63)
    direct: BoosterSettings = BoosterSettings(rounds=100, l2=20.0, feature_share=0.3, bins=63)


def search_space(trial: Trial) -> ChurnSettings:
    """Let a search propose the settings of both boosters, in a range around the defaults."""
    residual, direct = (
        msgspec.structs.replace(
            settings,
            rounds=trial.suggest_int(f"{name}.rounds", 30, 200, step=10),
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
    """Fit the churn model on all slices.

    The boosters correct, in each row, the BTYD model that was fitted at the row's cutoff. A shop
    too small for boosters gets the BTYD model alone, or the base rate.
    """
    mean = float(btyd_logit(slices.btyd, slices.latest, slices.horizon_days).mean())
    level, base = best_level(slices.latest, slices.labels), _latest_base_rate(slices)
    if level == "btyd" and not _is_btyd_better(slices, base):
        level = "base_rate"
    unranked = ChurnModel(slices.horizon_days, slices.btyd, [], mean, level, base=base)
    if level == "learned":
        unranked = _add_boosters(unranked, slices, settings, seed)
    score = unranked.score(slices.latest)
    quantiles = np.quantile(to_p_churn(score), np.linspace(0, 1, 101))
    lead = float(score.mean()) - mean
    return msgspec.structs.replace(unranked, quantiles=quantiles.tolist(), lead=lead)


def best_level(latest: pd.DataFrame, labels: pd.DataFrame) -> ChurnLevel:
    """Tell what a churn model can rest on at best, by its slices.

    Parameters
    ----------
    latest : DataFrame
        `frequency` of each customer known at the model's cutoff.
    labels : DataFrame
        `returned`, one row per customer and closed slice.

    Returns
    -------
    {"learned", "btyd", "none"}
        As `level_of_counts`.
    """
    repeats, returns = latest["frequency"].sum(), labels["returned"].sum()
    return level_of_counts(len(latest), int(repeats), int(returns))


def level_of_counts(customers: int, repeats: int, returns: int) -> ChurnLevel:
    """Tell what a churn model can rest on at best, by counts of the shop.

    Parameters
    ----------
    customers : int
        Customers known at the model's cutoff.
    repeats : int
        Their purchase days until then, without the first of each customer.
    returns : int
        Rows of the closed slices in which a customer came back.

    Returns
    -------
    {"learned", "btyd", "none"}
        The model stays at `base_rate` instead of `btyd` where the past does not show that the BTYD
        model is better.
    """
    if repeats < MIN_REPEATS:
        return "none"
    return "learned" if returns >= MIN_RETURNS and customers >= MIN_CUSTOMERS else "btyd"


def _latest_base_rate(slices: Slices) -> float:
    """Compute the logit of the share of customers of the latest slice who returned."""
    latest = (slices.frame["cutoff"] == slices.frame["cutoff"].max()).to_numpy()
    days = slices.labels["days_to_next"].to_numpy()[latest]
    return float(logit(smoothed_law(days, slices.horizon_days)[-1]))


def _is_btyd_better(slices: Slices, base: float) -> bool:
    """Tell whether the BTYD models of past cutoffs had a lower log-loss than the base rate."""
    sign = np.where(slices.labels["returned"], -1.0, 1.0)
    ours, rival = (np.logaddexp(0.0, sign * score) for score in (_slice_offsets(slices), base))
    return is_better(ours, rival, slices.frame["customer_id"])


def _add_boosters(
    model: ChurnModel, slices: Slices, settings: ChurnSettings, seed: int
) -> ChurnModel:
    """Fit both boosters on all rows, and their weights on rows that they had not seen."""
    outcome = slices.labels["returned"].to_numpy(dtype=float)
    offsets = _slice_offsets(slices)
    base_rate = np.average(outcome, weights=slices.weights)
    base = float(logit(np.clip(base_rate, PROBABILITY_MARGIN, 1 - PROBABILITY_MARGIN)))
    starts = {"residual": offsets, "direct": np.full(len(outcome), base)}

    def fit(name: str, rows: Indices | None = None) -> ResidualBooster:
        of_booster = getattr(settings, name)
        binned, offset = slices.binned(of_booster), starts[name] + slices.shifts
        if rows is None:
            target = BoosterTarget(outcome, offset, slices.weights)
        else:
            binned = binned.take(rows)
            target = BoosterTarget(outcome[rows], offset[rows], slices.weights[rows])
        return ResidualBooster.fit(binned, slices.columns, target, of_booster, seed=seed)

    splits = _splits(slices)
    held_out = np.concatenate([unseen for _, unseen in splits])
    logits = {"btyd": offsets[held_out]}
    matrix = column_matrix(slices.frame, slices.columns)
    for name, start in starts.items():
        corrections = [fit(name, seen).correction(matrix[unseen]) for seen, unseen in splits]
        logits[name] = start[held_out] + np.concatenate(corrections)
    shift = slices.shifts[held_out]
    stack = fit_stack(
        logits, outcome[held_out], _START, ridge=_RIDGE,
        shift=shift, weight=slices.weights[held_out],
    )  # fmt: skip
    p_return = 1.0 - to_p_churn(stack.score(logits) + shift)
    return msgspec.structs.replace(
        model,
        residual=fit("residual"),
        direct=fit("direct"),
        base=base,
        season=slices.season,
        stack=stack,
        hazards=fit_hazards(slices, splits, p_return, ridge=_RIDGE, seed=seed),
    )


def _splits(slices: Slices) -> list[tuple[Indices, Indices]]:
    """Split the rows into those that boosters are fitted on and those that weights are fitted on.

    Where no season is known, the latest slice is predicted from the slices whose windows had
    closed by its cutoff. That is how the model will be used, and only there does it show that a
    booster which starts from the base rate is too high or too low when rates drift. Where a
    season is known the latest slice is one time of the year only, and in a young log there are
    too few rows before it; then a part of the customers is left out in turn.

    Returns
    -------
    list of pairs of int arrays
        Row indexes: fitted on, left out.
    """
    cutoffs = slices.frame["cutoff"]
    closed = (cutoffs + pd.Timedelta(days=slices.horizon_days) <= cutoffs.max()).to_numpy()
    if slices.season is None and 2 * closed.sum() >= len(closed):
        return [(np.flatnonzero(closed), np.flatnonzero(cutoffs == cutoffs.max()))]
    fold = slices.frame["customer_id"].factorize()[0] % _FOLDS
    return [(np.flatnonzero(fold != f), np.flatnonzero(fold == f)) for f in range(_FOLDS)]


def _slice_offsets(slices: Slices) -> Floats:
    """Compute, for each row, the logit of the BTYD model that was fitted at the row's cutoff."""
    return slices.apply_btyd_by_cutoff(slices.frame, partial(btyd_logit, days=slices.horizon_days))
