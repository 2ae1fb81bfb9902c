"""Baselines that stand in every comparison: what a user could do instead of our models.

Each is a function (slices, population) -> F(h) for h = 0..H, array (n, H + 1), fitted on the
slices alone.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.special import logit

from features.arrays import Floats
from models.boosters.binned_rows import BinnedRows
from models.boosters.booster import (
    BoosterSettings,
    BoosterTarget,
    ResidualBooster,
    column_matrix,
)
from models.btyd.history import RFM, rfm_arrays
from models.btyd.member import MemberName, member_name
from models.btyd.member_fit import fit_member
from models.purchase.past_evidence import smoothed_law
from models.purchase.slices import Slices

Baseline = Callable[[Slices, pd.DataFrame], Floats]

_RECENCY_BINS = 20
_RFM_COLUMNS = (*RFM, "monetary_value", "days_since_last")  # of those that the shop has
_RFM_KNOTS = (7, 14, 30, 60, 90)
_RFM_SETTINGS = BoosterSettings(
    rounds=60, learning_rate=0.08, leaves=15, min_rows=100, l2=5.0, feature_share=1.0
)


def base_rate_law(slices: Slices, population: pd.DataFrame) -> Floats:
    """Forecast for everybody what happened to the customers of the latest slice.

    It is smoothed a little, so that the forecast is never certain.

    Parameters
    ----------
    slices : Slices
        Features and labels to learn from.
    population : DataFrame
        One row per customer to forecast (n rows).

    Returns
    -------
    array (n, H + 1)
        P(next purchase within h days) for h = 0..H, the same in every row.
    """
    latest = slices.frame["cutoff"] == slices.frame["cutoff"].max()
    days = slices.labels["days_to_next"].to_numpy()[latest.to_numpy()]
    return np.tile(smoothed_law(days, slices.horizon_days), (len(population), 1))


def days_since_last_law(slices: Slices, population: pd.DataFrame) -> Floats:
    """Forecast for each customer what happened to those who had been silent for about as long.

    Parameters
    ----------
    slices : Slices
        Features and labels to learn from; customers are parted into twentieths by silence.
    population : DataFrame
        One row per customer to forecast (n rows), with `days_since_last_law`.

    Returns
    -------
    array (n, H + 1)
        P(next purchase within h days) for h = 0..H.
    """
    silence = slices.frame["days_since_last"]
    edges = np.unique(np.quantile(silence, np.linspace(0, 1, _RECENCY_BINS + 1))[1:-1])
    groups = np.searchsorted(edges, silence)
    laws = np.array(
        [
            empirical_law(slices.labels["days_to_next"][groups == group], slices.horizon_days)
            for group in range(len(edges) + 1)
        ]
    )
    return laws[np.searchsorted(edges, population["days_since_last"])]


def mean_gap_law(slices: Slices, population: pd.DataFrame) -> Floats:
    """Forecast an exponential waiting time with each customer's mean gap between purchases.

    This is what people compute in a spreadsheet: age over purchases, and nobody ever leaves.

    Parameters
    ----------
    slices : Slices
        Only the horizon is read.
    population : DataFrame
        One row per customer to forecast (n rows), with `gap_shrunken` (days, the gap that is still
        open counted).

    Returns
    -------
    array (n, H + 1)
        P(next purchase within h days) for h = 0..H.
    """
    gap = np.asarray(population["gap_shrunken"], dtype=float)
    days = np.arange(slices.horizon_days + 1)[None, :]
    return np.asarray(-np.expm1(-days / np.maximum(gap, 1.0)[:, None]))


def make_btyd_baseline(name: MemberName) -> Baseline:
    """Make the baseline of one BTYD model, fitted at the cutoff.

    Parameters
    ----------
    name : MemberName
        Name of the BTYD model.

    Returns
    -------
    callable
        (slices, population) -> F(h), array (n, H + 1).
    """

    def law(slices: Slices, population: pd.DataFrame) -> Floats:
        days = range(slices.horizon_days + 1)
        fitted = member_name(slices.btyd) == name
        btyd = slices.btyd if fitted else fit_member(slices.latest, name)
        return btyd.p_within(*rfm_arrays(population), days)

    return law


def lightgbm_rfm_law(slices: Slices, population: pd.DataFrame) -> Floats:
    """Forecast with LightGBM on frequency, recency, T and monetary value alone.

    This is what a data scientist writes first: one model per horizon (7, 14, 30, 60, 90 days and
    H), made monotone and interpolated linearly.

    Parameters
    ----------
    slices : Slices
        Features and labels to learn from.
    population : DataFrame
        One row per customer to forecast (n rows).

    Returns
    -------
    array (n, H + 1)
        P(next purchase within h days) for h = 0..H.
    """
    horizon = slices.horizon_days
    knots = sorted({k for k in _RFM_KNOTS if k < horizon} | {horizon})
    days = slices.labels["days_to_next"].to_numpy()
    at_knots = [np.zeros(len(population))]
    columns = tuple(name for name in _RFM_COLUMNS if name in slices.frame)
    binned = BinnedRows.bin(
        column_matrix(slices.frame, columns),
        columns,
        _RFM_SETTINGS.bins,
        _RFM_SETTINGS.min_rows,
    )
    for knot in knots:
        bought = (days > 0) & (days <= knot)
        rate = float(np.clip(bought.mean(), 1e-6, 1 - 1e-6))
        offset = np.full(len(bought), logit(rate))
        booster = ResidualBooster.fit(
            binned, columns, BoosterTarget(bought, offset), _RFM_SETTINGS, seed=0
        )
        at_knots.append(1 / (1 + np.exp(-logit(rate) - booster.correction(population))))
    law = np.maximum.accumulate(np.column_stack(at_knots), axis=1)
    return np.array([np.interp(np.arange(horizon + 1), [0, *knots], row) for row in law])


def empirical_law(days_to_next: "pd.Series[int]", horizon: int) -> Floats:
    """Compute the share of customers who bought within h days, for h = 0..horizon.

    Parameters
    ----------
    days_to_next : Series (n,)
        Day of the next purchase, 1..horizon; 0 for none.
    horizon : int
        Days.

    Returns
    -------
    array (horizon + 1,)
        Shares, 0..1.
    """
    counts = np.bincount(days_to_next, minlength=horizon + 1)[: horizon + 1].astype(float)
    counts[0] = 0.0
    law: Floats = np.cumsum(counts) / max(len(days_to_next), 1)
    return law


BASELINES: dict[str, Baseline] = {
    "base rate": base_rate_law,
    "days since last": days_since_last_law,
    "mean gap": mean_gap_law,
    "BG/NBD": make_btyd_baseline("bg_nbd"),
    "MBG/NBD": make_btyd_baseline("mbg_nbd"),
    "LightGBM-RFM": lightgbm_rfm_law,
}
