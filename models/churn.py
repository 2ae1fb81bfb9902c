"""Churn: P(no purchase within the horizon)."""

from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from models.booster import BoosterSettings, Columns, ResidualBooster
from models.btyd.history import RFM
from models.btyd.member import Member
from models.contributions import Parts, add_up, of_booster, of_offset
from models.slices import Slices
from models.trial import Trial

Floats = NDArray[np.float64]
# Below this many returning rows the booster is left out and BG/NBD answers alone.
MIN_RETURNS = 300
_EDGE = 1e-6  # probabilities stay this far from 0 and 1
Band = Literal["low", "medium", "high", "very_high"]
_BANDS: tuple[tuple[float, Band], ...] = (
    (0.25, "low"),
    (0.5, "medium"),
    (0.75, "high"),
    (np.inf, "very_high"),
)


class ChurnModel(msgspec.Struct, frozen=True):
    """BG/NBD, corrected on the logit scale by a LightGBM booster.

    The booster starts from BG/NBD's own logit, so that with little to learn from the answer
    stays BG/NBD's.

    Attributes
    ----------
    horizon_days : int
        H.
    btyd : Member
        Fitted at the model's cutoff.
    booster : ResidualBooster or None
        None where there was too little data.
    quantiles : list of float
        p_churn of the population at the model's cutoff at 0, 1, ..., 100 %.
    mean_logit : float
        BG/NBD's mean logit over that population: what reasons compare a customer with.
    """

    horizon_days: int
    btyd: Member
    booster: ResidualBooster | None
    quantiles: list[float]
    mean_logit: float

    @property
    def inputs(self) -> tuple[str, ...]:
        """Features that the model reads."""
        return tuple(dict.fromkeys((*RFM, *(self.booster.columns if self.booster else ()))))

    def predict(self, inputs: Columns) -> Floats:
        """Give p_churn: columns `inputs` -> one probability per row, in the rows' order."""
        return 1.0 - np.clip(expit(self.score(inputs)), _EDGE, 1 - _EDGE)

    def score(self, inputs: Columns) -> Floats:
        """Give the logit of a purchase within H, one per row."""
        score = _offset(self.btyd, inputs, self.horizon_days)
        if self.booster is not None:
            score = score + self.booster.correction(inputs)
        return score

    def contributions(self, inputs: Columns) -> Parts:
        """Take `score` apart: the baseline, the purchase history, and a part per feature."""
        parts = [of_offset(_offset(self.btyd, inputs, self.horizon_days), self.mean_logit)]
        if self.booster is not None:
            parts.append(of_booster(self.booster, inputs))
        return add_up((1.0, part) for part in parts)

    def percentile(self, p_churn: Floats) -> NDArray[np.intp]:
        """Give the share in percent of the model's population that is less likely to churn."""
        return np.clip(np.searchsorted(self.quantiles, p_churn, side="left"), 0, 100)


def search_space(trial: Trial) -> BoosterSettings:
    """Draw the settings of the booster: from tamer than the defaults to much wilder ones."""
    return BoosterSettings(
        rounds=trial.suggest_int("rounds", 50, 300, step=50),
        leaves=trial.suggest_int("leaves", 5, 31),
        min_rows=trial.suggest_int("min_rows", 50, 500, log=True),
        l2=trial.suggest_float("l2", 1.0, 100.0, log=True),
    )


def fit_churn(slices: Slices, settings: BoosterSettings, seed: int) -> ChurnModel:
    """Fit churn on all slices; the booster starts from each slice's own BG/NBD."""
    outcome = slices.labels["returned"].to_numpy(dtype=float)
    booster = None
    if outcome.sum() >= MIN_RETURNS:
        offsets = _slice_offsets(slices)
        booster = ResidualBooster.fit(
            slices.frame, slices.columns, outcome, offsets, settings, seed
        )
    mean = float(_offset(slices.btyd, slices.latest, slices.horizon_days).mean())
    unranked = ChurnModel(slices.horizon_days, slices.btyd, booster, [], mean)
    quantiles = np.quantile(unranked.predict(slices.latest), np.linspace(0, 1, 101))
    return msgspec.structs.replace(unranked, quantiles=quantiles.tolist())


def _offset(btyd: Member, inputs: Columns, days: float) -> Floats:
    """Give BG/NBD's logit of a purchase within `days`."""
    x, t_x, T = (np.asarray(inputs[name], dtype=float) for name in RFM)
    return np.asarray(logit(np.clip(btyd.p_within(x, t_x, T, [days])[:, 0], _EDGE, 1 - _EDGE)))


def _slice_offsets(slices: Slices) -> Floats:
    """Give each row the logit of the BG/NBD fitted at the row's own cutoff."""
    result = np.empty(len(slices.frame))
    for cutoff, rows in slices.frame.groupby("cutoff").indices.items():
        rows_of = slices.frame.iloc[rows]
        result[rows] = _offset(slices.btyds[cutoff], rows_of, slices.horizon_days)
    return result


def band(p_churn: float) -> Band:
    """Name the band of a churn probability.

    >>> [band(p) for p in (0.1, 0.25, 0.6, 0.75)]
    ['low', 'medium', 'high', 'very_high']
    """
    return next(name for limit, name in _BANDS if p_churn < limit)
