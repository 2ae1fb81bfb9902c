"""Repurchase timing: when, given a return within the horizon; and what it will be worth."""

from collections.abc import Sequence
from functools import lru_cache

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from features.arrays import Floats
from models.boosters.booster import Columns, ResidualBooster, stack
from models.boosters.contributions import BASELINE, Parts, add_up, of_booster, of_offset
from models.btyd.history import RFM, Days, rfm_arrays
from models.btyd.member import Member
from models.purchase.season import CUTOFF_DAY, Season
from models.purchase.value import GammaGamma, PurchaseCount, further_purchases

EDGE = 1e-6
_CARRIED = 0.5  # of the models' differences from BG/NBD within H, beyond it
INTERVAL = "interval"  # the booster's name for the place of an interval, its last column
_ALL = slice(None)


class TimingModel(msgspec.Struct, frozen=True):
    """A discrete hazard of the return, given that there is one within H.

    The horizon is cut into intervals; in each a LightGBM booster corrects the conditional
    BG/NBD hazard. The last interval's hazard is 1, so that G(H) = 1 by construction.

    Attributes
    ----------
    edges : list of int
        Last days of the intervals; the last one is H.
    gamma_gamma : GammaGamma or None
        Spend per purchase day; None with too few repeat buyers.
    mean_logits : list of float
        BG/NBD's mean logit of the hazard over the population at the model's cutoff, one per
        interval but the last: what reasons compare a customer with.
    seasons : list of Season
        The shift of each interval's hazard but the last's; empty where it is not known.
    count : PurchaseCount or None
        Corrects BG/NBD's expectation of the purchases after the first within H; None where
        there is no `booster`.
    """

    horizon_days: int
    edges: list[int]
    btyd: Member
    booster: ResidualBooster | None
    gamma_gamma: GammaGamma | None
    mean_logits: list[float]
    seasons: list[Season] = []
    count: PurchaseCount | None = None

    @property
    def inputs(self) -> tuple[str, ...]:
        """Features that the model reads."""
        boosters = [self.booster, self.count.booster if self.count else None]
        columns = [name for booster in boosters if booster for name in booster.columns]
        own = (name for name in columns if name != INTERVAL)
        day = [CUTOFF_DAY] if self.seasons else []
        return tuple(dict.fromkeys((*RFM, "monetary_value", *day, *own)))

    def given_return(self, inputs: Columns) -> Floats:
        """Give G(h) = P(purchase within h days | one within H) for h = 0, 1, ..., H.

        Columns `inputs` -> array (rows, H + 1), never falling along a row, 0 at h = 0 and 1 at
        H; within an interval it is linear.
        """
        survival = np.cumprod(1.0 - expit(self._logits(inputs)), axis=1)
        at_edges = np.column_stack([1.0 - survival, np.ones(len(survival))])
        return _to_days(at_edges, self.edges)

    def _logits(self, inputs: Columns) -> Floats:
        """Give the logit of each interval's hazard but the last's: (rows, intervals - 1)."""
        logits = logit(conditional_hazards(self.btyd, inputs, self.edges))
        if self.booster is None:
            return np.asarray(logits)
        logits = logits + self._shifts(inputs)
        rows = person_intervals(inputs, self.booster.columns, logits.shape[1])
        return np.asarray(logits + self.booster.correction(rows).reshape(logits.shape))

    def _shifts(self, inputs: Columns) -> Floats | float:
        """Give the season's shift of each interval's hazard but the last's."""
        if not self.seasons:
            return 0.0
        return np.column_stack([season.ahead(inputs) for season in self.seasons])

    @property
    def weights(self) -> Floats:
        """What each interval but the last counts for in `speed`; they sum to 1.

        An interval counts by the chance that BG/NBD's average customer, who returns, is still
        awaited at its start. They are the same for all, so that customers can be compared.
        """
        awaited = np.cumprod([1.0, *(1.0 - expit(self.mean_logits[:-1]))])
        return np.asarray(awaited / awaited.sum())

    def speed(self, inputs: Columns) -> Floats:
        """Give how soon a returning customer is back: mean hazard log-odds, one per row."""
        return np.asarray(self._logits(inputs) @ self.weights)

    def contributions(self, inputs: Columns) -> Parts:
        """Take `speed` apart: the baseline, the purchase history, and a part per feature.

        What the booster says of an interval's place, and the season, belong to the baseline:
        they are no facts of a customer.
        """
        offset = logit(conditional_hazards(self.btyd, inputs, self.edges)) @ self.weights
        parts = [of_offset(offset, float(self.weights @ self.mean_logits))]
        if self.booster is not None:
            rows = person_intervals(inputs, self.booster.columns, len(self.mean_logits))
            over = of_booster(self.booster, rows)
            own = {name: v.reshape(len(offset), -1) @ self.weights for name, v in over.items()}
            season = np.broadcast_to(self._shifts(inputs), (len(offset), len(self.weights)))
            own[BASELINE] = own[BASELINE] + own.pop(INTERVAL) + season @ self.weights
            parts.append(own)
        return add_up((1.0, part) for part in parts)

    def expected_purchases_given_return(self, inputs: Columns) -> Floats:
        """Give E(purchase days within H | at least one): at least 1, at most H."""
        further = further_purchases(self.btyd, inputs, self.horizon_days)
        if self.count is not None:
            further = self.count.correct(further, inputs)
        return np.minimum(1.0 + further, self.horizon_days)

    def expected_spend_per_purchase(self, inputs: Columns) -> Floats | None:
        """Give the expected minor units of a purchase day; None where they were not fitted."""
        if self.gamma_gamma is None:
            return None
        return self.gamma_gamma.expected_spend(
            np.asarray(inputs["frequency"], dtype=float),
            np.asarray(inputs["monetary_value"], dtype=float),
        )

    def tail(self, inputs: Columns, days: Days, p_return: Floats, lead: float) -> Floats:
        """Give P(no purchase within h days | none within H) for days h beyond H.

        BG/NBD's, its odds of a return tilted by what the models know of the customer beside the
        purchase dates: by how much `p_return` = F(H) exceeds BG/NBD's own, on the logit scale
        and by halves. What it exceeds for everybody, `lead`, is no news of the customer, and on
        real logs did not outlast the horizon.

        Returns
        -------
        array (rows, len(days))
            Never rising in h, and 1 towards H.
        """
        x, t_x, T = rfm_arrays(inputs)
        within = self.btyd.p_within(x, t_x, T, np.append(self.horizon_days, days))
        left = np.minimum((1.0 - within[:, 1:]) / np.maximum(1.0 - within[:, :1], EDGE), 1.0)
        own, theirs = (np.clip(p, EDGE, 1 - EDGE) for p in (p_return, within[:, 0]))
        tilt = np.exp(_CARRIED * (logit(own) - logit(theirs) - lead))[:, None]
        return np.asarray(left / (left + tilt * (1.0 - left)))


