"""Fits the timing model: the hazards of a return, its seasons, and the models of value."""

from collections.abc import Sequence
from functools import partial

import msgspec
import numpy as np
import pandas as pd
from scipy.special import logit

from features.arrays import Floats
from models.boosters.booster import BoosterSettings, BoosterTarget, ResidualBooster
from models.boosters.search_trial import Trial
from models.btyd.member import Member
from models.crps import crps_by_customer
from models.purchase.imputed_returns import ImputedReturns, impute_returns, select_returns
from models.purchase.past_evidence import is_better, smoothed_law
from models.purchase.season import CUTOFF_DAY, Season, fit_interval_seasons
from models.purchase.slices import Slices
from models.purchase.timing import INTERVAL, TimingModel, conditional_hazards, person_intervals
from models.purchase.value_fit import fit_count, fit_gamma_gamma

# With fewer rows of returning customers no booster is fitted: the BTYD model predicts alone, or the
# law of all earlier returns.
MIN_RETURNS = 1000
DEFAULTS = BoosterSettings(rounds=80, bins=63)
# The last days of the intervals of a horizon of 90 days; other horizons scale them.
_EDGES_OF_90 = (3, 7, 10, 14, 21, 30, 45, 60, 75, 90)


def search_space(trial: Trial) -> BoosterSettings:
    """Let a search propose the settings of the booster, in a range around the defaults.

    The booster is fitted to one row per returning customer and interval.
    """
    return msgspec.structs.replace(
        DEFAULTS,
        rounds=trial.suggest_int("rounds", 30, 200, step=10),
        leaves=trial.suggest_int("leaves", 3, 31),
        min_rows=trial.suggest_int("min_rows", 100, 1000, log=True),
        l2=trial.suggest_float("l2", 1.0, 100.0, log=True),
    )


def fit_timing(slices: Slices, settings: BoosterSettings, seed: int) -> TimingModel:
    """Fit the hazards on the returns of all slices, and the spend on the latest population.

    With too few returns for hazards the BTYD model is taken as it is, or the law of all returns.
    """
    edges = interval_edges(slices.horizon_days)
    spend = fit_gamma_gamma(slices.latest)
    mean = logit(conditional_hazards(slices.btyd, slices.latest, edges)).mean(axis=0)
    alone = TimingModel(slices.horizon_days, edges, slices.btyd, None, spend, mean.tolist())
    if slices.labels["returned"].sum() < MIN_RETURNS:
        return alone if _is_btyd_better(slices, edges) else _pool(alone, slices)
    returners = impute_returns(slices, seed)
    seasons = _fit_seasons(slices, returners, edges)
    booster = _fit_booster(slices, returners, edges, seasons, settings, seed)
    count = fit_count(slices, seed)
    return msgspec.structs.replace(alone, booster=booster, seasons=seasons, count=count)


def pooled_law_given_return(labels: pd.DataFrame, horizon_days: int) -> Floats:
    """Compute G(h), the share of returns within h days, over all returns within H.

    Parameters
    ----------
    labels : DataFrame
        `returned` and `days_to_next` (1..H), one row per customer and closed slice.
    horizon_days : int
        H.

    Returns
    -------
    array (H + 1,)
        0 at h = 0 and 1 at h = H.
    """
    days = labels["days_to_next"].to_numpy()[labels["returned"].to_numpy(dtype=bool)]
    law = smoothed_law(days, horizon_days)
    return np.asarray(law / law[-1])


def _pool(alone: TimingModel, slices: Slices) -> TimingModel:
    law = pooled_law_given_return(slices.labels, slices.horizon_days)
    return msgspec.structs.replace(alone, pooled=law.tolist())


def _is_btyd_better(slices: Slices, edges: list[int]) -> bool:
    """Tell whether the BTYD models of past cutoffs had a lower CRPS than the law of all returns."""
    returned = slices.labels["returned"].to_numpy(dtype=bool)
    if not returned.any():
        return False

    def given_return(btyd: Member, rows: pd.DataFrame) -> Floats:
        model = TimingModel(slices.horizon_days, edges, btyd, None, None, [])
        return model.given_return(rows)

    frame, days = slices.frame[returned], slices.labels["days_to_next"].to_numpy()[returned]
    ours = slices.apply_btyd_by_cutoff(frame, given_return)
    pooled = pooled_law_given_return(slices.labels, slices.horizon_days)
    rival = np.broadcast_to(pooled, ours.shape)
    ours, rival = (crps_by_customer(days, law) for law in (ours, rival))
    return is_better(ours, rival, frame["customer_id"])


def interval_edges(horizon_days: int) -> list[int]:
    """Cut a horizon into intervals, which are shorter at its start, and return their last days.

    >>> interval_edges(30)
    [1, 2, 3, 5, 7, 10, 15, 20, 25, 30]
    """
    scaled = (max(1, round(edge * horizon_days / 90)) for edge in _EDGES_OF_90)
    return sorted(set(scaled))


def _fit_seasons(slices: Slices, returners: ImputedReturns, edges: Sequence[int]) -> list[Season]:
    """Fit the season of each interval's hazard on the customers who had not returned before it."""
    if slices.year_ago is None:
        return []
    year_ago = select_returns(*slices.year_ago, slices.horizon_days)
    parts = [
        (part.frame, part.awaited(edges), part.came(edges))
        for part in (year_ago, *returners.by_cutoff())
    ]
    return fit_interval_seasons(parts, slices.season_reach)


def _fit_booster(
    slices: Slices,
    returners: ImputedReturns,
    edges: Sequence[int],
    seasons: Sequence[Season],
    settings: BoosterSettings,
    seed: int,
) -> ResidualBooster:
    """Fit the booster to one row per returning customer and interval that was observed.

    A customer has a row for each interval up to the return. The last interval is left out, since
    its hazard is 1.
    """
    frame, intervals = returners.frame, len(edges) - 1
    offsets = logit(slices.apply_btyd_by_cutoff(frame, partial(conditional_hazards, edges=edges)))
    if seasons:
        day = frame[CUTOFF_DAY].to_numpy(dtype=float)
        offsets = offsets + np.column_stack([season.shift_on(day) for season in seasons])
    at_risk = returners.awaited(edges).ravel()
    target = BoosterTarget(
        outcome=returners.came(edges).ravel()[at_risk],
        offset=offsets.ravel()[at_risk],
        weight=returners.weights.repeat(intervals)[at_risk],
    )
    names = (*slices.columns, INTERVAL)
    rows = person_intervals(frame, names, intervals, at_risk)
    return ResidualBooster.fit(rows, names, target, settings, seed=seed)
