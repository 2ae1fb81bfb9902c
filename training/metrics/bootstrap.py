"""Computes bootstrap intervals of paired differences between the losses of two models.

A customer stands in several origins, and the outcomes of one customer resemble each other.
Rows drawn one by one would make the intervals too narrow, so that whole customers are drawn
(Field and Welsh 2007, the cluster bootstrap); every model is judged on the same draw.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from features.arrays import Floats
from features.errors import refuse

DRAWS = 1000
_INTERVAL = (2.5, 97.5)  # percent
_BLOCK_CELLS = 4_000_000  # 32 MB of weights at a time


@dataclass(frozen=True)
class LossDifference:
    """The difference of two mean losses in % of the rival's; below 0 ours is the smaller.

    Attributes
    ----------
    percent, low, high : float
        The difference and its 95 % interval, in %. Infinite where the rival loses nothing and we
        do; 0 where neither loses anything.
    """

    percent: float
    low: float
    high: float

    @property
    def distinguishable(self) -> bool:
        """Whether the 95 % interval of the difference leaves out 0."""
        return self.low > 0 or self.high < 0

    @property
    def row(self) -> dict[str, Any]:
        """The difference as a row of a table: `percent, low, high` (in %) and `distinguishable`."""
        return asdict(self) | {"distinguishable": self.distinguishable}


def paired_difference(
    loss: ArrayLike,
    rival_loss: ArrayLike,
    customer: ArrayLike,
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> LossDifference:
    """Compute the relative difference of two mean losses over the same rows, with its interval.

    Parameters
    ----------
    loss, rival_loss : array (n,)
        Losses, 0 or more; a customer may have rows of several origins.
    customer : array (n,)
        Id of the customer of each row.
    draws : int
        How often all customers are drawn anew, with replacement.
    seed : int
        Seed of the draws.

    Returns
    -------
    LossDifference
        In % of the rival's mean loss, with a 95 % interval.

    Raises
    ------
    InputError
        The arrays differ in length or are not finite.

    Examples
    --------
    >>> paired_difference([1.0, 2.0, 3.0], [2.0, 4.0, 6.0], ["a", "b", "b"])
    LossDifference(percent=-50.0, low=-50.0, high=-50.0)
    """
    (difference,) = paired_differences(
        loss, {"rival_loss": rival_loss}, customer, draws=draws, seed=seed
    ).values()
    return difference


def paired_differences(
    loss: ArrayLike,
    rival_losses: Mapping[str, ArrayLike],
    customer: ArrayLike,
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> dict[str, LossDifference]:
    """Compute the relative difference of a mean loss to each of several rivals', on the same draws.

    Parameters
    ----------
    loss : array (n,)
        Losses, 0 or more; a customer may have rows of several origins.
    rival_losses : dict of str to array (n,)
        By rival, the losses of the same rows.
    customer : array (n,)
        Id of the customer of each row.
    draws : int
        How often all customers are drawn anew, with replacement.
    seed : int
        Seed of the draws.

    Returns
    -------
    dict of str to LossDifference
        By rival, in % of the rival's mean loss, with a 95 % interval.

    Raises
    ------
    InputError
        The arrays differ in length or are not finite.
    """
    losses = {"loss": loss, **rival_losses}
    totals = _totals_by_customer(losses, customer)
    drawn = np.concatenate([weights @ totals for weights in _draws(len(totals), draws, seed)])
    return {
        name: _difference(totals[:, [0, column]].sum(axis=0), drawn[:, [0, column]])
        for column, name in enumerate(rival_losses, start=1)
    }


def _difference(whole: Floats, drawn: Floats) -> LossDifference:
    """Compute the difference from total losses (ours, rival's), over all customers and per draw."""
    percent = _percent(*whole)
    # a draw may hold nobody on whom the rival loses anything: the ratio has no value there
    counted = drawn[drawn[:, 1] > 0]
    if not len(counted):
        return LossDifference(percent, percent, percent)
    low, high = np.percentile(100 * (counted[:, 0] / counted[:, 1] - 1), _INTERVAL)
    return LossDifference(percent, float(low), float(high))


def _percent(ours: float, rival: float) -> float:
    if rival > 0:
        return float(100 * (ours / rival - 1))
    return math.inf if ours > 0 else 0.0


def _totals_by_customer(losses: Mapping[str, ArrayLike], customer: ArrayLike) -> Floats:
    """Sum the losses of each customer's rows: array (customers, losses)."""
    codes = pd.factorize(np.asarray(customer))[0]
    columns = []
    for name, values in losses.items():
        column = np.asarray(values, dtype=float)
        if column.shape != codes.shape or not np.isfinite(column).all():
            raise refuse(
                name,
                f"one finite loss for each of {len(codes)} rows",
                f"an array of shape {column.shape}, {np.isfinite(column).sum()} of them finite",
                "Give the losses of the same rows as `customer`.",
            )
        columns.append(np.bincount(codes, weights=column))
    return np.column_stack(columns)


def _draws(customers: int, draws: int, seed: int) -> Iterator[Floats]:
    """Draw customers with replacement: how often each is drawn, in blocks (block, customers)."""
    rng = np.random.default_rng(seed)
    block = max(1, min(draws, _BLOCK_CELLS // customers))
    for first in range(0, draws, block):
        size = min(block, draws - first)
        cells = rng.integers(customers, size=(size, customers))
        cells += customers * np.arange(size)[:, None]
        counts = np.bincount(cells.ravel(), minlength=size * customers)
        yield counts.reshape(size, customers).astype(float)
