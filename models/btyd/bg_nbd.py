"""The BG/NBD model: customers buy at random, and may drop out after each purchase.

Source: Fader, Hardie & Lee, "Counting Your Customers the Easy Way" (2005).
"""

import numpy as np
from scipy.special import betaln, expit, gammaln

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
        x, t_x, T = frequency, recency / WEEK, T / WEEK
        r, alpha, a, b = self.r, self.alpha, self.a, self.b
        rate = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
        alive = -(r + x) * np.log(alpha + T) + betaln(a, b + x) - betaln(a, b)
        repeat = np.where(x > 0, x, 1.0)
        dead = -(r + x) * np.log(alpha + t_x) + betaln(a + 1, b + repeat - 1) - betaln(a, b)
        return np.asarray(rate + np.logaddexp(alive, np.where(x > 0, dead, -np.inf)))
