"""Combines the churn and the timing model into P(next purchase within h days).

With p_churn of the churn model and G(h), the timing model's probability that a returning customer
is back within h days, that probability is F(h) = (1 - p_churn) G(h) up to the horizon.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from features.arrays import Floats
from features.errors import NextbuyError
from models.boosters.booster import Columns
from models.purchase.churn import ChurnModel
from models.purchase.timing import TimingModel

P_WITHIN_DAYS = (7, 14, 30, 60, 90)  # the values of h for which an answer states F(h)
MAX_DAYS = 365  # the largest h for which F(h) is computed


@dataclass(frozen=True)
class Forecast:
    """The combined predictions of the purchase models for n customers.

    Attributes
    ----------
    horizon_days : int
        H, the horizon of both models.
    p_churn : array (n,)
        P(no purchase within H days), exactly 1 - F(H).
    within : array (n, 366)
        F(h) = P(next purchase within h days) for h = 0..365, never falling in h. Beyond H it
        follows the BTYD model, adjusted by what both models predict within H.
    given_return : array (n, H + 1)
        G(h) = P(purchase within h days | purchase within H days), 0 at h = 0 and 1 at H.
    expected_purchases : array (n,)
        Expected number of purchase days within H, at least F(H).
    expected_spend : array (n,) or None
        Expected amount within H in minor units; None where spend was not fitted.
    """

    horizon_days: int
    p_churn: Floats
    within: Floats
    given_return: Floats
    expected_purchases: Floats
    expected_spend: Floats | None

    def quantile_days(self, shares: Sequence[float]) -> Floats:
        """Compute quantiles of G: the days after which a returning customer is back.

        Parameters
        ----------
        shares : sequence of float
            Probabilities in (0, 1).

        Returns
        -------
        array (n, len(shares))
            Days, with fractions.
        """
        return _crossings(self.given_return, shares)

    def expected_days(self) -> Floats:
        """Compute the median days to the next purchase: array (n,); NaN where F(H) < 0.5."""
        within = self.within[:, : self.horizon_days + 1]
        return np.where(within[:, -1] >= 0.5, _crossings(within, [0.5])[:, 0], np.nan)


def check_pair(churn: ChurnModel, timing: TimingModel) -> None:
    """Refuse a churn and a timing model whose horizons differ.

    Raises
    ------
    NextbuyError
        States both horizons.
    """
    if churn.horizon_days != timing.horizon_days:
        raise NextbuyError(
            f"the churn model has a horizon of {churn.horizon_days} days and the timing model "
            f"of {timing.horizon_days}: they cannot answer together. Train both with the same "
            "shop.horizon_days."
        )


def make_forecast(churn: ChurnModel, timing: TimingModel, inputs: Columns) -> Forecast:
    """Combine the churn and the timing model into one forecast of the next purchase.

    F(h) = (1 - p_churn) x G(h) for h <= H, G being the timing model's law given a return within
    H; beyond H the timing model's tail goes on to 365 days.

    Parameters
    ----------
    churn, timing : ChurnModel, TimingModel
        Models of the same horizon H.
    inputs : columns
        The features that both models read, one row per customer.

    Returns
    -------
    Forecast
        One row per customer: P(next purchase within h days), p_churn, expected purchases and
        spend.

    Raises
    ------
    NextbuyError
        The horizons of the models differ.
    """
    check_pair(churn, timing)
    horizon = churn.horizon_days
    p_churn = churn.predict(inputs)
    given_return = timing.given_return(inputs)
    head = (1.0 - p_churn)[:, None] * given_return
    days = np.arange(horizon + 1.0, MAX_DAYS + 1.0)
    beyond = timing.tail(inputs, days, 1.0 - p_churn, churn.lead)
    law = np.column_stack([head, 1.0 - p_churn[:, None] * beyond])
    within = np.maximum.accumulate(law, axis=1)  # F never falls, except for rounding
    purchases = (1.0 - p_churn) * timing.expected_purchases_given_return(inputs)
    spend = timing.expected_spend_per_purchase(inputs)
    return Forecast(
        horizon,
        p_churn,
        within,
        given_return,
        purchases,
        None if spend is None else purchases * spend,
    )


def _crossings(law: Floats, levels: Sequence[float]) -> Floats:
    """Find the day on which each row first reaches each level: array (rows, levels).

    Between two days the row is interpolated linearly.
    """
    level = np.asarray(levels)
    right = np.maximum((law[:, None, :] >= level[:, None]).argmax(axis=2), 1)
    rows = np.arange(len(law))[:, None]
    low, high = law[rows, right - 1], law[rows, right]
    return np.asarray(right - 1 + (level - low) / np.maximum(high - low, 1e-12))
