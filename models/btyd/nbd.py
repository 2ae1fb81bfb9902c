"""NBD: Poisson purchases and nobody ever drops out.

Source: Ehrenberg, "The Pattern of Consumer Purchases" (1959).
"""

import numpy as np
from scipy.special import gammaln

from models.btyd.bg_nbd import log_poisson_survival
from models.btyd.history import WEEK, Days, Floats
from models.btyd.survival import DropsAtPurchase


class Nbd(DropsAtPurchase, frozen=True, tag="nbd", tag_field="member"):
    """A fitted NBD; `frequency, recency, T` are in days, parameters in weeks.

    A customer buys as a Poisson process whose rate is Gamma(r, alpha) over customers. For
    shops whose log begins long after their customers did, a drop-out model finds drop-outs
    that are not there.

    Attributes
    ----------
    penalty, unreliable
        As of `BgNbd`.
    """

    r: float
    alpha: float
    penalty: float = 0.0
    unreliable: bool = False

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
        x, T, r = frequency, T / WEEK, self.r
        rate = gammaln(r + x) - gammaln(r) + r * np.log(self.alpha)
        return np.asarray(rate - (r + x) * np.log(self.alpha + T))
