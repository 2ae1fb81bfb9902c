"""The timing model, which predicts when a customer who buys within the horizon will buy.

It also predicts how many purchases a returning customer makes within the horizon, and their amount.
"""

from collections.abc import Sequence
from functools import lru_cache

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from features.arrays import Floats, Floats32
from models.boosters.booster import Columns, ResidualBooster, column_matrix
from models.boosters.contributions import (
    BASELINE,
    Contributions,
    booster_contributions,
    offset_contributions,
    sum_contributions,
)
from models.btyd.history import RFM, Days, rfm_arrays
from models.btyd.member import Member
from models.purchase.season import CUTOFF_DAY, Season
from models.purchase.value import GammaGamma, PurchaseCount, further_purchases

PROBABILITY_MARGIN = 1e-6  # least distance of a probability from 0 and from 1
# The share of the models' difference from the BTYD model within H that is kept beyond H.
_CARRIED = 0.5
INTERVAL = "interval"  # the booster's last column: the index of the interval
_ALL_ROWS = slice(None)


class TimingModel(msgspec.Struct, frozen=True):
    """A discrete-time hazard model of the return, given that there is one within H days.

    The horizon is cut into intervals. The hazard of an interval is the probability that the
    customer returns in it, given a return within H but none before the interval. A booster
    corrects the BTYD model's hazard. The hazard of the last interval is 1, so that G(H) = 1.

    A small shop has no booster. There the BTYD model predicts alone, or, where the shop's own past
    does not show that it is better, the law of all earlier returns.

    Attributes
    ----------
    horizon_days : int
        H, the length of the horizon.
    edges : list of int
        Last days of the intervals; the last one is H.
    btyd : Member
        The BTYD model, fitted at the model's cutoff.
    booster : ResidualBooster or None
        Corrects the logit of the hazard; None where there was too little data.
    gamma_gamma : GammaGamma or None
        The model of the amount of a purchase day; None with too few repeat buyers.
    mean_logits : list of float
        The BTYD model's mean logit of the hazard over the population at the model's cutoff, one
        per interval but the last, with which reasons compare a customer.
    seasons : list of Season
        The seasonal shift of each interval's hazard but the last's; empty where it is not known.
    count : PurchaseCount or None
        Corrects the BTYD model's expected number of purchases after the first within H; None
        where there is no `booster`.
    pooled : list of float
        G(h) for h = 0..H of all earlier returns together, where it is predicted for everybody;
        else empty.
    """

    horizon_days: int
    edges: list[int]
    btyd: Member
    booster: ResidualBooster | None
    gamma_gamma: GammaGamma | None
    mean_logits: list[float]
    seasons: list[Season] = []
    count: PurchaseCount | None = None
    pooled: list[float] = []

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the features that the model reads."""
        boosters = [self.booster, self.count.booster if self.count else None]
        columns = [name for booster in boosters if booster for name in booster.columns]
        features = (name for name in columns if name != INTERVAL)
        day = [CUTOFF_DAY] if self.seasons else []
        spend = [] if self.gamma_gamma is None else ["monetary_value"]
        return tuple(dict.fromkeys((*RFM, *spend, *day, *features)))

    def given_return(self, inputs: Columns) -> Floats:
        """Predict G(h) = P(purchase within h days | purchase within H days) for h = 0..H.

        Returns
        -------
        array (rows, H + 1)
            Never falling along a row, 0 at h = 0 and 1 at h = H; linear within an interval.
        """
        if self.pooled:
            return np.tile(self.pooled, (len(inputs["T"]), 1))
        survival = np.cumprod(1.0 - expit(self._logits(inputs)), axis=1)
        at_edges = np.column_stack([1.0 - survival, np.ones(len(survival))])
        return _to_days(at_edges, self.edges)

    def _logits(self, inputs: Columns) -> Floats:
        """Compute the logit of each interval's hazard: array (rows, intervals - 1)."""
        logits = logit(conditional_hazards(self.btyd, inputs, self.edges))
        if self.booster is None:
            return np.asarray(logits)
        logits = logits + self._shifts(inputs)
        rows = person_intervals(inputs, self.booster.columns, logits.shape[1])
        return np.asarray(logits + self.booster.correction(rows).reshape(logits.shape))

    def _shifts(self, inputs: Columns) -> Floats | float:
        """Return the season's shift of each interval's hazard: array (rows, intervals - 1)."""
        if not self.seasons:
            return 0.0
        return np.column_stack([season.shift_a_year_before(inputs) for season in self.seasons])

    @property
    def weights(self) -> Floats:
        """The weight of each interval but the last in `speed`: array (intervals - 1,), sum 1.

        An interval counts by the probability that the BTYD model's average returning customer
        has not returned at its start. The weights are the same for all customers, so that their
        speeds can be compared.
        """
        awaited = np.cumprod([1.0, *(1.0 - expit(self.mean_logits[:-1]))])
        return np.asarray(awaited / awaited.sum())

    def speed(self, inputs: Columns) -> Floats:
        """Compute how soon a returning customer is back: array (rows,), higher is sooner.

        It is the weighted mean over the intervals of the logit of the hazard; 0 where the same law
        is predicted for everybody.
        """
        if self.pooled:
            return np.zeros(len(inputs["T"]))
        return np.asarray(self._logits(inputs) @ self.weights)

    def contributions(self, inputs: Columns) -> Contributions:
        """Split `speed` into the baseline, the purchase history, and one term per feature.

        The effects of an interval's index and of the season are not facts about a customer and
        so belong to the baseline.

        Returns
        -------
        Contributions
            Arrays (rows,) by name, which sum to `speed`.
        """
        if self.pooled:
            return {BASELINE: self.speed(inputs)}
        offset = logit(conditional_hazards(self.btyd, inputs, self.edges)) @ self.weights
        parts = [offset_contributions(offset, float(self.weights @ self.mean_logits))]
        if self.booster is not None:
            rows = person_intervals(inputs, self.booster.columns, len(self.mean_logits))
            by_interval = booster_contributions(self.booster, rows)
            weighted = {
                name: values.reshape(len(offset), -1) @ self.weights
                for name, values in by_interval.items()
            }
            season = np.broadcast_to(self._shifts(inputs), (len(offset), len(self.weights)))
            weighted[BASELINE] += weighted.pop(INTERVAL) + season @ self.weights
            parts.append(weighted)
        return sum_contributions((1.0, part) for part in parts)

    def expected_purchases_given_return(self, inputs: Columns) -> Floats:
        """Predict the purchase days within H given at least one: array (rows,), 1 to H."""
        further = further_purchases(self.btyd, inputs, self.horizon_days)
        if self.count is not None:
            further = self.count.correct(further, inputs)
        return np.minimum(1.0 + further, self.horizon_days)

    def expected_spend_per_purchase(self, inputs: Columns) -> Floats | None:
        """Predict the amount of a purchase day, in minor units: array (rows,); None if unknown."""
        if self.gamma_gamma is None:
            return None
        return self.gamma_gamma.expected_spend(
            np.asarray(inputs["frequency"], dtype=float),
            np.asarray(inputs["monetary_value"], dtype=float),
        )

    def tail(self, inputs: Columns, days: Days, p_return: Floats, lead: float) -> Floats:
        """Predict P(no purchase within h days | none within H) for days h beyond H.

        It is the BTYD model's probability, whose odds of a return are changed by half of the
        amount by which both models' logit of a return within H exceeds the BTYD model's. The
        mean of that amount over all customers, `lead`, is subtracted before: on real logs it did
        not last beyond the horizon.

        Parameters
        ----------
        days : sequence of float
            The values of h, each greater than H.
        p_return : array (rows,)
            P(purchase within H days), as the churn model predicts it.
        lead : float
            The churn model's `lead`.

        Returns
        -------
        array (rows, len(days))
            Never rising in h, and close to 1 near H.
        """
        x, t_x, T = rfm_arrays(inputs)
        within = self.btyd.p_within(x, t_x, T, np.append(self.horizon_days, days))
        left = np.minimum(
            (1.0 - within[:, 1:]) / np.maximum(1.0 - within[:, :1], PROBABILITY_MARGIN), 1.0
        )
        predicted, of_btyd = (
            np.clip(p, PROBABILITY_MARGIN, 1 - PROBABILITY_MARGIN) for p in (p_return, within[:, 0])
        )
        tilt = np.exp(_CARRIED * (logit(predicted) - logit(of_btyd) - lead))[:, None]
        return np.asarray(left / (left + tilt * (1.0 - left)))


