"""NBD: Poisson purchases and nobody ever drops out.

Source: Ehrenberg, "The Pattern of Consumer Purchases" (1959).
"""

import numpy as np

from features.arrays import Floats
from models.btyd.history import WEEK, Days
from models.btyd.poisson import log_poisson_likelihood, log_poisson_survival
from models.btyd.survival import DropsAtPurchase


class Nbd(DropsAtPurchase, frozen=True, tag="nbd"):
    """A fitted NBD.

    A customer buys as a Poisson process whose rate is Gamma(r, alpha) over customers. For
    shops whose log begins long after their customers did, a drop-out model finds drop-outs
    that are not there.
    """

    r: float
    alpha: float

    def p_alive(
        self,
        frequency: Floats,
        recency: Floats,  # noqa: ARG002  every member is asked alike
        T: Floats,  # noqa: ARG002
    ) -> Floats:
        """Give 1 for everybody: the model knows no drop-out."""
        return np.ones(len(frequency))

    def log_survival(
        self,
        frequency: Floats,
        recency: Floats,  # noqa: ARG002  Poisson: the age of the silence tells nothing
        T: Floats,
        days: Days,
    ) -> Floats:
        """Give log P(no purchase within h days): array (customers, len(days))."""
        return log_poisson_survival(self.r + frequency, self.alpha + T / WEEK, days)

    def expected_purchases(
        self,
        frequency: Floats,
        recency: Floats,  # noqa: ARG002
        T: Floats,
        days: float,
    ) -> Floats:
        """Give the expected number of purchases within `days`: the mean rate, times them."""
        return (self.r + frequency) / (self.alpha + T / WEEK) * (days / WEEK)

    def log_likelihood(
        self,
        frequency: Floats,
        recency: Floats,  # noqa: ARG002
        T: Floats,
    ) -> Floats:
        """Give each customer's log-likelihood of the purchases' instants, in weeks."""
        return log_poisson_likelihood(self.r, self.alpha, frequency, T / WEEK)
