"""Poisson purchases whose rate is Gamma(shape, scale) over customers, its scale in weeks."""

import numpy as np
from scipy.special import gammaln

from features.arrays import Floats
from models.btyd.history import WEEK, Days
from models.btyd.quadrature import over_beta


def log_poisson_likelihood(r: float, alpha: float, frequency: Floats, T: Floats) -> Floats:
    """Give the log-likelihood of `frequency` purchases at their instants within T weeks."""
    rate = gammaln(r + frequency) - gammaln(r) + r * np.log(alpha)
    return np.asarray(rate - (r + frequency) * np.log(alpha + T))


def log_poisson_survival(shape: Floats, scale: Floats, days: Days) -> Floats:
    """Give log P(nothing within h days) of a Poisson process with a Gamma(shape, scale) rate."""
    h = np.asarray(days, dtype=float)[None, :] / WEEK
    return np.asarray(-shape[:, None] * np.log1p(h / scale[:, None]))


def poisson_purchases(a: float, b: Floats, shape: Floats, scale: Floats, days: float) -> Floats:
    """Give a living customer's expected purchases within `days`.

    With drop-out probability p and rate l it is (1 - exp(-l p t)) / p in time t. The rate is
    integrated out in closed form, p by Gauss-Jacobi quadrature over its posterior Beta(a, b),
    which stays finite where the hypergeometric closed form (FHL 2005, eq. 10) does not.

    Parameters
    ----------
    a, b : float, array (n,)
        Of the drop-out probability's posterior.
    shape, scale : array (n,)
        Of the rate's posterior, in weeks.
    """
    t = days / WEEK

    def given(p: Floats, rows: slice) -> Floats:
        grown = np.log1p(p * (t / scale[rows, None]))
        return np.asarray(-np.expm1(-shape[rows, None] * grown) / p)

    return over_beta(a, b, given)