def conditional_hazards(btyd: Member, inputs: Columns, edges: Sequence[int]) -> Floats:
    """Compute the BTYD model's hazard of each interval but the last, given a return within H.

    Parameters
    ----------
    inputs : columns
        `frequency, recency, T` in days, one row per customer.
    edges : sequence of int
        Last days of the intervals; the last one is H.

    Returns
    -------
    array (rows, len(edges) - 1)
        Probabilities, away from 0 and 1.
    """
    x, t_x, T = rfm_arrays(inputs)
    hazards = btyd.return_hazards(x, t_x, T, edges)
    return np.clip(hazards, PROBABILITY_MARGIN, 1 - PROBABILITY_MARGIN)


def person_intervals(
    inputs: Columns,
    columns: Sequence[str],
    intervals: int,
    kept: NDArray[np.bool_] | slice = _ALL_ROWS,
) -> Floats32:
    """Repeat each customer's row once per interval, with the interval's index as last column.

    Parameters
    ----------
    columns : sequence of str
        Names of the columns; the last one is `INTERVAL`, the others are read from `inputs`.
    intervals : int
        How often each row is repeated.
    kept : bool array (rows * intervals,), optional
        The repeated rows that are returned; without it all of them.

    Returns
    -------
    float32 array (kept rows, len(columns))
        All intervals of the first customer, then those of the second, and so on.
    """
    features = column_matrix(inputs, columns[:-1])
    wide = np.column_stack([features, np.zeros(len(features), features.dtype)])
    rows = wide[np.repeat(np.arange(len(features)), intervals)[kept]]
    rows[:, -1] = np.tile(np.arange(intervals), len(features))[kept]
    return rows


def _to_days(at_edges: Floats, edges: Sequence[int]) -> Floats:
    """Interpolate probabilities at the edges linearly to the days 0..H: array (rows, H + 1)."""
    right, share = _knots(tuple(edges))
    law = np.column_stack([np.zeros(len(at_edges)), at_edges])
    return np.asarray(law[:, right - 1] * (1 - share) + law[:, right] * share)


@lru_cache
def _knots(edges: tuple[int, ...]) -> tuple[NDArray[np.intp], Floats]:
    """Find the edge after each day 0..H, and the share of the interval that has passed."""
    days = np.arange(edges[-1] + 1)
    knots = np.array([0, *edges])
    right = np.clip(np.searchsorted(knots, days), 1, len(edges))
    return right, (days - knots[right - 1]) / (knots[right] - knots[right - 1])
