"""Fits the models of value: the Gamma-Gamma model of spend, and the number of purchases."""

import io
import warnings
from contextlib import redirect_stdout
from functools import partial

import numpy as np
import pandas as pd

from features.arrays import Floats
from models.boosters.booster import BoosterSettings, BoosterTarget, ResidualBooster
from models.btyd.history import rfm_arrays
from models.btyd.lifetimes_fit import import_lifetimes
from models.purchase.slices import Slices
from models.purchase.value import GammaGamma, PurchaseCount, further_purchases

MIN_REPEATERS = 50  # repeat buyers, below which no spend is fitted
_PENALTIES = (0.0, 0.001, 0.01, 0.1, 1.0)  # tried in turn until a fit converges
_COUNT_SETTINGS = BoosterSettings(rounds=80, bins=63)


def fit_gamma_gamma(frame: pd.DataFrame) -> GammaGamma | None:
    """Fit the Gamma-Gamma model of spend by penalised maximum likelihood.

    Parameters
    ----------
    frame : DataFrame
        `frequency, monetary_value` (minor units), one row per customer.

    Returns
    -------
    GammaGamma or None
        None without amounts, with fewer than `MIN_REPEATERS` repeat buyers, and where the amounts
        are so unequal
        that the fitted distribution has no mean (q <= 1).
    """
    if "monetary_value" not in frame:
        return None
    repeaters = frame[(frame["frequency"] > 0) & (frame["monetary_value"] > 0)]
    if len(repeaters) < MIN_REPEATERS:
        return None
    lifetimes = import_lifetimes()
    unit = float(repeaters["monetary_value"].median())
    for penalty in _PENALTIES:
        fitter = lifetimes.GammaGammaFitter(penalizer_coef=penalty)
        # lifetimes warns of overflow during the search and prints the optimiser's report
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            try:
                fitter.fit(
                    repeaters["frequency"],
                    repeaters["monetary_value"] / unit,
                    q_constraint=True,
                )
            except lifetimes.fitters.ConvergenceError:
                continue
        p, q, v = (float(fitter.params_[name]) for name in ("p", "q", "v"))
        if np.isfinite([p, q, v]).all() and q > 1:
            return GammaGamma(p, q, v, unit)
    return None


def further_purchases_by_row(slices: Slices) -> Floats:
    """Compute `further_purchases` by the BTYD model that was fitted at each row's cutoff.

    Returns
    -------
    array (n,)
        Row by row with `slices.frame`.
    """
    compute = partial(further_purchases, horizon_days=slices.horizon_days)
    return slices.apply_btyd_by_cutoff(slices.frame, compute)


def fit_count(slices: Slices, seed: int) -> PurchaseCount | None:
    """Fit how many purchase days a customer who buys within H has after the first of them.

    Parameters
    ----------
    slices : Slices
        Features and labels; the rows of customers who bought within H of their cutoff count.
    seed : int
        Of the booster, which has a Poisson objective.

    Returns
    -------
    PurchaseCount or None
        None where nobody bought a second time within H.
    """
    returned = slices.labels["returned"].to_numpy(dtype=bool)
    further_days = slices.labels["purchase_days"].to_numpy()[returned] - 1
    if not further_days.any():
        return None
    target = BoosterTarget(
        outcome=further_days,
        offset=np.log(further_purchases_by_row(slices))[returned],
        weight=slices.weights[returned],
        objective="poisson",
    )
    rows = slices.binned(_COUNT_SETTINGS).take(np.flatnonzero(returned))
    booster = ResidualBooster.fit(rows, slices.columns, target, _COUNT_SETTINGS, seed=seed)
    latest, horizon = slices.latest, slices.horizon_days
    further = further_purchases(slices.btyd, latest, horizon)
    further *= slices.btyd.p_within(*rfm_arrays(latest), [horizon])[:, 0]
    corrected = PurchaseCount(booster, 0.0).correct(further, latest)
    return PurchaseCount(booster, float(np.log(further.sum() / corrected.sum())))
