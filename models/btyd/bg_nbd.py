"""BG/NBD: Poisson purchases, a chance to drop out after each.

Source: Fader, Hardie & Lee, "Counting Your Customers the Easy Way" (2005).
"""

import numpy as np
from scipy.special import betaln, expit, gammaln

from features.arrays import Floats
from models.btyd.history import WEEK, Days
from models.btyd.poisson import log_poisson_survival, poisson_purchases
from models.btyd.survival import DropsAtPurchase


class BgNbd(DropsAtPurchase, frozen=True, tag="bg_nbd"):
    """A fitted BG/NBD.

    While alive a customer buys as a Poisson process whose rate is Gamma(r, alpha) over
    customers; after each repeat purchase the customer drops out with a probability that is
    Beta(a, b) over customers. Nobody drops out before the first repeat purchase: **one-time
    buyers are alive for certain**, whatever their silence. That is the model as published and
    as the baseline has it; where it matters take another member.
    """

    r: float
    alpha: float
    a: float
    b: float

    def p_alive(self, frequency: Floats, recency: Floats, T: Floats) -> Floats:
        """Give P(still a customer at the cutoff), in [0, 1]; 1 for one-time buyers."""
        recency, T = recency / WEEK, T / WEEK
        shape = self.r + frequency
        silence = shape * (np.log(self.alpha + T) - np.log(self.alpha + recency))
        chances = np.maximum(frequency, 1.0) - 1  # drop-outs that a repeat buyer survived
        log_odds_dead = np.log(self.a) - np.log(self.b + chances) + silence
        return np.where(frequency > 0, expit(-log_odds_dead), 1.0)

    def log_survival(
        self,
        frequency: Floats,
        recency: Floats,  # noqa: ARG002  Poisson: the age of the silence tells nothing
        T: Floats,
        days: Days,
    ) -> Floats:
        """Give log P(no purchase within h days | alive): array (customers, len(days)).

        The Gamma-mixed rate alone: (r + x) log((alpha + T) / (alpha + T + h)).
        """
        return log_poisson_survival(self.r + frequency, self.alpha + T / WEEK, days)

    def expected_purchases(
        self, frequency: Floats, recency: Floats, T: Floats, days: float
    ) -> Floats:
        """Give the expected number of purchases within `days`."""
        alive = self.p_alive(frequency, recency, T)
        shape, scale = self.r + frequency, self.alpha + T / WEEK
        return alive * poisson_purchases(self.a, self.b + frequency, shape, scale, days)

    def log_likelihood(self, frequency: Floats, recency: Floats, T: Floats) -> Floats:
        """Give each customer's log-likelihood (FHL 2005, eq. 6), in weeks."""
        x, t_x, T = frequency, recency / WEEK, T / WEEK
        r, alpha, a, b = self.r, self.alpha, self.a, self.b
        rate = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
        alive = -(r + x) * np.log(alpha + T) + betaln(a, b + x) - betaln(a, b)
        repeat = np.where(x > 0, x, 1.0)
        dead = -(r + x) * np.log(alpha + t_x) + betaln(a + 1, b + repeat - 1) - betaln(a, b)
        return np.asarray(rate + np.logaddexp(alive, np.where(x > 0, dead, -np.inf)))
