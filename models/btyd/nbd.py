"""The NBD model: customers buy at random, and nobody ever drops out.

Source: Ehrenberg, "The Pattern of Consumer Purchases" (1959).
"""

import numpy as np

from features.arrays import Floats
from models.btyd.drop_out_at_purchase import DropOutAtPurchase
from models.btyd.history import WEEK, Days
from models.btyd.poisson import log_poisson_likelihood, log_poisson_survival


class Nbd(DropOutAtPurchase, frozen=True, tag="nbd"):
    """A fitted NBD model.

    A customer buys as a Poisson process whose rate is Gamma(r, alpha) over customers. It suits
    shops whose log begins long after their customers did, in which a model with drop-out finds
    drop-outs that did not happen.

    Attributes
    ----------
    r, alpha : float
        Shape and scale (weeks) of the gamma distribution of the purchase rate.
    """

    r: float
    alpha: float

    def p_alive(
        self,
        frequency: Floats,
        recency: Floats,  # noqa: ARG002  every member takes the same arguments
        T: Floats,  # noqa: ARG002
    ) -> Floats:
        """Return 1 for every customer, since nobody drops out: array (n,)."""
        return np.ones(len(frequency))

    def log_survival(
        self,
        frequency: Floats,
        recency: Floats,  # noqa: ARG002  a Poisson process has no memory
        T: Floats,
        days: Days,
    ) -> Floats:
        """Compute log P(no purchase within h days): array (n, len(days))."""
        return log_poisson_survival(self.r + frequency, self.alpha + T / WEEK, days)

    def expected_purchases(
        self,
        frequency: Floats,
        recency: Floats,  # noqa: ARG002
        T: Floats,
        days: float,
    ) -> Floats:
        """Compute the expected number of purchases within `days`: array (n,)."""
        return (self.r + frequency) / (self.alpha + T / WEEK) * (days / WEEK)

    def log_likelihood(
        self,
        frequency: Floats,
        recency: Floats,  # noqa: ARG002
        T: Floats,
    ) -> Floats:
        """Compute each customer's log-likelihood, times in weeks: array (n,)."""
        return log_poisson_likelihood(self.r, self.alpha, frequency, T / WEEK)
