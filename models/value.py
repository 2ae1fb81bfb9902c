"""Value: expected spend per purchase day, by the Gamma-Gamma model.

Source: Fader & Hardie, "The Gamma-Gamma Model of Monetary Value" (2013), eq. 5.
"""

import io
import warnings
from contextlib import redirect_stdout

import msgspec
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.btyd.lifetimes_fit import import_lifetimes

Floats = NDArray[np.float64]

MIN_REPEATERS = 50
_PENALTIES = (0.0, 0.001, 0.01, 0.1, 1.0)


class GammaGamma(msgspec.Struct, frozen=True):
    """A fitted Gamma-Gamma model of `monetary_value`; amounts in `unit` minor units.

    q > 1, so that the expected spend is finite.
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
    """Fit to `frequency, monetary_value`; None with too few repeat buyers to fit anything."""
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
