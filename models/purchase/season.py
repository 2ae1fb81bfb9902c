"""The season: how much likelier the same customers are to buy at one time of the year.

Customers are sorted into cells by how often they bought in 91 days and by how long ago they bought
last. A cell has to mean the same in a young log and in an old one. Whoever has been silent for
almost all of a young log bought only in its first days; customers therefore count only as far as
`find_reach` says. Over several cutoffs q,

    logit P(purchase within H | cell, q) = cell + gamma_q,

and gamma_q is the seasonal shift. A model is fitted with each slice's shift subtracted, and
predicts with the shift of a year earlier added (364 days, so that the weekday is the same). The
shift of the log's last quarter would be the wrong one; the shift of a year before predicted the
coming one within 0.1 in a shop with a strong Christmas season.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from features.arrays import Flags, Floats
from models.boosters.booster import Columns

YEAR_DAYS = 364
SEASON_COLUMNS = ("days_since_last", "purchase_days_count_91d", "T")  # the cells and the reach
CUTOFF_DAY = "day_of_cutoff"  # the feature that holds the local day of the row's cutoff
ACTIVE_DAYS = 91  # customers with a purchase within so many days count in any log
_FIRST_DAYS = 91  # of a history; customers who have been silent since then do not count
# A reach below half a year made no difference on a real log, and cost .6 % of the CRPS of a
# simulated one without a season, all of whose customers had come in its first months.
_LEAST_REACH = 182
_COUNTS = (2, 3, 5, 8)  # numbers of purchase days at which a new cell begins
_SILENCES = (8, 15, 31, 61, 91, 182, 364)  # days since the last purchase at which one begins
_CELLS = (len(_COUNTS) + 1) * (len(_SILENCES) + 1)
_PRIOR = 0.5  # weight of the penalty that draws the shifts of few customers towards 0


class Season(msgspec.Struct, frozen=True):
    """The seasonal shift of the logit of a purchase within H days, by day.

    Attributes
    ----------
    days : list of int
        Local days of cutoffs whose windows have closed, rising, as days since 1970-01-01; the
        first one is a year before the model's cutoff.
    gammas : list of float
        The shift of the logit on each of the days; their mean is 0.
    """

    days: list[int]
    gammas: list[float]

    def shift_on(self, day: Floats | int) -> Floats:
        """Return the shift on local days, interpolated linearly between `days`: array (n,)."""
        return np.asarray(np.interp(day, self.days, self.gammas))

    def shift_a_year_before(self, inputs: Columns) -> Floats:
        """Return the shift of the day a year before each row's cutoff: array (rows,).

        Beyond the last day that is known the shift stays the last one.

        Parameters
        ----------
        inputs : columns
            `day_of_cutoff`.
        """
        return self.shift_on(np.asarray(inputs[CUTOFF_DAY], dtype=float) - YEAR_DAYS)


def find_reach(frames: Sequence[pd.DataFrame]) -> float:
    """Find how many days since the last purchase a customer may have to count for the season.

    Parameters
    ----------
    frames : sequence of DataFrame
        One per cutoff: `T`, the days since the first purchase, one row per customer. The largest
        one tells how long the history before the cutoff is.

    Returns
    -------
    float
        The shortest history less its first 91 days; where less than 182 are left, 91.

    Examples
    --------
    >>> find_reach([pd.DataFrame({"T": [10.0, 400.0]}), pd.DataFrame({"T": [30.0, 428.0]})])
    309.0
    """
    history = min(float(frame["T"].max()) for frame in frames)
    reach = history - _FIRST_DAYS
    return reach if reach >= _LEAST_REACH else ACTIVE_DAYS


def fit_season(
    frames: Sequence[pd.DataFrame],
    outcomes: Sequence[NDArray[np.bool_]],
    days: Sequence[int],
    reach: float,
) -> Season:
    """Fit the seasonal shifts of several cutoffs together, by penalised maximum likelihood.

    Parameters
    ----------
    frames : sequence of DataFrame
        One per cutoff: `days_since_last, purchase_days_count_91d`, one row per customer.
    outcomes : sequence of bool arrays
        Row by row with the frames, whether the event happened whose season is fitted, such as a
        purchase within H days.
    days : sequence of int
        The local day of each cutoff.
    reach : float
        Customers whose last purchase is less than so many days ago count, as `find_reach` says.
    """
    order = np.argsort(days)
    counted = [_count(frames[index], outcomes[index], reach) for index in order]
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
    gammas = minimize(loss, start, jac=True, method="L-BFGS-B").x[_CELLS:]
    shifts = gammas - gammas.mean()
    return Season([int(days[index]) for index in order], shifts.tolist())


def fit_interval_seasons(
    parts: Sequence[tuple[pd.DataFrame, Flags, Flags]], reach: float
) -> list[Season]:
    """Fit the season of each interval on the customers whose purchase was awaited at its begin.

    Parameters
    ----------
    parts : sequence of (frame, awaited, came)
        One per cutoff: features (`SEASON_COLUMNS` and the day of the cutoff) of n customers, and
        bool arrays (n, intervals): whether the purchase was awaited when an interval began, and
        whether it came in it.
    reach : float
        `Slices.season_reach`.

    Returns
    -------
    list of Season
        One per interval. Its shift is 0 where nobody's purchase was awaited at any cutoff.
    """
    flat = Season([0], [0.0])  # the same on every day
    seasons = []
    for interval in range(parts[0][1].shape[1]):
        known = [
            (frame[awaited[:, interval]], came[awaited[:, interval], interval])
            for frame, awaited, came in parts
            if awaited[:, interval].any()
        ]
        if known:
            frames, outcomes = zip(*known, strict=True)
            seasons.append(fit_season(frames, outcomes, local_cutoff_days(frames), reach))
        else:
            seasons.append(flat)
    return seasons


def local_cutoff_days(frames: Sequence[pd.DataFrame]) -> list[int]:
    """Return the local day of each frame's cutoff, in days since 1970-01-01."""
    return [int(frame[CUTOFF_DAY].iloc[0]) for frame in frames]


def _count(frame: pd.DataFrame, outcome: NDArray[np.bool_], reach: float) -> tuple[Floats, Floats]:
    """Count the customers of each cell within reach, and those with the event: arrays (cells,)."""
    within = (frame["days_since_last"] < reach).to_numpy()
    silence = np.digitize(frame["days_since_last"][within], _SILENCES)
    often = np.digitize(frame["purchase_days_count_91d"][within], _COUNTS)
    cell = often * (len(_SILENCES) + 1) + silence
    customers = np.bincount(cell, minlength=_CELLS).astype(float)
    return customers, np.bincount(cell, outcome[within], minlength=_CELLS).astype(float)
