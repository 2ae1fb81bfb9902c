"""The BG/NBD model: customers buy at random, and may drop out after each purchase.

Source: Fader, Hardie & Lee, "Counting Your Customers the Easy Way" (2005).
"""

import numpy as np
from scipy.special import betaln, digamma, expit, gammaln

from features.arrays import Floats
from models.btyd.drop_out_at_purchase import DropOutAtPurchase
from models.btyd.history import WEEK, Days
from models.btyd.poisson import expected_poisson_purchases, log_poisson_survival


class BgNbd(DropOutAtPurchase, frozen=True, tag="bg_nbd"):
    """A fitted BG/NBD model.

    While alive a customer buys as a Poisson process whose rate is Gamma(r, alpha) over
    customers; after each repeat purchase the customer drops out with a probability that is
    Beta(a, b) over customers. Nobody drops out before the first repeat purchase, so that
    **one-time buyers are certainly alive**, however long they have not bought. The model is
    published like that; where it matters, choose another member.

    Attributes
    ----------
    r, alpha : float
        Shape and scale (weeks) of the gamma distribution of the purchase rate.
    a, b : float
        Parameters of the beta distribution of the drop-out probability.
    """

    r: float
    alpha: float
    a: float
    b: float

    def p_alive(self, frequency: Floats, recency: Floats, T: Floats) -> Floats:
        """Compute P(still a customer at the cutoff): array (n,), 1 for one-time buyers."""
        recency, T = recency / WEEK, T / WEEK
        shape = self.r + frequency
        silence = shape * (np.log(self.alpha + T) - np.log(self.alpha + recency))
        survived = np.maximum(frequency, 1.0) - 1  # repeat purchases without dropping out
        log_odds_dead = np.log(self.a) - np.log(self.b + survived) + silence
        return np.where(frequency > 0, expit(-log_odds_dead), 1.0)

    def log_survival(
        self,
        frequency: Floats,
        recency: Floats,  # noqa: ARG002  a Poisson process has no memory
        T: Floats,
        days: Days,
    ) -> Floats:
        """Compute log P(no purchase within h days | alive): array (n, len(days)).

        It is (r + x) log((alpha + T) / (alpha + T + h)), with x for `frequency`, in weeks.
        """
        return log_poisson_survival(self.r + frequency, self.alpha + T / WEEK, days)

    def expected_purchases(
        self, frequency: Floats, recency: Floats, T: Floats, days: float
    ) -> Floats:
        """Compute the expected number of purchases within `days`: array (n,)."""
        alive = self.p_alive(frequency, recency, T)
        shape, scale = self.r + frequency, self.alpha + T / WEEK
        return alive * expected_poisson_purchases(self.a, self.b + frequency, shape, scale, days)

    def log_likelihood(self, frequency: Floats, recency: Floats, T: Floats) -> Floats:
        """Compute each customer's log-likelihood, times in weeks (eq. 6): array (n,)."""
        rate = gammaln(self.r + frequency) - gammaln(self.r) + self.r * np.log(self.alpha)
        return np.asarray(rate + np.logaddexp(*self._histories(frequency, recency, T)))

    def log_likelihood_slopes(self, frequency: Floats, recency: Floats, T: Floats) -> Floats:
        """Differentiate `log_likelihood` by the logarithms of r, alpha, a and b: array (4, n)."""
        alive, dead = self._histories(frequency, recency, T)
        is_dead = expit(dead - alive)
        x, r, alpha, a, b = frequency, self.r, self.alpha, self.a, self.b
        until_T, until_last = alpha + T / WEEK, alpha + recency / WEEK
        time = (1.0 - is_dead) * np.log(until_T) + is_dead * np.log(until_last)
        pace = (1.0 - is_dead) / until_T + is_dead / until_last
        # The two histories differ by one drop-out: a * B(a, b + x) against B(a + 1, b + x - 1).
        last = np.where(x > 0, is_dead / (b + np.maximum(x, 1.0) - 1.0), 0.0)
        both = digamma(a + b) - digamma(a + b + x)
        return np.array(
            [
                r * (digamma(r + x) - digamma(r) + np.log(alpha) - time),
                r - alpha * (r + x) * pace,
                a * both + is_dead,
                b * (digamma(b + x) - digamma(b) + both - last),
            ]
        )

    def _histories(self, frequency: Floats, recency: Floats, T: Floats) -> tuple[Floats, Floats]:
        """Compute the log-likelihoods of a history without and with a drop-out at its end.

        Both lack the factor that they share. A one-time buyer has not dropped out.
        """
        x, r, alpha, a, b = frequency, self.r, self.alpha, self.a, self.b
        alive = -(r + x) * np.log(alpha + T / WEEK) + betaln(a, b + x) - betaln(a, b)
        drop_out = betaln(a + 1, b + np.maximum(x, 1.0) - 1) - betaln(a, b)
        dead = -(r + x) * np.log(alpha + recency / WEEK) + drop_out
        return alive, np.where(x > 0, dead, -np.inf)
