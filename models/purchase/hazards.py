"""A discrete-time hazard model of the next purchase, whether there is one within H days or not.

The churn model mixes its probability of a purchase within H days with this one's. It learns from
what the other members cannot read: slices whose window is still open, as far as they are known.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from features.arrays import Flags, Floats
from models.boosters.booster import Columns, ResidualBooster
from models.boosters.contributions import (
    BASELINE,
    Contributions,
    booster_contributions,
    sum_contributions,
)
from models.purchase.season import CUTOFF_DAY, Season
from models.purchase.timing import INTERVAL, person_intervals

_MARGIN = 1e-6  # least distance of a probability from 0 and from 1
# The last days of the intervals of a horizon of 90 days; other horizons scale them. Slices that are
# known for 7, 35 and 63 days are read whole. Ten intervals gained hardly more.
_EDGES_OF_90 = (7, 21, 35, 63, 90)


class PurchaseHazards(msgspec.Struct, frozen=True):
    """The hazard of the next purchase by interval, and how much its probability counts.

    The horizon is cut into intervals. The hazard of an interval is the probability that the
    customer buys in it, given no purchase before it. It starts from the same rate for everybody:
    one that started from the BTYD model's brought nothing.

    Attributes
    ----------
    share : float
        The weight of this model's probability of a purchase within H days in the churn model's,
        0 to 1.
    base : list of float
        The logit of the hazard that the booster corrects, one per interval.
    booster : ResidualBooster
        Corrects the logit of the hazard.
    seasons : list of Season
        The seasonal shift of each interval's hazard; empty where it is not known.
    """

    share: float
    base: list[float]
    booster: ResidualBooster
    seasons: list[Season] = []

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the features that the model reads."""
        features = [name for name in self.booster.columns if name != INTERVAL]
        return (*([CUTOFF_DAY] if self.seasons else []), *features)

    def p_return(self, inputs: Columns) -> Floats:
        """Predict P(purchase within H days): columns `inputs` -> array (rows,)."""
        return p_of_hazards(self._logits(inputs))

    def _logits(self, inputs: Columns) -> Floats:
        """Compute the logit of each interval's hazard: array (rows, intervals)."""
        logits = self.base + booster_logits(self.booster, inputs, len(self.base))
        if not self.seasons:
            return np.asarray(logits)
        shifts = [season.shift_a_year_before(inputs) for season in self.seasons]
        return np.asarray(logits + np.column_stack(shifts))

    def contributions(self, inputs: Columns) -> Contributions:
        """Split the logit of `p_return` into the baseline and one term per feature.

        The logit is not a sum of the hazards' logits. A feature's term is its effect on those,
        each times the slope of the logit of `p_return` at the customer. What the slopes leave
        over belongs to the baseline.

        Returns
        -------
        Contributions
            Arrays (rows,) by name, which sum to the logit of `p_return`.
        """
        logits = self._logits(inputs)
        p_return = p_of_hazards(logits)
        slopes = expit(logits) / p_return[:, None]
        rows = person_intervals(inputs, self.booster.columns, len(self.base))
        terms = {
            name: (values.reshape(slopes.shape) * slopes).sum(axis=1)
            for name, values in booster_contributions(self.booster, rows).items()
            if name not in (BASELINE, INTERVAL)
        }
        return close_contributions(terms, logit(p_return))


def close_contributions(terms: Contributions, score: Floats) -> Contributions:
    """Set the baseline to what the other terms leave over of a score.

    >>> one = np.ones(1)
    >>> close_contributions({"a": one, BASELINE: 7 * one}, 3 * one)[BASELINE].tolist()
    [2.0]
    """
    others = {name: values for name, values in terms.items() if name != BASELINE}
    explained = sum(others.values(), start=np.zeros(len(score)))
    return others | {BASELINE: score - explained}


def mix_contributions(parts: Sequence[tuple[float, Floats, Contributions]]) -> Contributions:
    """Split the logit of a mixture of probabilities into terms by name.

    Parameters
    ----------
    parts : sequence of (share, probabilities, contributions)
        The shares sum to 1; contributions sum to the logit of the probabilities.

    Returns
    -------
    Contributions
        A term of a part counts by the slope of the mixture's logit in the part's logit. What the
        slopes leave over belongs to the baseline, so that all terms sum to the mixture's logit.
    """
    p = sum((share * of_part for share, of_part, _ in parts), start=np.zeros(1))
    slopes = [share * q * (1.0 - q) / (p * (1.0 - p)) for share, q, _ in parts]
    scaled = [
        {name: slope * values for name, values in terms.items()}
        for slope, (_, _, terms) in zip(slopes, parts, strict=True)
    ]
    return close_contributions(sum_contributions((1.0, part) for part in scaled), logit(p))


def p_of_hazards(logits: Floats) -> Floats:
    """Compute P(purchase in any interval) from the logits of the hazards: (n, k) -> (n,)."""
    return np.asarray(np.clip(1.0 - np.prod(expit(-logits), axis=1), _MARGIN, 1.0 - _MARGIN))


def booster_logits(booster: ResidualBooster, inputs: Columns, intervals: int) -> Floats:
    """Compute a booster's correction of each interval's hazard: array (rows, intervals)."""
    rows = person_intervals(inputs, booster.columns, intervals)
    return booster.correction(rows).reshape(-1, intervals)


def hazard_edges(horizon_days: int) -> list[int]:
    """Cut a horizon into intervals and return their last days.

    >>> hazard_edges(30)
    [2, 7, 12, 21, 30]
    """
    return sorted({max(1, round(edge * horizon_days / 90)) for edge in _EDGES_OF_90})


def at_risk(
    days: NDArray[np.int64], watched: NDArray[np.int64], edges: Sequence[int]
) -> tuple[Flags, Flags]:
    """Find who could buy in an interval, and who did.

    Parameters
    ----------
    days : int array (n,)
        Days to the next purchase; 0 where there was none within the days that are known.
    watched : int array (n,)
        Number of days that are known.
    edges : sequence of int
        Last days of the intervals.

    Returns
    -------
    awaited, came : bool arrays (n, len(edges))
        Whether the next purchase was still to come when the interval began and the whole interval
        is known; whether it came in it.
    """
    interval = np.where(days > 0, np.searchsorted(edges, days), len(edges))[:, None]
    place = np.arange(len(edges))[None, :]
    known = np.array(edges)[None, :] <= watched[:, None]
    return known & (place <= interval), place == interval
