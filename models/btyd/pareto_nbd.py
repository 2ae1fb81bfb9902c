"""The Pareto/NBD model: customers buy at random, and may drop out at any moment.

Sources: Schmittlein, Morrison & Colombo, "Counting Your Customers" (1987); Fader & Hardie, "A
Note on Deriving the Pareto/NBD Model" (2005). Their closed forms with hypergeometric functions are
differences of huge numbers for frequent buyers. This module computes the same integrals over the
moment of the drop-out by quadrature of positive terms.

With R = r + x, where x is the number of repeat purchases: a customer who is alive t weeks after the
first purchase has a purchase rate with the posterior Gamma(R, alpha + t) and, independently, a
drop-out rate with the posterior Gamma(s, beta + t). P(alive) and the distribution of the next
purchase follow from the probability that one of two such events comes before the other.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from scipy.special import expit, exprel

from features.arrays import Floats
from models.btyd.fitted_member import FittedMember
from models.btyd.history import WEEK, Days
from models.btyd.poisson import log_poisson_likelihood
from models.btyd.quadrature import probability_of_coming_first

_Gamma = tuple[Floats, Floats]  # shape and scale (weeks) of the gamma distribution of a rate


class ParetoNbd(FittedMember, frozen=True, tag="pareto_nbd"):
    """A fitted Pareto/NBD model.

    While alive a customer buys as a Poisson process whose rate is Gamma(r, alpha) over customers.
    The lifetime is exponential with a rate that is Gamma(s, beta) over customers. One-time
    buyers drop out like all others.

    Attributes
    ----------
    r, alpha : float
        Shape and scale (weeks) of the gamma distribution of the purchase rate.
    s, beta : float
        Shape and scale (weeks) of the gamma distribution of the drop-out rate.
    """

    r: float
    alpha: float
    s: float
    beta: float

    def p_alive(self, frequency: Floats, recency: Floats, T: Floats) -> Floats:
        """Compute P(still a customer at the cutoff): array (n,)."""
        return np.asarray(expit(-self._log_odds_dead(frequency, recency, T)))

    def p_within(self, frequency: Floats, recency: Floats, T: Floats, days: Days) -> Floats:
        """Compute P(next purchase within h days) for each h: array (n, len(days))."""
        distinct, positions = np.unique(np.asarray(days, dtype=float), return_inverse=True)
        buys = np.exp(self._log_masses(frequency, T, distinct)).cumsum(axis=1)[:, positions]
        alive = self.p_alive(frequency, recency, T)[:, None]
        return np.asarray(alive * np.minimum(buys, 1.0))

    def expected_purchases(
        self, frequency: Floats, recency: Floats, T: Floats, days: float
    ) -> Floats:
        """Compute the expected number of purchases within `days`: array (n,).

        It is P(alive) times the mean rate of a living customer times the mean lifetime left within
        `days` (Fader & Hardie 2005, eq. 41), in a form that is continuous at s = 1.

        Parameters
        ----------
        frequency : array (n,)
            Purchase days after the first.
        recency, T : array (n,)
            Days from the first purchase to the last, and to the cutoff.
        days : float
            Days after the cutoff.
        """
        age = self.beta + T / WEEK
        grown = np.log1p(days / WEEK / age)
        lives = age * grown * exprel((1.0 - self.s) * grown)
        rate = (self.r + frequency) / (self.alpha + T / WEEK)
        return np.asarray(self.p_alive(frequency, recency, T) * rate * lives)

    def return_hazards(
        self,
        frequency: Floats,
        recency: Floats,  # noqa: ARG002  every member takes the same arguments
        T: Floats,
        edges: Sequence[float],
    ) -> Floats:
        """Compute the hazard of each interval but the last, given a return within edges[-1].

        It is the probability of a purchase in the interval, given none before the interval and
        one within edges[-1]; P(alive) cancels out.

        Parameters
        ----------
        edges : sequence of float
            Last days of the intervals, rising.

        Returns
        -------
        array (n, len(edges) - 1)
        """
        logs = self._log_masses(frequency, T, np.asarray(edges, dtype=float))
        left = np.logaddexp.accumulate(logs[:, ::-1], axis=1)[:, ::-1]
        return np.asarray(np.minimum(np.exp(logs[:, :-1] - left[:, :-1]), 1.0))

    def log_likelihood(self, frequency: Floats, recency: Floats, T: Floats) -> Floats:
        """Compute each customer's log-likelihood, times in weeks: array (n,)."""
        age = T / WEEK
        buys = log_poisson_likelihood(self.r, self.alpha, frequency, age)
        lives = -self.s * np.log1p(age / self.beta)
        dead = self._log_odds_dead(frequency, recency, T)
        return np.asarray(buys + lives + np.logaddexp(0.0, dead))

    def _log_odds_dead(self, frequency: Floats, recency: Floats, T: Floats) -> Floats:
        """Compute log(P(dropped out since the last purchase) / P(alive)): array (n,)."""
        buys, leaves = self._rates(frequency, recency)
        since = (T - recency) / WEEK
        with np.errstate(divide="ignore"):  # a purchase at T leaves no time to drop out
            gone = np.log(probability_of_coming_first(leaves, buys, since))
        return np.asarray(gone - _log_neither(buys, leaves, since))

    def _log_masses(self, frequency: Floats, T: Floats, days: Floats) -> Floats:
        """Compute log P(next purchase between the previous of the rising days and this | alive).

        The first interval begins at 0. The purchase falls into an interval if neither it nor the
        drop-out came before, and it comes before the drop-out and within the interval.

        Returns
        -------
        array (n, len(days))
        """
        logs = np.empty((len(T), len(days)))
        for column, (since, until) in enumerate(pairwise([0.0, *days])):
            rates = self._rates(frequency, T + since)
            within = np.full(len(T), (until - since) / WEEK)
            with np.errstate(divide="ignore"):  # an interval without length has log 0
                logs[:, column] = np.log(probability_of_coming_first(*rates, within))
            before = np.full(len(T), since / WEEK)
            logs[:, column] += _log_neither(*self._rates(frequency, T), before)
        return logs

    def _rates(self, frequency: Floats, age: Floats) -> tuple[_Gamma, _Gamma]:
        """Return the posteriors of purchase and drop-out rate, given alive at an age in days."""
        age = age / WEEK
        buys = (self.r + frequency, self.alpha + age)
        return buys, (np.full(len(age), self.s), self.beta + age)


def _log_neither(buys: _Gamma, leaves: _Gamma, within: Floats) -> Floats:
    """Compute log P(neither a purchase nor the drop-out within some weeks): array (n,)."""
    rates = (buys, leaves)
    return np.asarray(-sum(shape * np.log1p(within / scale) for shape, scale in rates))
