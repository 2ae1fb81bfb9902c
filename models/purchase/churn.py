"""Churn: P(no purchase within the horizon)."""

from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from features.arrays import Floats
from models.boosters.booster import Columns, ResidualBooster, corrections
from models.boosters.contributions import BASELINE, Parts, add_up, of_booster, of_offset
from models.btyd.history import RFM, rfm_arrays
from models.btyd.member import Member
from models.purchase.season import CUTOFF_DAY, Season
from models.purchase.stack import Stack

EDGE = 1e-6  # probabilities stay this far from 0 and 1
_ALONE = Stack({"btyd": 1.0})
Band = Literal["low", "medium", "high", "very_high"]
_BANDS: tuple[tuple[float, Band], ...] = (
    (0.25, "low"),
    (0.5, "medium"),
    (0.75, "high"),
    (np.inf, "very_high"),
)


class ChurnModel(msgspec.Struct, frozen=True):
    """A stack of three logits of a purchase within H, and the season.

    `btyd` is a BTYD model's; `residual` starts from it and is corrected by a booster; `direct`
    is a booster's alone. How they are weighed was learned from rows that the boosters had not
    seen, so that with little to learn from the answer stays the BTYD model's.

    Attributes
    ----------
    horizon_days : int
        H.
    btyd : Member
        Fitted at the model's cutoff.
    quantiles : list of float
        p_churn of the population at the model's cutoff at 0, 1, ..., 100 %.
    mean_logit : float
        The BTYD model's mean logit over that population: what reasons compare a customer with.
    residual, direct : ResidualBooster or None
        None where there was too little data.
    base : float
        The logit that `direct` starts from.
    season : Season or None
        None where the log is too young to know it.
    lead : float
        Mean over that population of `score` less the BTYD model's logit.
    """

    horizon_days: int
    btyd: Member
    quantiles: list[float]
    mean_logit: float
    residual: ResidualBooster | None = None
    direct: ResidualBooster | None = None
    base: float = 0.0
    stack: Stack = _ALONE
    season: Season | None = None
    lead: float = 0.0

    @property
    def inputs(self) -> tuple[str, ...]:
        """Features that the model reads."""
        read = [name for booster in self._boosters.values() for name in booster.columns]
        return tuple(dict.fromkeys((*RFM, *([CUTOFF_DAY] if self.season else []), *read)))

    @property
    def _boosters(self) -> dict[str, ResidualBooster]:
        both = {"residual": self.residual, "direct": self.direct}
        return {name: booster for name, booster in both.items() if booster is not None}

    @property
    def is_btyd_alone(self) -> bool:
        """Whether there was too little data for boosters."""
        return self.residual is None

    def predict(self, inputs: Columns) -> Floats:
        """Give p_churn: columns `inputs` -> one probability per row, in the rows' order."""
        return to_p_churn(self.score(inputs))

    def score(self, inputs: Columns) -> Floats:
        """Give the logit of a purchase within H, one per row."""
        offset = btyd_logit(self.btyd, inputs, self.horizon_days)
        logits = {"btyd": offset}
        starts: dict[str, Floats | float] = {"residual": offset, "direct": self.base}
        for name, correction in corrections(self._boosters, inputs).items():
            logits[name] = starts[name] + correction
        score = self.stack.score(logits)
        return score if self.season is None else score + self.season.ahead(inputs)

    def contributions(self, inputs: Columns) -> Parts:
        """Take `score` apart: the baseline, the purchase history, and a part per feature.

        The season is the same for everybody and belongs to the baseline.
        """
        weights = self.stack.weights
        offset = btyd_logit(self.btyd, inputs, self.horizon_days)
        shift = 0.0 if self.season is None else self.season.ahead(inputs)
        fixed = weights.get("direct", 0.0) * self.base + shift
        history = weights["btyd"] + weights.get("residual", 0.0)
        parts = [
            (1.0, {BASELINE: np.broadcast_to(fixed, offset.shape)}),
            (history, of_offset(offset, self.mean_logit)),
        ]
        for name, booster in self._boosters.items():
            parts.append((weights[name], of_booster(booster, inputs)))
        return add_up(parts)

    def percentile(self, p_churn: Floats) -> NDArray[np.intp]:
        """Give the share in percent of the model's population that is less likely to churn."""
        return np.clip(np.searchsorted(self.quantiles, p_churn, side="left"), 0, 100)


def to_p_churn(score: Floats) -> Floats:
    return 1.0 - np.clip(expit(score), EDGE, 1 - EDGE)


def btyd_logit(btyd: Member, inputs: Columns, days: float) -> Floats:
    """Give the BTYD model's logit of a purchase within `days`."""
    x, t_x, T = rfm_arrays(inputs)
    return np.asarray(logit(np.clip(btyd.p_within(x, t_x, T, [days])[:, 0], EDGE, 1 - EDGE)))


def band(p_churn: float) -> Band:
    """Name the band of a churn probability.

    >>> [band(p) for p in (0.1, 0.25, 0.6, 0.75)]
    ['low', 'medium', 'high', 'very_high']
    """
    return next(name for limit, name in _BANDS if p_churn < limit)
