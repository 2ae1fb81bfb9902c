"""Judges by the closed windows of a small shop whether a model is worth more than one law for all.

A shop with few customers can show nothing on one holdout. Its closed windows are more, and a model
that was fitted at each of their cutoffs had not seen them either.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.arrays import Floats

# In 35 simulated shops of a hundred customers a BTYD model had the lower log-loss afterwards in
# every one; two standard errors would have turned it down in seven, one in a single one.
_STANDARD_ERRORS = 1.0


def is_better(losses: Floats, rival_losses: Floats, customers: pd.Series) -> bool:
    """Tell whether the losses are lower than a rival's by more than one standard error.

    The rows of one customer resemble each other, so that their differences are summed first.

    Parameters
    ----------
    losses, rival_losses : array (n,)
        Loss of each row; lower is better.
    customers : Series (n,)
        The customer of each row.

    Returns
    -------
    bool
        False with fewer than two customers.
    """
    excess = np.bincount(pd.factorize(customers)[0], weights=losses - rival_losses)
    if len(excess) < 2:
        return False
    return bool(excess.mean() < -_STANDARD_ERRORS * excess.std(ddof=1) / np.sqrt(len(excess)))


def smoothed_law(days_to_next: NDArray[np.int_], horizon_days: int) -> Floats:
    """Compute the share of rows that bought within h days, which is never certain before H ends.

    Half a row that buys, on any day with the same probability, and half a row that does not are
    added to those that were seen (Jeffreys' prior).

    Parameters
    ----------
    days_to_next : int array (n,)
        Day of the next purchase, 1..H; 0 for none.
    horizon_days : int
        H.

    Returns
    -------
    array (H + 1,)
        Shares for h = 0..H, above 0 and below 1 but for h = 0.
    """
    counts = np.bincount(days_to_next, minlength=horizon_days + 1).astype(float)
    counts[0] = 0.0
    any_day = np.linspace(0.0, 1.0, horizon_days + 1)
    return np.asarray((np.cumsum(counts) + 0.5 * any_day) / (len(days_to_next) + 1.0))