def conditional_hazards(btyd: Member, inputs: Columns, edges: Sequence[int]) -> Floats:
    """Give BG/NBD's hazard of each interval but the last, given a return within H.

    Array (rows, intervals - 1), away from 0 and 1.
    """
    x, t_x, T = rfm_arrays(inputs)
    return np.clip(btyd.return_hazards(x, t_x, T, edges), EDGE, 1 - EDGE)


def person_intervals(
    inputs: Columns,
    columns: Sequence[str],
    intervals: int,
    kept: NDArray[np.bool_] | slice = _ALL,
) -> Floats:
    """Repeat each row once per interval, with the interval's place as the last column.

    Matrix (rows * intervals, columns); of these rows those that are `kept`.
    """
    own = stack(inputs, columns[:-1])
    wide = np.column_stack([own, np.zeros(len(own))])
    rows = wide[np.repeat(np.arange(len(own)), intervals)[kept]]
    rows[:, -1] = np.tile(np.arange(intervals), len(own))[kept]
    return rows


def _to_days(at_edges: Floats, edges: Sequence[int]) -> Floats:
    """Interpolate a law given at the edges to days 0..H, linearly."""
    right, share = _knots(tuple(edges))
    law = np.column_stack([np.zeros(len(at_edges)), at_edges])
    return np.asarray(law[:, right - 1] * (1 - share) + law[:, right] * share)


@lru_cache
def _knots(edges: tuple[int, ...]) -> tuple[NDArray[np.intp], Floats]:
    """Find which edge each day 0..H comes before, and how much of the way to it has passed."""
    days = np.arange(edges[-1] + 1)
    knots = np.array([0, *edges])
    right = np.clip(np.searchsorted(knots, days), 1, len(edges))
    return right, (days - knots[right - 1]) / (knots[right] - knots[right - 1])
