"""Value: how many purchases, given a return, and what each of them will be worth.

The spend of a purchase day is Gamma-Gamma's: Fader & Hardie, "The Gamma-Gamma Model of Monetary
Value" (2013), eq. 5. Boosters of the amount were better on one log and worse on others; see
`benchmarks.purchase.value`.
"""

import io
import warnings
from contextlib import redirect_stdout
from functools import partial

import msgspec
import numpy as np
import pandas as pd

from features.arrays import Floats
from models.boosters.booster import BoosterSettings, Columns, ResidualBooster
from models.btyd.history import rfm_arrays
from models.btyd.lifetimes_fit import import_lifetimes
from models.btyd.member import Member
from models.purchase.slices import Slices

MIN_REPEATERS = 50
_PENALTIES = (0.0, 0.001, 0.01, 0.1, 1.0)
_FEWEST = 1e-3  # purchase days after the first that are expected of anybody
_COUNT = BoosterSettings(rounds=160, bins=63)


class GammaGamma(msgspec.Struct, frozen=True):
    """A fitted Gamma-Gamma model of `monetary_value`; amounts in `unit` minor units.

    q > 1, so that the expected spend is finite. No gamma law has an amount of zero: customers
    whose repeat purchases all cost nothing are left out of the fit, and are expected to spend
    little.
    """

    p: float
    q: float
    v: float
    unit: float

    def expected_spend(self, frequency: Floats, monetary_value: Floats) -> Floats:
        """Give the expected amount of a purchase day, in minor units.

        The customer's own mean, drawn to the population's; a one-time buyer, who has no
        repeat purchase to judge by, gets the population's.
        """
        own = np.where(frequency > 0, np.nan_to_num(monetary_value), 0.0)
        total = self.p * frequency + self.q - 1
        return self.p * (self.v * self.unit + frequency * own) / total


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


class PurchaseCount(msgspec.Struct, frozen=True):
    """A booster's correction of the purchase days after the first one.

    Attributes
    ----------
    booster : ResidualBooster
        Its correction is of the logarithm of BG/NBD's expectation.
    level : float
        Added to each correction, so that the population's sum stays BG/NBD's: the slices say who
        buys more often than others, but their season is over.
    """

    booster: ResidualBooster
    level: float

    def correct(self, further: Floats, inputs: Columns) -> Floats:
        """Correct `further_purchases` of the same rows."""
        return np.asarray(further * np.exp(self.booster.correction(inputs) + self.level))


def further_purchases(btyd: Member, inputs: Columns, horizon_days: int) -> Floats:
    """Give BG/NBD's expectation of the purchase days within H after the first one, above 0.

    It is given that there is a first one.
    """
    x, t_x, T = rfm_arrays(inputs)
    expected = btyd.expected_purchases(x, t_x, T, horizon_days)
    returns = btyd.p_within(x, t_x, T, [horizon_days])[:, 0]
    ratio = np.divide(expected, returns, out=np.ones_like(expected), where=returns > 0)
    return np.maximum(ratio - 1.0, _FEWEST)


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
