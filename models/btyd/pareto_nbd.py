"""Pareto/NBD: Poisson purchases, and an exponential lifetime that may end at any moment.

Sources: Schmittlein, Morrison & Colombo, "Counting Your Customers" (1987); Fader & Hardie, "A
Note on Deriving the Pareto/NBD Model" (2005). Their hypergeometric closed forms are differences
of huge numbers for frequent buyers. Here the same integrals over the moment of the drop-out are
taken by quadrature of positive terms.

With R = r + x, a customer who is alive at an age t, without a purchase since, has a purchase
rate with the posterior Gamma(R, alpha + t) and, independent of it, a drop-out rate with
Gamma(s, beta + t). Both P(alive) and the law of the next purchase follow from which of the two
comes first.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from scipy.special import expit, exprel

from features.arrays import Floats
from models.btyd.fitted import Fitted
from models.btyd.history import WEEK, Days
from models.btyd.poisson import log_poisson_likelihood
from models.btyd.quadrature import comes_first

_Gamma = tuple[Floats, Floats]  # shape and scale of a rate


class ParetoNbd(Fitted, frozen=True, tag="pareto_nbd"):
    """A fitted Pareto/NBD.

    While alive a customer buys as a Poisson process whose rate is Gamma(r, alpha) over
    customers, and lives exponentially with a rate that is Gamma(s, beta). One-time buyers drop
    out like everybody.
    """

    r: float
    alpha: float
    s: float
    beta: float

    def p_alive(self, frequency: Floats, recency: Floats, T: Floats) -> Floats:
        """Give P(still a customer at the cutoff), in [0, 1]."""
        return np.asarray(expit(-self._log_odds_dead(frequency, recency, T)))

    def p_within(self, frequency: Floats, recency: Floats, T: Floats, days: Days) -> Floats:
        """Give P(next purchase within h days) for each h: array (customers, len(days))."""
        asked, place = np.unique(np.asarray(days, dtype=float), return_inverse=True)
        buys = np.exp(self._log_masses(frequency, T, asked)).cumsum(axis=1)[:, place]
        alive = self.p_alive(frequency, recency, T)[:, None]
        return np.asarray(alive * np.minimum(buys, 1.0))

    def expected_purchases(
        self, frequency: Floats, recency: Floats, T: Floats, days: float
    ) -> Floats:
        """Give the expected number of purchases within `days`.

        Mean rate of a living customer, times the mean time left within `days` (Fader & Hardie
        2005, eq. 41), which is smooth in s through s = 1.
        """
        age = self.beta + T / WEEK
        grown = np.log1p(days / WEEK / age)
        lives = age * grown * exprel((1.0 - self.s) * grown)
        rate = (self.r + frequency) / (self.alpha + T / WEEK)
        return np.asarray(self.p_alive(frequency, recency, T) * rate * lives)

    def return_hazards(
        self,
        frequency: Floats,
        recency: Floats,  # noqa: ARG002  every member is asked alike
        T: Floats,
        edges: Sequence[float],
    ) -> Floats:
        """Give the hazard of each interval but the last, given a return within edges[-1].

        Array (customers, len(edges) - 1). P(alive) cancels out.
        """
        logs = self._log_masses(frequency, T, np.asarray(edges, dtype=float))
        left = np.logaddexp.accumulate(logs[:, ::-1], axis=1)[:, ::-1]
        return np.asarray(np.minimum(np.exp(logs[:, :-1] - left[:, :-1]), 1.0))

    def log_likelihood(self, frequency: Floats, recency: Floats, T: Floats) -> Floats:
        """Give each customer's log-likelihood of the purchases' instants, in weeks."""
        age = T / WEEK
        buys = log_poisson_likelihood(self.r, self.alpha, frequency, age)
        lives = -self.s * np.log1p(age / self.beta)
        dead = self._log_odds_dead(frequency, recency, T)
        return np.asarray(buys + lives + np.logaddexp(0.0, dead))

    def _log_odds_dead(self, frequency: Floats, recency: Floats, T: Floats) -> Floats:
        """Give log(P(dropped out since the last purchase) / P(alive))."""
        buys, leaves = self._rates(frequency, recency)
        since = (T - recency) / WEEK
        with np.errstate(divide="ignore"):  # bought at the very end: no time to drop out in
            gone = np.log(comes_first(leaves, buys, since))
        return np.asarray(gone - _log_neither(buys, leaves, since))

    def _log_masses(self, frequency: Floats, T: Floats, days: Floats) -> Floats:
        """Give log P(next purchase between two of the rising days | alive), the first from 0.

        Neither a purchase nor the drop-out in the days before, then the purchase first: array
        (customers, len(days)).
        """
        logs = np.empty((len(T), len(days)))
        for place, (since, until) in enumerate(pairwise([0.0, *days])):
            rates = self._rates(frequency, T + since)
            within = np.full(len(T), (until - since) / WEEK)
            with np.errstate(divide="ignore"):  # day 0
                logs[:, place] = np.log(comes_first(*rates, within))
            before = np.full(len(T), since / WEEK)
            logs[:, place] += _log_neither(*self._rates(frequency, T), before)
        return logs

    def _rates(self, frequency: Floats, age: Floats) -> tuple[_Gamma, _Gamma]:
        """Give shape and scale of both rates of a customer alive at an age, in weeks."""
        age = age / WEEK
        buys = (self.r + frequency, self.alpha + age)
        return buys, (np.full(len(age), self.s), self.beta + age)


def _log_neither(buys: _Gamma, leaves: _Gamma, within: Floats) -> Floats:
    """Give log P(neither a purchase nor the drop-out within a time)."""
    rates = (buys, leaves)
    return np.asarray(-sum(shape * np.log1p(within / scale) for shape, scale in rates))
