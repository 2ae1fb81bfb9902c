"""One coherent forecast from the two purchase models: F(h) = (1 - p_churn) G(h)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from features.arrays import Floats
from features.errors import NextbuyError
from models.boosters.booster import Columns
from models.purchase.churn import ChurnModel
from models.purchase.timing import TimingModel

P_WITHIN_DAYS = (7, 14, 30, 60, 90)
MAX_DAYS = 365


@dataclass(frozen=True)
class Forecast:
    """What the purchase models say of n customers.

    Attributes
    ----------
    p_churn : array (n,)
        1 - F(H), exactly.
    within : array (n, 366)
        F(h) = P(next purchase within h days) for h = 0..365, never falling; beyond H it is
        BG/NBD's survival tail, tilted by what the models say within H.
    given_return : array (n, H + 1)
        G(h), 0 at h = 0 and 1 at H.
    expected_purchases : array (n,)
        Purchase days within H, at least F(H).
    expected_spend : array (n,) or None
        Minor units within H; None where spend was not fitted.
    """

    horizon_days: int
    p_churn: Floats
    within: Floats
    given_return: Floats
    expected_purchases: Floats
    expected_spend: Floats | None

    def quantile_days(self, shares: Sequence[float]) -> Floats:
        """Give the days by which a returning customer is back with each probability.

        Quantiles of G: array (n, len(shares)), in fractions of days.
        """
        return _crossings(self.given_return, shares)

    def expected_days(self) -> Floats:
        """Give the days until a purchase is as likely as not; NaN where F(H) < .5."""
        within = self.within[:, : self.horizon_days + 1]
        return np.where(within[:, -1] >= 0.5, _crossings(within, [0.5])[:, 0], np.nan)


def check_pair(churn: ChurnModel, timing: TimingModel) -> None:
    """Refuse a churn and a timing model that do not speak of the same event.

    Raises
    ------
    NextbuyError
        Their horizons differ.
    """
    if churn.horizon_days != timing.horizon_days:
        raise NextbuyError(
            f"churn has a horizon of {churn.horizon_days} days and repurchase timing of "
            f"{timing.horizon_days}: they cannot answer together. Train both with the same "
            "shop.horizon_days."
        )


def make_forecast(churn: ChurnModel, timing: TimingModel, inputs: Columns) -> Forecast:
    """Compose the forecast of the customers in `inputs` (features, one row per customer)."""
    check_pair(churn, timing)
    horizon = churn.horizon_days
    p_churn = churn.predict(inputs)
    given_return = timing.given_return(inputs)
    head = (1.0 - p_churn)[:, None] * given_return
    days = np.arange(horizon + 1.0, MAX_DAYS + 1.0)
    beyond = timing.tail(inputs, days, 1.0 - p_churn, churn.lead)
    law = np.column_stack([head, 1.0 - p_churn[:, None] * beyond])
    within = np.maximum.accumulate(law, axis=1)  # it only rises; this is against rounding
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
    """Find where each row first reaches each level, between days linearly: (rows, levels)."""
    level = np.asarray(levels)
    right = np.maximum((law[:, None, :] >= level[:, None]).argmax(axis=2), 1)
    rows = np.arange(len(law))[:, None]
    low, high = law[rows, right - 1], law[rows, right]
    return np.asarray(right - 1 + (level - low) / np.maximum(high - low, 1e-12))
