"""Formulas of Poisson purchases whose rate is Gamma(shape, scale) over customers, in weeks."""

import numpy as np
from scipy.special import gammaln

from features.arrays import Floats
from models.btyd.history import WEEK, Days
from models.btyd.quadrature import integrate_over_beta


def log_poisson_likelihood(r: float, alpha: float, frequency: Floats, T: Floats) -> Floats:
    """Compute the log-likelihood of `frequency` purchases at their instants within T weeks.

    Parameters
    ----------
    r, alpha : float
        Shape and scale (weeks) of the gamma distribution of the rate.

    Returns
    -------
    array (n,)
    """
    rate = gammaln(r + frequency) - gammaln(r) + r * np.log(alpha)
    return np.asarray(rate - (r + frequency) * np.log(alpha + T))


def log_poisson_survival(shape: Floats, scale: Floats, days: Days) -> Floats:
    """Compute log P(no purchase within h days) of a Poisson process with a gamma rate.

    Parameters
    ----------
    shape, scale : array (n,)
        Posterior of each customer's rate, scale in weeks.

    Returns
    -------
    array (n, len(days))
    """
    h = np.asarray(days, dtype=float)[None, :] / WEEK
    return np.asarray(-shape[:, None] * np.log1p(h / scale[:, None]))


def expected_poisson_purchases(
    a: float, b: Floats, shape: Floats, scale: Floats, days: float
) -> Floats:
    """Compute the expected number of purchases of a living customer within `days`: array (n,).

    With the drop-out probability p and the rate l it is (1 - exp(-l p t)) / p in time t. The rate
    is integrated out in closed form, and p by Gauss-Jacobi quadrature over its posterior
    Beta(a, b). That stays finite where the closed form with a hypergeometric function (Fader,
    Hardie & Lee 2005, eq. 10) does not.

    Parameters
    ----------
    a, b : float, array (n,)
        Parameters of the posterior of the drop-out probability.
    shape, scale : array (n,)
        Posterior of the rate, scale in weeks.
    """
    t = days / WEEK

    def given(p: Floats, rows: slice) -> Floats:
        grown = np.log1p(p * (t / scale[rows, None]))
        return np.asarray(-np.expm1(-shape[rows, None] * grown) / p)

    return integrate_over_beta(a, b, given)
