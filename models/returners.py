"""Returners: whom repurchase timing learns from, and for how long each was watched.

Of a slice whose window has closed they are those who came back. Of one that is still open the
first weeks are seen and the rest is not: whoever has come back is a returner, and of the others a
part is drawn, each with the BTYD model's chance of coming back in what is left of the window.
That is the imputation step of the stochastic EM algorithm (Celeux & Diebolt 1985), taken once:
the hazards are conditional on a return, so that the few who are drawn wrongly only count in the
early intervals where nobody came.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.btyd.history import RFM
from models.btyd.member import Member
from models.slices import Slices, age_weights

Floats = NDArray[np.float64]
Days = NDArray[np.int64]


@dataclass(frozen=True)
class Returners:
    """Rows of all slices, one per (customer_id, cutoff).

    Attributes
    ----------
    frame : DataFrame
        Their features.
    days : array (n,)
        Days to the next purchase, 0 where it is still awaited.
    watched : array (n,)
        Days after the cutoff that are known, at most H.
    weights : array (n,)
        What each counts for, by the age of its slice.
    """

    frame: pd.DataFrame
    days: Days
    watched: Days
    weights: Floats


def make_returners(slices: Slices, seed: int) -> Returners:
    """Gather the returners of closed slices, and the likely ones of open slices.

    The same slices and seed give the same rows.
    """
    back = slices.labels["returned"].to_numpy(dtype=bool)
    days = slices.labels["days_to_next"].to_numpy()[back]
    parts = [(slices.frame[back], days, np.full(len(days), slices.horizon_days))]
    if slices.open is not None:
        parts.append(_likely(slices, *slices.open, seed))
    frames, day_parts, watched = zip(*parts, strict=True)
    frame = pd.concat(frames, ignore_index=True)
    return Returners(
        frame, np.concatenate(day_parts), np.concatenate(watched), age_weights(frame["cutoff"])
    )


def _likely(
    slices: Slices, frame: pd.DataFrame, labels: pd.DataFrame, seed: int
) -> tuple[pd.DataFrame, Days, Days]:
    """Draw the likely returners of open slices."""
    chance = np.where(labels["returned"], 1.0, 0.0)
    watched = labels["watched_days"].to_numpy()
    for cutoff, rows in frame.groupby("cutoff").indices.items():
        awaited = rows[chance[rows] == 0]
        chance[awaited] = _chance_left(
            slices.btyds[cutoff], frame.iloc[awaited], watched[rows[0]], slices.horizon_days
        )
    drawn = np.random.default_rng(seed).random(len(frame)) < chance
    return frame[drawn], labels["days_to_next"].to_numpy()[drawn], watched[drawn]


def _chance_left(btyd: Member, frame: pd.DataFrame, watched: int, horizon_days: int) -> Floats:
    """Give P(a purchase within H | none within the days watched)."""
    x, t_x, T = (frame[name].to_numpy(dtype=float) for name in RFM)
    so_far, by_then = btyd.p_within(x, t_x, T, [watched, horizon_days]).T
    return np.asarray((by_then - so_far) / np.maximum(1.0 - so_far, np.finfo(float).tiny))
