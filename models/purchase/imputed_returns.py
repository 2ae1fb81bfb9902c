"""Returners: whom repurchase timing learns from, and for how long each was watched.

Of a slice whose window has closed they are those who came back. Of one that is still open the
first weeks are seen and the rest is not: whoever has come back is a returner, and of the others a
part is drawn, each with the BTYD model's chance of coming back in what is left of the window.
That is the imputation step of the stochastic EM algorithm (Celeux & Diebolt 1985), taken once:
the hazards are conditional on a return, so that the few who are drawn wrongly only count in the
early intervals where nobody came.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.arrays import Flags, Floats
from models.btyd.history import rfm_arrays
from models.btyd.member import Member
from models.purchase.slices import Slices, age_weights

ReturnDays = NDArray[np.int64]

# What a row of an open slice counts for beside its age. With all of it CDNOW lost twice as much as
# with a half (the last quarter is the wrong season), and the grocer gained next to nothing more.
_OPEN_WEIGHT = 0.5


@dataclass(frozen=True)
class ImputedReturns:
    """Rows of all slices, one per (customer_id, cutoff).

    Attributes
    ----------
    frame : DataFrame
        Their features.
    days : array (n,)
        Days to the next purchase, 0 where it is still awaited.
    watched : array (n,)
        Days after the cutoff that are known, at most H.
    horizon_days : int
        H.
    """

    frame: pd.DataFrame
    days: ReturnDays
    watched: ReturnDays
    horizon_days: int

    @property
    def weights(self) -> Floats:
        """What each counts for: by the age of its slice, and less in a window still open."""
        is_open = self.watched < self.horizon_days
        return age_weights(self.frame["cutoff"]) * np.where(is_open, _OPEN_WEIGHT, 1.0)

    def awaited(self, edges: Sequence[int]) -> Flags:
        """Say who was awaited when an interval began, where its end is known.

        Array (n, intervals - 1), without the last interval: there everybody comes.
        """
        known = np.array(edges[:-1])[None, :] <= self.watched[:, None]
        begun = np.arange(len(edges) - 1)[None, :] <= self._interval(edges)[:, None]
        return np.asarray(known & begun)

    def came(self, edges: Sequence[int]) -> Flags:
        """Say who came in which interval: array (n, intervals - 1)."""
        return np.asarray(np.arange(len(edges) - 1)[None, :] == self._interval(edges)[:, None])

    def _interval(self, edges: Sequence[int]) -> ReturnDays:
        """Give the interval in which each came, the last one where they are still awaited."""
        return np.where(self.days > 0, np.searchsorted(edges, self.days), len(edges) - 1)

    def by_cutoff(self) -> list["ImputedReturns"]:
        """Part the rows by their cutoff."""
        places = self.frame.groupby("cutoff").indices.values()
        return [
            ImputedReturns(self.frame.iloc[p], self.days[p], self.watched[p], self.horizon_days)
            for p in places
        ]


def closed_returners(
    frame: pd.DataFrame, labels: pd.DataFrame, horizon_days: int
) -> ImputedReturns:
    """Gather those who came back within a window that has closed."""
    back = labels["returned"].to_numpy(dtype=bool)
    days = labels["days_to_next"].to_numpy()[back]
    return ImputedReturns(frame[back], days, np.full(len(days), horizon_days), horizon_days)


def make_returners(slices: Slices, seed: int) -> ImputedReturns:
    """Gather the returners of closed slices, and the likely ones of open slices.

    The same slices and seed give the same rows.
    """
    closed = closed_returners(slices.frame, slices.labels, slices.horizon_days)
    if slices.open is None:
        return closed
    later = _likely(slices, *slices.open, seed)
    return ImputedReturns(
        pd.concat([closed.frame, later.frame], ignore_index=True),
        np.concatenate([closed.days, later.days]),
        np.concatenate([closed.watched, later.watched]),
        slices.horizon_days,
    )


def _likely(slices: Slices, frame: pd.DataFrame, labels: pd.DataFrame, seed: int) -> ImputedReturns:
    """Draw the likely returners of open slices."""
    chance = np.where(labels["returned"], 1.0, 0.0)
    watched = labels["watched_days"].to_numpy()
    for cutoff, rows in frame.groupby("cutoff").indices.items():
        awaited = rows[chance[rows] == 0]
        chance[awaited] = _chance_left(
            slices.btyds[cutoff], frame.iloc[awaited], watched[rows[0]], slices.horizon_days
        )
    drawn = np.random.default_rng(seed).random(len(frame)) < chance
    days = labels["days_to_next"].to_numpy()[drawn]
    return ImputedReturns(frame[drawn], days, watched[drawn], slices.horizon_days)


def _chance_left(btyd: Member, frame: pd.DataFrame, watched: int, horizon_days: int) -> Floats:
    """Give P(a purchase within H | none within the days watched)."""
    so_far, by_then = btyd.p_within(*rfm_arrays(frame), [watched, horizon_days]).T
    return np.asarray((by_then - so_far) / np.maximum(1.0 - so_far, np.finfo(float).tiny))
