"""Fits the value models: the Gamma-Gamma model of spend and the count of purchases."""

import io
import warnings
from contextlib import redirect_stdout
from functools import partial

import numpy as np
import pandas as pd

from features.arrays import Floats
from models.boosters.booster import BoosterSettings, ResidualBooster
from models.btyd.history import rfm_arrays
from models.btyd.lifetimes_fit import import_lifetimes
from models.purchase.slices import Slices
from models.purchase.value import GammaGamma, PurchaseCount, further_purchases

MIN_REPEATERS = 50


_PENALTIES = (0.0, 0.001, 0.01, 0.1, 1.0)


_COUNT = BoosterSettings(rounds=160, bins=63)


def fit_gamma_gamma(frame: pd.DataFrame) -> GammaGamma | None:
    """Fit to `frequency, monetary_value`.

    None with too few repeat buyers to fit anything, and with amounts so unequal that the law
    that fits them has no mean (q <= 1).
    """
    repeaters = frame[(frame["frequency"] > 0) & (frame["monetary_value"] > 0)]
    if len(repeaters) < MIN_REPEATERS:
        return None
    lifetimes = import_lifetimes()
    unit = float(repeaters["monetary_value"].median())
    for penalty in _PENALTIES:
        fitter = lifetimes.GammaGammaFitter(penalizer_coef=penalty)
        # as in models.btyd.lifetimes_fit: overflow on the way, and the optimiser's report
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


def further_by_slice(slices: Slices) -> Floats:
    """Give each row `further_purchases` by the BTYD model fitted at the row's own cutoff."""
    ask = partial(further_purchases, horizon_days=slices.horizon_days)
    return slices.ask_btyds(slices.frame, ask)


def fit_count(slices: Slices, seed: int) -> PurchaseCount:
    """Fit the purchase days after the first one, a Poisson law, to the returning rows."""
    returned = slices.labels["returned"].to_numpy(dtype=bool)
    booster = ResidualBooster.fit(
        slices.frame[returned],
        slices.columns,
        slices.labels["purchase_days"].to_numpy()[returned] - 1,
        np.log(further_by_slice(slices))[returned],
        _COUNT,
        seed,
        weight=slices.weights[returned],
        objective="poisson",
    )
    latest, horizon = slices.latest, slices.horizon_days
    further = further_purchases(slices.btyd, latest, horizon)
    further *= slices.btyd.p_within(*rfm_arrays(latest), [horizon])[:, 0]
    corrected = PurchaseCount(booster, 0.0).correct(further, latest)
    return PurchaseCount(booster, float(np.log(further.sum() / corrected.sum())))
