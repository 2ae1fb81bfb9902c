"""Churn: P(no purchase within the horizon)."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, logit

from models.booster import BoosterSettings, Columns, ResidualBooster
from models.btyd import RFM, Btyd

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
    btyd : Btyd
        Fitted at the model's cutoff.
    booster : ResidualBooster or None
        None where there was too little data.
    quantiles : list of float
        p_churn of the population at the model's cutoff at 0, 1, ..., 100 %.
    """

    horizon_days: int
    btyd: Btyd
    booster: ResidualBooster | None
    quantiles: list[float]

    @property
    def inputs(self) -> tuple[str, ...]:
        """Features that the model reads."""
        return tuple(dict.fromkeys((*RFM, *(self.booster.columns if self.booster else ()))))

    def predict(self, inputs: Columns) -> Floats:
        """Give p_churn: columns `inputs` -> one probability per row, in the rows' order."""
        score = offset(self.btyd, inputs, self.horizon_days)
        if self.booster is not None:
            score = score + self.booster.correction(inputs)
        return 1.0 - np.clip(expit(score), _EDGE, 1 - _EDGE)

    def percentile(self, p_churn: Floats) -> NDArray[np.intp]:
        """Give the share in percent of the model's population that is less likely to churn."""
        return np.clip(np.searchsorted(self.quantiles, p_churn, side="left"), 0, 100)


def fit_churn(
    frame: pd.DataFrame,
    labels: pd.DataFrame,
    btyds: Mapping[Any, Btyd],
    latest: pd.DataFrame,
    horizon_days: int,
    columns: list[str],
    settings: BoosterSettings,
    seed: int,
) -> ChurnModel:
    """Fit churn on several training slices.

    Parameters
    ----------
    frame, labels : DataFrame
        Features and `returned` (a purchase within H), row by row, one per
        (customer_id, cutoff).
    btyds : cutoff -> Btyd
        BG/NBD fitted at each slice's cutoff on what was known then, and at the model's.
    latest : DataFrame
        Features of the population at the model's cutoff: no labels, only for the BG/NBD that
        answers and for the percentiles.
    """
    outcome = labels["returned"].to_numpy(dtype=float)
    booster = None
    if outcome.sum() >= MIN_RETURNS:
        offsets = slice_offsets(frame, btyds, horizon_days)
        booster = ResidualBooster.fit(frame, columns, outcome, offsets, settings, seed)
    btyd = btyds[latest["cutoff"].iloc[0]]
    unranked = ChurnModel(horizon_days, btyd, booster, [])
    quantiles = np.quantile(unranked.predict(latest), np.linspace(0, 1, 101))
    return msgspec.structs.replace(unranked, quantiles=quantiles.tolist())


def offset(btyd: Btyd, inputs: Columns, days: float) -> Floats:
    """Give BG/NBD's logit of a purchase within `days`."""
    x, t_x, T = (np.asarray(inputs[name], dtype=float) for name in RFM)
    return np.asarray(logit(np.clip(btyd.p_within(x, t_x, T, [days])[:, 0], _EDGE, 1 - _EDGE)))


def slice_offsets(frame: pd.DataFrame, btyds: Mapping[Any, Btyd], days: float) -> Floats:
    """Give each row the logit of the BG/NBD fitted at the row's own cutoff."""
    result = np.empty(len(frame))
    for cutoff, rows in frame.groupby("cutoff").indices.items():
        result[rows] = offset(btyds[cutoff], frame.iloc[rows], days)
    return result


def band(p_churn: float) -> Band:
    """Name the band of a churn probability.

    >>> [band(p) for p in (0.1, 0.25, 0.6, 0.75)]
    ['low', 'medium', 'high', 'very_high']
    """
    return next(name for limit, name in _BANDS if p_churn < limit)
