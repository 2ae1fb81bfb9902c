"""The churn model, which predicts P(no purchase within the horizon) of each customer."""

from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from features.arrays import Floats
from models.boosters.booster import Columns, ResidualBooster, booster_corrections
from models.boosters.contributions import (
    BASELINE,
    Contributions,
    booster_contributions,
    offset_contributions,
    sum_contributions,
)
from models.btyd.history import RFM, rfm_arrays
from models.btyd.member import Member
from models.purchase.hazards import PurchaseHazards, mix_contributions
from models.purchase.season import CUTOFF_DAY, Season
from models.purchase.stack import Stack

PROBABILITY_MARGIN = 1e-6  # least distance of a probability from 0 and from 1
_BTYD_ALONE = Stack({"btyd": 1.0})
Band = Literal["low", "medium", "high", "very_high"]
# What a churn model's answers rest on: boosters that learned from the shop's returns; a BTYD model
# alone; the shop's base rate, the same for everybody; nothing, since hardly anybody ever came back.
ChurnLevel = Literal["learned", "btyd", "base_rate", "none"]
_BANDS: tuple[tuple[float, Band], ...] = (
    (0.25, "low"),
    (0.5, "medium"),
    (0.75, "high"),
    (np.inf, "very_high"),
)


class ChurnModel(msgspec.Struct, frozen=True):
    """A weighted sum of three logits of a purchase within H days, shifted by the season.

    The logit `btyd` is a BTYD model's. `residual` is that logit corrected by a booster. `direct`
    is a booster's without the BTYD model. Their weights were learned from rows that the boosters
    had not seen, so that with little data the prediction stays the BTYD model's. The probability
    is mixed with that of a hazard model, whose share was learned from the same rows.

    A small shop has no boosters. There the BTYD model predicts alone, or, where the shop's own past
    does not show that it is better, the base rate for everybody.

    Attributes
    ----------
    horizon_days : int
        H, the length of the horizon.
    btyd : Member
        The BTYD model, fitted at the model's cutoff.
    quantiles : list of float
        p_churn of the population at the model's cutoff at 0, 1, ..., 100 %.
    mean_logit : float
        The mean logit of the BTYD model over that population, with which reasons compare a
        customer.
    level : {"learned", "btyd", "base_rate", "none"}
        What the answers rest on. At `none` the base rate is computed, but no answer states it.
    residual, direct : ResidualBooster or None
        The two boosters; None where there was too little data.
    base : float
        The logit of the base rate, which `direct` starts from, or everybody gets.
    stack : Stack
        The weights of the three logits.
    season : Season or None
        The seasonal shift of the logit; None where the log is too short to know it.
    lead : float
        Mean over that population of `score` minus the BTYD model's logit.
    hazards : PurchaseHazards or None
        The hazard model with its share; None where there was too little data or its share is 0.
    """

    horizon_days: int
    btyd: Member
    quantiles: list[float]
    mean_logit: float
    level: ChurnLevel = "btyd"
    residual: ResidualBooster | None = None
    direct: ResidualBooster | None = None
    base: float = 0.0
    stack: Stack = _BTYD_ALONE
    season: Season | None = None
    lead: float = 0.0
    hazards: PurchaseHazards | None = None

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the features that the model reads."""
        read = [name for booster in self._boosters.values() for name in booster.columns]
        day = [CUTOFF_DAY] if self.season else []
        more = self.hazards.inputs if self.hazards else ()
        return tuple(dict.fromkeys((*RFM, *day, *read, *more)))

    @property
    def _boosters(self) -> dict[str, ResidualBooster]:
        both = {"residual": self.residual, "direct": self.direct}
        return {name: booster for name, booster in both.items() if booster is not None}

    @property
    def is_same_for_all(self) -> bool:
        """Whether the base rate is predicted for everybody."""
        return self.level in ("base_rate", "none")

    def predict(self, inputs: Columns) -> Floats:
        """Predict p_churn of each customer: columns `inputs` -> array (rows,)."""
        return to_p_churn(self.score(inputs))

    def score(self, inputs: Columns) -> Floats:
        """Compute the logit of a purchase within H days: columns `inputs` -> array (rows,)."""
        score = self._stacked(inputs)
        if self.hazards is None:
            return score
        share = self.hazards.share
        p = (1.0 - share) * expit(score) + share * self.hazards.p_return(inputs)
        return np.asarray(logit(p))

    def _stacked(self, inputs: Columns) -> Floats:
        """Compute the logit without the hazards: array (rows,)."""
        offset = btyd_logit(self.btyd, inputs, self.horizon_days)
        if self.is_same_for_all:
            return np.full_like(offset, self.base)
        logits = {"btyd": offset}
        starts: dict[str, Floats | float] = {"residual": offset, "direct": self.base}
        for name, correction in booster_corrections(self._boosters, inputs).items():
            logits[name] = starts[name] + correction
        score = self.stack.score(logits)
        return score if self.season is None else score + self.season.shift_a_year_before(inputs)

    def contributions(self, inputs: Columns) -> Contributions:
        """Split `score` into the baseline, the purchase history, and one term per feature.

        The season is the same for every customer and so belongs to the baseline. With hazards
        the score is the logit of a mixture, whose terms `mix_contributions` describes.

        Returns
        -------
        Contributions
            Arrays (rows,) by name, which sum to `score`.
        """
        weights = self.stack.weights
        offset = btyd_logit(self.btyd, inputs, self.horizon_days)
        if self.is_same_for_all:
            return {BASELINE: np.full_like(offset, self.base)}
        shift = 0.0 if self.season is None else self.season.shift_a_year_before(inputs)
        fixed = weights.get("direct", 0.0) * self.base + shift
        history = weights["btyd"] + weights.get("residual", 0.0)
        parts = [
            (1.0, {BASELINE: np.broadcast_to(fixed, offset.shape)}),
            (history, offset_contributions(offset, self.mean_logit)),
        ]
        for name, booster in self._boosters.items():
            parts.append((weights[name], booster_contributions(booster, inputs)))
        stacked = sum_contributions(parts)
        if self.hazards is None:
            return stacked
        share, p_hazards = self.hazards.share, self.hazards.p_return(inputs)
        return mix_contributions(
            [
                (1.0 - share, expit(sum(stacked.values(), start=np.zeros(1))), stacked),
                (share, p_hazards, self.hazards.contributions(inputs)),
            ]
        )

    def percentile(self, p_churn: Floats) -> NDArray[np.intp]:
        """Rank customers within the population at the model's cutoff.

        Parameters
        ----------
        p_churn : array (n,)

        Returns
        -------
        int array (n,)
            The percentage, 0 to 100, of the population that is less likely to churn.
        """
        return np.clip(np.searchsorted(self.quantiles, p_churn, side="left"), 0, 100)


def to_p_churn(score: Floats) -> Floats:
    """Convert logits of a purchase into p_churn, away from 0 and 1: array (n,) -> array (n,)."""
    return 1.0 - np.clip(expit(score), PROBABILITY_MARGIN, 1 - PROBABILITY_MARGIN)


def btyd_logit(btyd: Member, inputs: Columns, days: float) -> Floats:
    """Compute a BTYD model's logit of a purchase within `days`.

    Parameters
    ----------
    inputs : columns
        `frequency, recency, T` in days, one row per customer.

    Returns
    -------
    array (rows,)
    """
    x, t_x, T = rfm_arrays(inputs)
    p = np.clip(btyd.p_within(x, t_x, T, [days])[:, 0], PROBABILITY_MARGIN, 1 - PROBABILITY_MARGIN)
    return np.asarray(logit(p))


def band(p_churn: float) -> Band:
    """Return the name of the band in which a churn probability lies.

    >>> [band(p) for p in (0.1, 0.25, 0.6, 0.75)]
    ['low', 'medium', 'high', 'very_high']
    """
    return next(name for limit, name in _BANDS if p_churn < limit)
