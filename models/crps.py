"""The score of a law of days: what chooses a member here, and judges every model in training."""

import numpy as np
from numpy.typing import NDArray

from features.arrays import Floats


def crps_by_customer(days_to_next: NDArray[np.int_], within: Floats) -> Floats:
    """Continuous ranked probability score over days 1..H of each customer, in days.

    Parameters
    ----------
    days_to_next : int array (n,)
        First whole h with a purchase within h days; 0 without one within H.
    within : array (n, H + 1)
        F(h) for h = 0..H.

    >>> crps_by_customer(np.array([2]), np.array([[0.0, 0.0, 1.0, 1.0]]))
    array([0.])
    """
    h = np.arange(1, within.shape[1])[None, :]
    days = days_to_next[:, None]
    bought = (days > 0) & (days <= h)
    return np.asarray(((within[:, 1:] - bought) ** 2).sum(axis=1))


def crps(days_to_next: NDArray[np.int_], within: Floats) -> float:
    """Mean of `crps_by_customer`."""
    return float(crps_by_customer(days_to_next, within).mean())
