"""Infers the unseen engagement of the consent world's customers from all that its log shows."""

import numpy as np
from scipy.special import expit, log_ndtr, xlogy
from scipy.stats import norm

from benchmarks.channel.consent_people import CONSENT_LEVELS, CONSENT_SLOPE
from features.arrays import Flags, Floats

GRID = np.linspace(-4, 4, 41)  # of the engagement
ORDER_LEVEL, ORDER_SLOPE = -4.6, 0.7  # log of the orders a day outside the windows
RULE_LEVEL, RULE_NOISE = 0.35, 0.5  # the engagement, as a rule sees it, from which it sends e-mail


def order_rate(engagement: Floats) -> Floats:
    """Return the expected orders a day of customers whose window is not open.

    >>> float(order_rate(np.zeros(1))[0].round(4))
    0.0101
    """
    return np.asarray(np.exp(ORDER_LEVEL + ORDER_SLOPE * engagement))


class EngagementPosterior:
    """The distribution of each customer's engagement on `GRID`, given what the log has shown.

    Every draw of the world that depends on the engagement is a likelihood here, so that the
    distribution is exact up to the grid.

    Parameters
    ----------
    consents : bool array (n, 4)
        Which channels the customers consented to before the first decision.
    """

    def __init__(self, consents: Flags) -> None:
        p = expit(CONSENT_LEVELS[:, None] + CONSENT_SLOPE * GRID)  # channels, grid
        chosen = consents[:, :, None]
        self._log = norm.logpdf(GRID) + np.where(chosen, np.log(p), np.log1p(-p)).sum(axis=1)

    @property
    def weights(self) -> Floats:
        """Probabilities of the points of `GRID`: array (n, 41), rows that sum to 1."""
        weights = np.exp(self._log - self._log.max(axis=1, keepdims=True))
        return np.asarray(weights / weights.sum(axis=1, keepdims=True))

    def see_orders(self, count: Floats, days: Floats) -> None:
        """Learn from the number of orders in some days outside the windows: arrays (n,)."""
        expected = days[:, None] * order_rate(GRID)
        self._log += xlogy(count[:, None], expected) - expected

    def see_rule(self, email: Flags, shown: Flags) -> None:
        """Learn from whether the rule chose e-mail, where the log shows that: arrays (n,)."""
        seen = (GRID - RULE_LEVEL) / RULE_NOISE
        signed = np.where(email[:, None], seen, -seen)
        self._log += np.where(shown[:, None], log_ndtr(signed), 0.0)

    def see_outcome(self, happened: Flags, p: Floats) -> None:
        """Learn from whether something happened that had the chances p: (n,) and (n, 41)."""
        self._log += np.where(happened[:, None], np.log(p), np.log1p(-p))
