"""Value: how many purchases, given a return, and what each of them will be worth.

The spend of a purchase day is Gamma-Gamma's: Fader & Hardie, "The Gamma-Gamma Model of Monetary
Value" (2013), eq. 5. Boosters of the amount were better on one log and worse on others; see
`benchmarks.purchase.value`.
"""

import msgspec
import numpy as np

from features.arrays import Floats
from models.boosters.booster import Columns, ResidualBooster
from models.btyd.history import rfm_arrays
from models.btyd.member import Member

_FEWEST = 1e-3  # purchase days after the first that are expected of anybody


class GammaGamma(msgspec.Struct, frozen=True):
    """A fitted Gamma-Gamma model of `monetary_value`; amounts in `unit` minor units.

    q > 1, so that the expected spend is finite. No gamma law has an amount of zero: customers
    whose repeat purchases all cost nothing are left out of the fit, and are expected to spend
    little.
    """

    p: float
    q: float
    v: float
    unit: float

    def expected_spend(self, frequency: Floats, monetary_value: Floats) -> Floats:
        """Give the expected amount of a purchase day, in minor units.

        The customer's own mean, drawn to the population's; a one-time buyer, who has no
        repeat purchase to judge by, gets the population's.
        """
        own = np.where(frequency > 0, np.nan_to_num(monetary_value), 0.0)
        total = self.p * frequency + self.q - 1
        return self.p * (self.v * self.unit + frequency * own) / total


class PurchaseCount(msgspec.Struct, frozen=True):
    """A booster's correction of the purchase days after the first one.

    Attributes
    ----------
    booster : ResidualBooster
        Its correction is of the logarithm of BG/NBD's expectation.
    level : float
        Added to each correction, so that the population's sum stays BG/NBD's: the slices say who
        buys more often than others, but their season is over.
    """

    booster: ResidualBooster
    level: float

    def correct(self, further: Floats, inputs: Columns) -> Floats:
        """Correct `further_purchases` of the same rows."""
        return np.asarray(further * np.exp(self.booster.correction(inputs) + self.level))


def further_purchases(btyd: Member, inputs: Columns, horizon_days: int) -> Floats:
    """Give BG/NBD's expectation of the purchase days within H after the first one, above 0.

    It is given that there is a first one.
    """
    x, t_x, T = rfm_arrays(inputs)
    expected = btyd.expected_purchases(x, t_x, T, horizon_days)
    returns = btyd.p_within(x, t_x, T, [horizon_days])[:, 0]
    ratio = np.divide(expected, returns, out=np.ones_like(expected), where=returns > 0)
    return np.maximum(ratio - 1.0, _FEWEST)
