"""The MBG/CNBD-k model of customers who buy at regular intervals; with k = 1 it is MBG/NBD.

Sources: Platzer & Reutterer, "Ticking Away the Moments" (Marketing Science 35, 2016), for
intervals with an Erlang-k distribution; Batislam, Denizel & Filiztekin (IJRM 24, 2007) for k = 1.
The formulas below are derived here from the assumptions of the model.

The gap between two purchases consists of k stages, each exponential with the customer's rate l, so
that a purchase is every k-th event of a Poisson process. l is Gamma(r, alpha) over customers. After
the first and every later purchase the customer drops out with probability p, which is Beta(a, b)
over customers. Of a customer x repeat purchases are known, the last one at age t_x, and that none
followed up to age T, which is s = T - t_x later.

**Rate after the last purchase.** x gaps are k x stages that took t_x in total, so that the
posterior of the rate is Gamma(A, B) with A = r + k x and B = alpha + t_x. How the stages fell
within the past gaps does not matter; of the current gap only the stage does.

**Silence.** The current gap is longer than s if fewer than k events fell into s. The probability
of that, averaged over the rate, is::

    Q(s) = sum_{j<k} E[(l s)^j exp(-l s) / j!]
         = (B / (B + s))^A  sum_{j<k} w_j(s),  w_j(s) = (A)_j / j!  (s / (B + s))^j

where (A)_j is the rising factorial. All terms are positive, so that no digits cancel.

**Alive.** A customer who is alive did not drop out at x + 1 purchases, and has not bought since by
chance. A customer who is not alive did not drop out at x purchases, and did at the last one. So::

    P(alive) = (b + x) Q(s) / ((b + x) Q(s) + a)

**Next purchase.** For a living customer P(no purchase within h | alive) = Q(s + h) / Q(s).

**Purchases within t.** Given the silence s, the gap is in stage j with a probability proportional
to w_j(s), and the rate is then Gamma(A + j, B + s). If M events follow within t,
N = floor((M + j) / k) purchases follow unless the customer drops out. The n-th one requires that
the customer did not drop out n - 1 times, each with probability q = 1 - p, so that
sum_{n<=N} q^(n-1) = (1 - q^N) / p purchases are expected. With z^k = q and the k-th roots of unity
w^i::

    q^floor(m / k) = z^(m - m mod k) = sum_i c_i (z w^i)^m,   c_i = 1/k sum_{m<k} z^-m w^(-i m)

and E[u^M] = ((B + s) / (B + s + t (1 - u)))^(A + j). What remains is an integral over p, whose
posterior is Beta(a, b + x + 1); it is computed by Gauss-Jacobi quadrature.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, expit, gammaln

from features.arrays import Floats
from models.btyd.drop_out_at_purchase import DropOutAtPurchase
from models.btyd.history import WEEK, Days
from models.btyd.poisson import expected_poisson_purchases
from models.btyd.quadrature import integrate_over_beta

_CERTAIN = 1.0 - 1e-9  # larger drop-out probabilities are replaced by it


class MbgCnbd(DropOutAtPurchase, frozen=True, tag="mbg_cnbd"):
    """A fitted MBG/CNBD-k model.

    One-time buyers may have dropped out after their first purchase, so that their P(alive) falls
    with the time since then.

    Attributes
    ----------
    k : int
        Number of stages of a gap between purchases: 1 (MBG/NBD), 2 or 3.
    r, alpha : float
        Shape and scale (weeks) of the gamma distribution of the rate of stages.
    a, b : float
        Parameters of the beta distribution of the drop-out probability.
    """

    k: int
    r: float
    alpha: float
    a: float
    b: float

    def p_alive(self, frequency: Floats, recency: Floats, T: Floats) -> Floats:
        """Compute P(still a customer at the cutoff): array (n,)."""
        log_odds_dead = np.log(self.a) - np.log(self.b + frequency)
        silent = self._log_silence(frequency, recency, T)
        return np.asarray(expit(silent - log_odds_dead))

    def log_survival(self, frequency: Floats, recency: Floats, T: Floats, days: Days) -> Floats:
        """Compute log P(no purchase within h days | alive): array (n, len(days))."""
        shape, scale = self._shape(frequency)[:, None], self.alpha + T[:, None] / WEEK
        since = (T - recency)[:, None] / WEEK
        h = np.asarray(days, dtype=float)[None, :] / WEEK
        later = self._stages(shape, (since + h) / (scale + h)).sum(axis=0)
        now = self._stages(shape, since / scale).sum(axis=0)
        survival = -shape * np.log1p(h / scale) + np.log(later) - np.log(now)
        return np.asarray(np.minimum(survival, 0.0))

    def expected_purchases(
        self, frequency: Floats, recency: Floats, T: Floats, days: float
    ) -> Floats:
        """Compute the expected number of purchases within `days`: array (n,)."""
        alive = self.p_alive(frequency, recency, T)
        shape, scale = self._shape(frequency), self.alpha + T / WEEK
        survived = self.b + frequency + 1.0
        if self.k == 1:
            return alive * expected_poisson_purchases(self.a, survived, shape, scale, days)
        stages = self._stages(shape, (T - recency) / WEEK / scale)
        stages /= stages.sum(axis=0)

        def given(p: Floats, rows: slice) -> Floats:
            step = days / WEEK / scale[rows, None]
            return _regular_purchases(p, stages[:, rows, None], shape[rows, None], step)

        buys = -np.expm1(self.log_survival(frequency, recency, T, [days])[:, 0])
        # The expectation is at least P(a purchase), which rounding might undercut.
        return alive * np.maximum(integrate_over_beta(self.a, survived, given), buys)

    def log_likelihood(
        self, frequency: Floats, recency: Floats, T: Floats, log_gaps: Floats | None = None
    ) -> Floats:
        """Compute each customer's log-likelihood, times in weeks: array (n,).

        Parameters
        ----------
        log_gaps : array (n,) or None
            Sum over the customer's gaps of log(gap in weeks). It adds a constant to the
            likelihood for k > 1, so that a fit does not need it; give it to compare members with
            different k.
        """
        x, r, k = frequency, self.r, self.k
        shape = self._shape(x)
        rate = gammaln(shape) - gammaln(r) + r * np.log(self.alpha)
        rate = rate - shape * np.log(self.alpha + recency / WEEK) - x * gammaln(k)
        alive = betaln(self.a, self.b + x + 1) + self._log_silence(x, recency, T)
        dead = betaln(self.a + 1, self.b + x)
        survived = np.logaddexp(alive, dead) - betaln(self.a, self.b)
        return np.asarray(rate + survived + (0.0 if log_gaps is None else (k - 1) * log_gaps))

    def _shape(self, frequency: Floats) -> Floats:
        """Return A, the shape of the posterior of the rate."""
        return self.r + self.k * frequency

    def _log_silence(self, frequency: Floats, recency: Floats, T: Floats) -> Floats:
        """Compute log Q(T - recency)."""
        shape, scale = self._shape(frequency), self.alpha + T / WEEK
        since = (T - recency) / WEEK
        outlasts = shape * (np.log(self.alpha + recency / WEEK) - np.log(scale))
        return np.asarray(outlasts + np.log(self._stages(shape, since / scale).sum(axis=0)))

    def _stages(self, shape: Floats, share: Floats) -> Floats:
        """Compute w_j for j = 0..k-1 along a new first axis; `share` is s / (B + s)."""
        weights = [np.ones(np.broadcast_shapes(shape.shape, share.shape))]
        for j in range(1, self.k):
            weights.append(weights[-1] * (shape + j - 1) / j * share)
        return np.array(weights)


def _regular_purchases(p: Floats, stages: Floats, shape: Floats, step: Floats) -> Floats:
    """Compute E[(1 - q^N) / p], the last formula of the module, with differences by expm1.

    Parameters
    ----------
    p : array (n, nodes)
    stages : array (k, n, 1)
        P(stage j | silence).
    shape, step : array (n, 1)
        A, and t / (B + s).
    """
    k = len(stages)
    p = np.minimum(p, _CERTAIN)
    log_z = np.log1p(-p) / k
    z = np.exp(log_z)
    excess = [np.expm1(-m * log_z) for m in range(k)]  # z^-m - 1
    grown = -np.log1p(step * -np.expm1(log_z))
    nobody = sum(stages[j] * np.expm1(j * log_z + (shape + j) * grown) for j in range(k))
    mean_excess = sum(excess) / k
    total = -nobody - mean_excess * (1.0 + nobody)
    for i in range(1, k // 2 + 1):
        # A root and its conjugate sum to twice the real part; the root -1 has no conjugate.
        root, twin = (-1.0, 1.0) if 2 * i == k else (np.exp(2j * np.pi * i / k), 2.0)
        weight = sum(excess[m] * root**-m for m in range(k)) / k
        total = total - twin * np.real(weight * _generating(z * root, stages, shape, step))
    return np.asarray(total / p)


def _generating(u: NDArray[Any], stages: Floats, shape: Floats, step: Floats) -> NDArray[Any]:
    """Compute E[u^(M + j)] over stages and events, complex where u is."""
    base = -np.log(1.0 + step * (1.0 - u))
    ratio = u * np.exp(base)
    total, power = np.zeros_like(u), np.exp(shape * base)
    for stage in stages:
        total, power = total + stage * power, power * ratio
    return total
