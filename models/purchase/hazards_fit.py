"""Fits the hazards of the next purchase, and their share in the churn model's probability."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import logit

from features.arrays import Flags, Floats, Indices
from models.boosters.binned_rows import BinnedRows
from models.boosters.booster import BoosterSettings, BoosterTarget, ResidualBooster
from models.purchase.hazards import (
    PurchaseHazards,
    at_risk,
    booster_logits,
    hazard_edges,
    p_of_hazards,
)
from models.purchase.season import CUTOFF_DAY, Season, fit_interval_seasons
from models.purchase.slices import Slices, age_weights
from models.purchase.timing import INTERVAL, person_intervals

# With fewer rows of returning customers there are no hazards, as in the timing model.
MIN_RETURNS = 1000
SETTINGS = BoosterSettings(rounds=40, learning_rate=0.15, feature_share=0.3, bins=63)
# Row by customer and interval that trees are grown on, about: with five times as many the
# probability was not better, and dearer to learn than all the rest of the churn model.
_ROWS = 20_000
_OPEN_WEIGHT = 0.5  # the factor on the weight of a row of an open slice
_LEAST_SHARE = 0.01  # a smaller share is none: it would change no answer, and cost in each
_MARGIN = 1e-6

Split = tuple[Indices, Indices]  # row indexes of slices: fitted on, left out


def fit_hazards(
    slices: Slices,
    splits: Sequence[Split],
    p_return: Floats,
    *,
    ridge: float,
    seed: int,
) -> PurchaseHazards | None:
    """Fit the hazards, and their share on rows that their booster had not seen.

    Parameters
    ----------
    splits : sequence of (fitted on, left out)
        As the churn model's stack was fitted: one split by time, or several by customer.
    p_return : array (rows left out,)
        P(purchase within H days) of the churn model without hazards, split by split.
    ridge : float
        The penalty, in units of log-loss, of a share of 1.

    Returns
    -------
    PurchaseHazards or None
        None where their share is 0, or there are too few returns.
    """
    if slices.labels["returned"].sum() < MIN_RETURNS:
        return None
    rows = _PersonIntervals.draw(slices, seed)
    held_out = np.concatenate([unseen for _, unseen in splits])
    by_time = len(splits) == 1
    parts = [rows.predict_left_out(slices.frame.iloc[u], by_time, seed) for _, u in splits]
    p_hazards = np.concatenate(parts)
    bought = slices.labels["returned"].to_numpy(dtype=bool)[held_out]
    share = fit_share(p_return, p_hazards, bought, slices.weights[held_out], ridge=ridge)
    if share < _LEAST_SHARE:
        return None
    return PurchaseHazards(share, rows.base, rows.fit(seed), rows.seasons)


def fit_share(p: Floats, rival: Floats, outcome: Flags, weight: Floats, *, ridge: float) -> float:
    """Fit the share of one probability in a mixture with another, by log-loss.

    Parameters
    ----------
    p, rival : arrays (n,)
        Probabilities of the outcome. The share is that of `rival`.
    outcome : bool array (n,)
        What happened.
    weight : array (n,)
        How much each row counts.
    ridge : float
        The penalty, in units of log-loss, of a share of 1.

    Returns
    -------
    float
        0 to 1; 0 where `rival` brings nothing.
    """
    ours, theirs = (np.where(outcome, q, 1.0 - q) for q in (p, rival))

    def loss(share: float) -> float:
        likelihood = (1.0 - share) * ours + share * theirs
        return float(ridge * share**2 - np.sum(weight * np.log(likelihood)))

    best = float(minimize_scalar(loss, bounds=(0.0, 1.0), method="bounded").x)
    return best if loss(best) < loss(0.0) else 0.0


@dataclass(frozen=True)
class _PersonIntervals:
    """One row per customer, cutoff and interval that was observed, or some of them.

    Attributes
    ----------
    names : tuple of str
        What the booster reads.
    binned : BinnedRows
        The rows in bins.
    target : BoosterTarget
        Whether the customer bought in the interval.
    customer : Series
        The customer of each row.
    known : Series
        The instant at which each row's interval ended.
    base : list of float
        Logit of the hazard of all customers by interval.
    seasons : list of Season
        The season of each interval; empty where it is not known.
    """

    names: tuple[str, ...]
    binned: BinnedRows
    target: BoosterTarget
    customer: pd.Series
    known: pd.Series
    base: list[float]
    seasons: list[Season]

    @classmethod
    def draw(cls, slices: Slices, seed: int) -> "_PersonIntervals":
        """Take all purchases, and draw as many of the other rows as there is room for."""
        edges = hazard_edges(slices.horizon_days)
        frame, days, watched, weights = _observed(slices)
        awaited, came = at_risk(days, watched, edges)
        weight = weights[:, None] * awaited
        least = np.finfo(float).tiny  # an interval that nobody reached has the rate 0
        rates = (weight * came).sum(axis=0) / np.maximum(weight.sum(axis=0), least)
        base = logit(np.clip(rates, _MARGIN, 1.0 - _MARGIN))
        seasons = _fit_seasons(slices, frame, awaited, came, edges)
        offset = np.broadcast_to(base, came.shape)
        if seasons:
            day = frame[CUTOFF_DAY].to_numpy(dtype=float)
            offset = offset + np.column_stack([season.shift_on(day) for season in seasons])
        drawn, share = _draw_rows(awaited, came, seed)
        customer, interval = np.nonzero(drawn)
        names = (*slices.columns, INTERVAL)
        matrix = person_intervals(frame, names, len(edges), drawn.ravel())
        ends = pd.to_timedelta(np.array(edges)[interval], unit="D")
        of_row = frame[["customer_id", "cutoff"]].iloc[customer].reset_index(drop=True)
        return cls(
            names,
            BinnedRows.bin(matrix, names, SETTINGS.bins, SETTINGS.min_rows),
            BoosterTarget(
                came[drawn].astype(float),
                offset[drawn],
                weights[customer] * np.where(came[drawn], 1.0, 1.0 / share),
            ),
            of_row["customer_id"],
            of_row["cutoff"] + ends,
            base.tolist(),
            seasons,
        )

    def fit(self, seed: int, rows: Indices | None = None) -> ResidualBooster:
        """Fit the booster to all rows, or to some."""
        if rows is None:
            return ResidualBooster.fit(self.binned, self.names, self.target, SETTINGS, seed=seed)
        target, weight = self.target, np.asarray(self.target.weight)
        some = BoosterTarget(target.outcome[rows], target.offset[rows], weight[rows])
        return ResidualBooster.fit(self.binned.take(rows), self.names, some, SETTINGS, seed=seed)

    def predict_left_out(self, left_out: pd.DataFrame, by_time: bool, seed: int) -> Floats:
        """Predict P(purchase within H days) of rows that were left out of the fit.

        By time everything is left out that was not known at the rows' cutoff, else everything
        about their customers.
        """
        if by_time:
            seen = self.known <= left_out["cutoff"].iloc[0]
        else:
            seen = ~self.customer.isin(left_out["customer_id"])
        booster = self.fit(seed, np.flatnonzero(seen))
        logits = self.base + booster_logits(booster, left_out, len(self.base))
        if self.seasons:
            day = left_out[CUTOFF_DAY].to_numpy(dtype=float)
            logits = logits + np.column_stack([season.shift_on(day) for season in self.seasons])
        return p_of_hazards(np.asarray(logits))


def _observed(
    slices: Slices,
) -> tuple[pd.DataFrame, NDArray[np.int64], NDArray[np.int64], Floats]:
    """Put closed and open slices together.

    Returns
    -------
    DataFrame, three arrays (n,)
        Features, days to the next purchase (0 if not seen), days that are known, weights.
    """
    frame, days = slices.frame, slices.labels["days_to_next"].to_numpy()
    watched, factor = np.full(len(frame), slices.horizon_days), np.ones(len(frame))
    if slices.open is not None:
        later, labels = slices.open
        frame = pd.concat([frame, later], ignore_index=True)
        days = np.concatenate([days, labels["days_to_next"].to_numpy()])
        watched = np.concatenate([watched, labels["watched_days"].to_numpy()])
        factor = np.concatenate([factor, np.full(len(later), _OPEN_WEIGHT)])
    return frame, days, watched, factor * age_weights(frame["cutoff"])


def _draw_rows(awaited: Flags, came: Flags, seed: int) -> tuple[Flags, float]:
    """Draw rows without a purchase: those taken, bool array (n, intervals), and the share drawn."""
    bought, quiet = awaited & came, awaited & ~came
    purchases = int(bought.sum())
    share = min(1.0, max(_ROWS - purchases, purchases) / max(1, int(quiet.sum())))
    drawn = np.random.default_rng(seed).random(quiet.shape) < share
    return bought | (quiet & drawn), share


def _fit_seasons(
    slices: Slices, frame: pd.DataFrame, awaited: Flags, came: Flags, edges: Sequence[int]
) -> list[Season]:
    """Fit the season of each interval's hazard on the customers who had not bought before it."""
    if slices.year_ago is None:
        return []
    then, labels = slices.year_ago
    watched = np.full(len(then), slices.horizon_days)
    parts = [(then, *at_risk(labels["days_to_next"].to_numpy(), watched, edges))]
    groups = frame.groupby("cutoff").indices.values()
    parts += [(frame.iloc[rows], awaited[rows], came[rows]) for rows in groups]
    return fit_interval_seasons(parts, slices.season_reach)
