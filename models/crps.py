"""The continuous ranked probability score (CRPS) of forecasts of the days to the next purchase.

The CRPS chooses the BTYD model of a shop, and judges every timing model in training.
"""

import numpy as np
from numpy.typing import NDArray

from features.arrays import Floats


def crps_by_customer(days_to_next: NDArray[np.int_], within: Floats) -> Floats:
    """Compute the CRPS of each customer's forecast over the days 1..H, in days; 0 is perfect.

    Parameters
    ----------
    days_to_next : int array (n,)
        First whole h with a purchase within h days; 0 without a purchase within H days.
    within : array (n, H + 1)
        The forecast: probability of a purchase within h days, for h = 0..H.

    Returns
    -------
    array (n,)
        Sum over the days of the squared distance between the forecast and what happened.

    >>> crps_by_customer(np.array([2]), np.array([[0.0, 0.0, 1.0, 1.0]]))
    array([0.])
    """
    h = np.arange(1, within.shape[1])[None, :]
    days = days_to_next[:, None]
    bought = (days > 0) & (days <= h)
    return np.asarray(((within[:, 1:] - bought) ** 2).sum(axis=1))


def crps(days_to_next: NDArray[np.int_], within: Floats) -> float:
    """Compute the mean over all customers of `crps_by_customer`, in days."""
    return float(crps_by_customer(days_to_next, within).mean())
