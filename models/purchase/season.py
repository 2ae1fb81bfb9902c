"""The season: how much more readily the same customers buy at one time of the year.

Customers who bought within the last 91 days are sorted into cells by how often and how long ago;
a cell means the same in a young log and in an old one. Over several cutoffs q,

    logit P(buys within H | cell, q) = cell + gamma_q,

and gamma_q is the season. A model learns with each slice's gamma taken out, and answers with the
one of a year (364 days: the same weekday) earlier put in. What one log's last quarter did is
the wrong season to go by; the year-ago one foretold the coming one within .1 on a shop with a
strong Christmas.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from features.arrays import Floats
from models.boosters.booster import Columns

YEAR_DAYS = 364
INPUTS = ("days_since_last", "purchase_days_count_91d")  # what cells are made of
CUTOFF_DAY = "day_of_cutoff"
ACTIVE_DAYS = 91
_COUNTS = (2, 3, 5, 8)  # of purchase days: where a new cell begins
_SILENCES = (8, 15, 31, 61)  # days since the last one, likewise
_CELLS = (len(_COUNTS) + 1) * (len(_SILENCES) + 1)
_PRIOR = 0.5  # pulls a gamma that few customers speak for to 0


class Season(msgspec.Struct, frozen=True):
    """The seasonal shift of the logit of a purchase within H.

    Attributes
    ----------
    days : list of int
        Local days of closed cutoffs, rising; the first is the one a year before the model's.
    gammas : list of float
        The shift at each, over their mean.
    """

    days: list[int]
    gammas: list[float]

    def at(self, day: Floats | int) -> Floats:
        """Give the shift of a closed cutoff's day; between two of them linearly."""
        return np.asarray(np.interp(day, self.days, self.gammas))

    def ahead(self, inputs: Columns) -> Floats:
        """Give each row the shift of a year before its own cutoff.

        A model that is asked long after its cutoff stays at the last shift it knows.
        """
        return self.at(np.asarray(inputs[CUTOFF_DAY], dtype=float) - YEAR_DAYS)


def fit_season(
    frames: Sequence[pd.DataFrame], outcomes: Sequence[NDArray[np.bool_]], days: Sequence[int]
) -> Season:
    """Fit the shifts of several cutoffs together.

    Parameters
    ----------
    frames : sequence of DataFrame
        By cutoff: `days_since_last, purchase_days_count_91d`.
    outcomes : sequence of array
        Row by row whether it happened: a return within H, or what else has a season.
    days : sequence of int
        The cutoffs' local days.
    """
    order = np.argsort(days)
    counted = [_count(frames[place], outcomes[place]) for place in order]
    customers, happened = (np.column_stack(part) for part in zip(*counted, strict=True))

    def loss(values: Floats) -> tuple[float, Floats]:
        cells, gammas = values[:_CELLS], values[_CELLS:]
        score = cells[:, None] + gammas[None, :]
        error = customers * expit(score) - happened
        total = np.sum(customers * np.logaddexp(0.0, score) - happened * score)
        total += _PRIOR * (np.sum(gammas**2) + np.sum(cells**2) / 10)
        slope = np.r_[error.sum(axis=1) + _PRIOR * cells / 5, error.sum(axis=0)]
        slope[_CELLS:] += 2 * _PRIOR * gammas
        return float(total), slope

    start = np.zeros(_CELLS + len(order))
    found = minimize(loss, start, jac=True, method="L-BFGS-B").x[_CELLS:]
    shifts = found - found.mean()
    return Season([int(days[place]) for place in order], shifts.tolist())


def _count(frame: pd.DataFrame, outcome: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Count the active customers of each cell, and those of them that it happened to."""
    active = (frame["days_since_last"] < ACTIVE_DAYS).to_numpy()
    silence = np.digitize(frame["days_since_last"][active], _SILENCES)
    often = np.digitize(frame["purchase_days_count_91d"][active], _COUNTS)
    cell = often * (len(_SILENCES) + 1) + silence
    customers = np.bincount(cell, minlength=_CELLS).astype(float)
    return customers, np.bincount(cell, outcome[active], minlength=_CELLS).astype(float)
