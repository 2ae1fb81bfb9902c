"""The base class of members in which a customer can drop out only right after a purchase.

In BG/NBD, MBG/CNBD-k and NBD nobody drops out between purchases, so that a customer who is alive at
the cutoff certainly buys again some day. These members differ only in P(alive) and in S(h), the
probability that a living customer does not buy within h days.
"""

from collections.abc import Sequence

import numpy as np

from features.arrays import Floats
from models.btyd.fitted_member import FittedMember
from models.btyd.history import Days


class DropOutAtPurchase(FittedMember, frozen=True):
    """A member that derives its predictions from P(alive) and the survival S(h).

    All methods take `frequency, recency, T` as arrays (n,), times in days.
    """

    def p_alive(self, frequency: Floats, recency: Floats, T: Floats) -> Floats:
        """Compute P(still a customer at the cutoff): array (n,)."""
        raise NotImplementedError

    def log_survival(self, frequency: Floats, recency: Floats, T: Floats, days: Days) -> Floats:
        """Compute log S(h) = log P(no purchase within h days | alive): array (n, len(days)).

        For a daily buyer S(h) itself is 0 as a float within weeks, while its logarithm still
        tells the days apart.
        """
        raise NotImplementedError

    def p_within(self, frequency: Floats, recency: Floats, T: Floats, days: Days) -> Floats:
        """Compute P(next purchase within h days) for each h: array (n, len(days))."""
        buys = -np.expm1(self.log_survival(frequency, recency, T, days))
        return np.asarray(self.p_alive(frequency, recency, T)[:, None] * buys)

    def return_hazards(
        self, frequency: Floats, recency: Floats, T: Floats, edges: Sequence[float]
    ) -> Floats:
        """Compute the hazard of each interval but the last, given a return within H = edges[-1].

        It is the probability of a purchase in the interval, given none before the interval and
        one within H: (S(e_k-1) - S(e_k)) / (S(e_k-1) - S(H)), in which P(alive) cancels out.

        Parameters
        ----------
        edges : sequence of float
            Last days of the intervals, rising.

        Returns
        -------
        array (n, len(edges) - 1)
        """
        logs = self.log_survival(frequency, recency, T, [0, *edges])
        left = -np.expm1(logs[:, -1:] - logs[:, :-2])
        # Where S(h) does not fall in floats, the return is equally likely on every day.
        steps = np.diff([0, *edges])[:-1] / (edges[-1] - np.array([0, *edges])[:-2])
        hazards = np.tile(steps, (len(logs), 1))
        np.divide(-np.expm1(logs[:, 1:-1] - logs[:, :-2]), left, out=hazards, where=left > 0)
        return np.clip(hazards, 0.0, 1.0)
