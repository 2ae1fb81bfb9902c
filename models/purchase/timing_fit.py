"""Fits the timing model: a discrete hazard of the return, given that there is one."""

from collections.abc import Sequence
from functools import partial

import msgspec
import numpy as np
from scipy.special import logit

from models.boosters.booster import BoosterSettings, ResidualBooster
from models.boosters.search_space import Trial
from models.purchase.imputed_returns import ImputedReturns, closed_returners, make_returners
from models.purchase.season import CUTOFF_DAY, Season, fit_season
from models.purchase.slices import Slices, cutoff_days
from models.purchase.timing import INTERVAL, TimingModel, conditional_hazards, person_intervals
from models.purchase.value_fit import fit_count, fit_gamma_gamma

# Below this many returning rows the booster is left out and BG/NBD's own timing answers.
MIN_RETURNS = 1000


DEFAULTS = BoosterSettings(rounds=160, bins=63)


_EDGES_OF_90 = (3, 7, 10, 14, 21, 30, 45, 60, 75, 90)


def search_space(trial: Trial) -> BoosterSettings:
    """Draw the settings of the booster, which sees a row per interval of a returner."""
    return msgspec.structs.replace(
        DEFAULTS,
        rounds=trial.suggest_int("rounds", 60, 400, step=20),
        leaves=trial.suggest_int("leaves", 3, 31),
        min_rows=trial.suggest_int("min_rows", 100, 1000, log=True),
        l2=trial.suggest_float("l2", 1.0, 100.0, log=True),
    )


def fit_timing(slices: Slices, settings: BoosterSettings, seed: int) -> TimingModel:
    """Fit timing on the returning rows of all slices, and spend on the latest population."""
    edges = interval_edges(slices.horizon_days)
    booster, count, seasons = None, None, list[Season]()
    if slices.labels["returned"].sum() >= MIN_RETURNS:
        returners = make_returners(slices, seed)
        seasons = _fit_seasons(slices, returners, edges)
        booster = _fit_booster(slices, returners, edges, seasons, settings, seed)
        count = fit_count(slices, seed)
    spend = fit_gamma_gamma(slices.latest)
    mean = logit(conditional_hazards(slices.btyd, slices.latest, edges)).mean(axis=0)
    return TimingModel(
        slices.horizon_days, edges, slices.btyd, booster, spend, mean.tolist(), seasons, count
    )


def interval_edges(horizon_days: int) -> list[int]:
    """Cut a horizon into intervals, finer at its start.

    >>> interval_edges(30)
    [1, 2, 3, 5, 7, 10, 15, 20, 25, 30]
    """
    scaled = (max(1, round(edge * horizon_days / 90)) for edge in _EDGES_OF_90)
    return sorted(set(scaled))


def _fit_seasons(slices: Slices, returners: ImputedReturns, edges: Sequence[int]) -> list[Season]:
    """Fit the season of each interval's hazard, over the returners who reached the interval."""
    if slices.year_ago is None:
        return []
    year_ago = closed_returners(*slices.year_ago, slices.horizon_days)
    parts = [
        (part.frame, part.awaited(edges), part.came(edges))
        for part in (year_ago, *returners.by_cutoff())
    ]
    seasons = []
    for place in range(len(edges) - 1):
        known = [
            (frame[awaited[:, place]], came[awaited[:, place], place])
            for frame, awaited, came in parts
            if awaited[:, place].any()
        ]
        frames, outcomes = zip(*known, strict=True)
        seasons.append(fit_season(frames, outcomes, cutoff_days(frames)))
    return seasons


def _fit_booster(
    slices: Slices,
    returners: ImputedReturns,
    edges: Sequence[int],
    seasons: Sequence[Season],
    settings: BoosterSettings,
    seed: int,
) -> ResidualBooster:
    """Fit to a row per returner and interval that was awaited and is known to its end.

    The last interval is left out: its hazard is 1.
    """
    frame, intervals = returners.frame, len(edges) - 1
    offsets = logit(slices.ask_btyds(frame, partial(conditional_hazards, edges=edges)))
    if seasons:
        day = frame[CUTOFF_DAY].to_numpy(dtype=float)
        offsets = offsets + np.column_stack([season.at(day) for season in seasons])
    at_risk = returners.awaited(edges).ravel()
    outcome = returners.came(edges).ravel()[at_risk]
    names = (*slices.columns, INTERVAL)
    return ResidualBooster.fit(
        person_intervals(frame, names, intervals, at_risk),
        names,
        outcome,
        offsets.ravel()[at_risk],
        settings,
        seed,
        weight=returners.weights.repeat(intervals)[at_risk],
    )
