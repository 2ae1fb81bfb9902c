"""The models of value: how many purchases a returning customer makes, and how much each amounts to.

The amount of a purchase day follows the Gamma-Gamma model: Fader & Hardie, "The Gamma-Gamma Model
of Monetary Value" (2013), eq. 5. Boosters of the amount were better on one log and worse on
others; see `benchmarks.purchase.value`.
"""

import msgspec
import numpy as np

from features.arrays import Floats
from models.boosters.booster import Columns, ResidualBooster
from models.btyd.history import rfm_arrays
from models.btyd.member import Member

_FEWEST = 1e-3  # least expected number of purchase days after the first one


class GammaGamma(msgspec.Struct, frozen=True):
    """A fitted Gamma-Gamma model of `monetary_value`, the mean amount of a repeat purchase day.

    A gamma distribution has no amount of zero: customers whose repeat purchases all cost nothing
    are left out of the fit, and their expected spend is small.

    Attributes
    ----------
    p, q, v : float
        The parameters as in the paper; q > 1, so that the expected spend is finite.
    unit : float
        The amount, in minor units, that counts as 1 in the parameters.
    """

    p: float
    q: float
    v: float
    unit: float

    def expected_spend(self, frequency: Floats, monetary_value: Floats) -> Floats:
        """Compute the expected amount of a purchase day, in minor units: array (n,).

        It is the customer's mean amount, drawn towards the population's; a one-time buyer, who
        has no repeat purchase, gets the population's.

        Parameters
        ----------
        frequency : array (n,)
            Number of repeat purchase days.
        monetary_value : array (n,)
            Mean amount of a repeat purchase day, in minor units; not read where frequency is 0.
        """
        observed = np.where(frequency > 0, np.nan_to_num(monetary_value), 0.0)
        total = self.p * frequency + self.q - 1
        return self.p * (self.v * self.unit + frequency * observed) / total


class PurchaseCount(msgspec.Struct, frozen=True):
    """A correction of the expected number of purchase days after the first one.

    Attributes
    ----------
    booster : ResidualBooster
        Corrects the logarithm of the BTYD model's expectation.
    level : float
        Is added to each correction, so that the population's sum stays the BTYD model's: the
        training rows show who buys more often than others, but their season is over.
    """

    booster: ResidualBooster
    level: float

    def correct(self, further: Floats, inputs: Columns) -> Floats:
        """Correct the BTYD model's expectation: array (rows,) -> array (rows,).

        Parameters
        ----------
        further : array (rows,)
            The result of `further_purchases` for the same rows.
        """
        return np.asarray(further * np.exp(self.booster.correction(inputs) + self.level))


def further_purchases(btyd: Member, inputs: Columns, horizon_days: int) -> Floats:
    """Compute a BTYD model's expected number of purchase days within H after the first one.

    The expectation is conditional on a first purchase within H, and is above 0.

    Parameters
    ----------
    inputs : columns
        `frequency, recency, T` in days, one row per customer.

    Returns
    -------
    array (rows,)
    """
    x, t_x, T = rfm_arrays(inputs)
    expected = btyd.expected_purchases(x, t_x, T, horizon_days)
    returns = btyd.p_within(x, t_x, T, [horizon_days])[:, 0]
    ratio = np.divide(expected, returns, out=np.ones_like(expected), where=returns > 0)
    return np.maximum(ratio - 1.0, _FEWEST)
