"""From the survival of a living customer to what is asked: members where only buyers drop out.

In BG/NBD, MBG/CNBD-k and NBD nobody drops out between purchases. The next purchase of a living
customer then comes by a law without a way out, whose survival S(h) is all that differs.
"""

from collections.abc import Sequence

import numpy as np

from features.arrays import Floats
from models.btyd.fitted import Fitted
from models.btyd.history import Days


class DropsAtPurchase(Fitted, frozen=True):
    """The answers that members share whose customers drop out at purchases only."""

    def p_alive(self, frequency: Floats, recency: Floats, T: Floats) -> Floats:
        """Give P(still a customer at the cutoff)."""
        raise NotImplementedError

    def log_survival(self, frequency: Floats, recency: Floats, T: Floats, days: Days) -> Floats:
        """Give log P(no purchase within h days | alive): array (customers, len(days)).

        Of a daily buyer the probability itself is 0 in floats within weeks; its logarithm
        still tells the days apart.
        """
        raise NotImplementedError

    def p_within(self, frequency: Floats, recency: Floats, T: Floats, days: Days) -> Floats:
        """Give P(next purchase within h days) for each h: array (customers, len(days))."""
        buys = -np.expm1(self.log_survival(frequency, recency, T, days))
        return np.asarray(self.p_alive(frequency, recency, T)[:, None] * buys)

    def return_hazards(
        self, frequency: Floats, recency: Floats, T: Floats, edges: Sequence[float]
    ) -> Floats:
        """Give the hazard of each interval but the last, given a return within edges[-1].

        With S the survival of a living customer, (S(e_k-1) - S(e_k)) / (S(e_k-1) - S(H)): array
        (customers, len(edges) - 1). P(alive) cancels out.
        """
        logs = self.log_survival(frequency, recency, T, [0, *edges])
        left = -np.expm1(logs[:, -1:] - logs[:, :-2])
        # a customer who hardly ever buys returns, if at all, at any time alike
        steps = np.diff([0, *edges])[:-1] / (edges[-1] - np.array([0, *edges])[:-2])
        hazards = np.tile(steps, (len(logs), 1))
        np.divide(-np.expm1(logs[:, 1:-1] - logs[:, :-2]), left, out=hazards, where=left > 0)
        return np.clip(hazards, 0.0, 1.0)
