"""Selects the customers from whose returns the timing model learns.

In a slice whose window of H days has closed they are the customers who came back within it. In a
slice whose window is still open only its first weeks have been observed. Customers who have come
back by then are selected; of the others each is drawn at random with the BTYD model's probability
of coming back in the rest of the window. This is the imputation step of the stochastic EM
algorithm (Celeux & Diebolt 1985), taken once. The hazards are conditional on a return, so that a
customer who is drawn wrongly counts only in the early intervals, as one who did not come yet.
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

# The factor on the weight of a row of an open slice. With a factor of 1 the CDNOW log lost twice as
# much as with 0.5, since its last quarter is the wrong season, and the grocer's log gained hardly
# more.
_OPEN_WEIGHT = 0.5


@dataclass(frozen=True)
class ImputedReturns:
    """The customers who return within H days of a cutoff, observed or drawn to do so.

    Attributes
    ----------
    frame : DataFrame
        Their features, one row per (customer_id, cutoff).
    days : int array (n,)
        Days to the next purchase, 1..H; 0 where it has not been observed yet.
    watched : int array (n,)
        Number of days after the cutoff that have been observed, at most H.
    horizon_days : int
        H, the length of the window.
    """

    frame: pd.DataFrame
    days: ReturnDays
    watched: ReturnDays
    horizon_days: int

    @property
    def weights(self) -> Floats:
        """The weight of each row, array (n,): smaller in older slices and in open windows."""
        is_open = self.watched < self.horizon_days
        return age_weights(self.frame["cutoff"]) * np.where(is_open, _OPEN_WEIGHT, 1.0)

    def awaited(self, edges: Sequence[int]) -> Flags:
        """Find the rows whose return was still to come when an interval began.

        An interval whose end has not been observed does not count.

        Parameters
        ----------
        edges : sequence of int
            Last days of the intervals, rising; the last one is H.

        Returns
        -------
        bool array (n, len(edges) - 1)
            One column per interval but the last, in which every row that is left returns.
        """
        known = np.array(edges[:-1])[None, :] <= self.watched[:, None]
        begun = np.arange(len(edges) - 1)[None, :] <= self._interval(edges)[:, None]
        return np.asarray(known & begun)

    def came(self, edges: Sequence[int]) -> Flags:
        """Find the rows whose return fell into an interval: bool array (n, len(edges) - 1)."""
        return np.asarray(np.arange(len(edges) - 1)[None, :] == self._interval(edges)[:, None])

    def _interval(self, edges: Sequence[int]) -> ReturnDays:
        """Return the index of the interval of each return; the last one if not observed yet."""
        return np.where(self.days > 0, np.searchsorted(edges, self.days), len(edges) - 1)

    def by_cutoff(self) -> list["ImputedReturns"]:
        """Split the returns by their cutoff.

        Returns
        -------
        list of ImputedReturns
            One for each cutoff that has rows, from the earliest to the latest.
        """
        groups = self.frame.groupby("cutoff").indices.values()
        return [
            ImputedReturns(
                self.frame.iloc[rows], self.days[rows], self.watched[rows], self.horizon_days
            )
            for rows in groups
        ]


def select_returns(frame: pd.DataFrame, labels: pd.DataFrame, horizon_days: int) -> ImputedReturns:
    """Select the rows of customers who came back within a window that has closed.

    Parameters
    ----------
    frame, labels : DataFrame
        Features and labels (`returned`, `days_to_next`), one row per (customer_id, cutoff).
    """
    returned = labels["returned"].to_numpy(dtype=bool)
    days = labels["days_to_next"].to_numpy()[returned]
    return ImputedReturns(frame[returned], days, np.full(len(days), horizon_days), horizon_days)


def impute_returns(slices: Slices, seed: int) -> ImputedReturns:
    """Select the returns of closed slices, and draw returns of open slices.

    The same slices and seed give the same rows.
    """
    closed = select_returns(slices.frame, slices.labels, slices.horizon_days)
    if slices.open is None:
        return closed
    later = _draw_returns(slices, *slices.open, seed)
    return ImputedReturns(
        pd.concat([closed.frame, later.frame], ignore_index=True),
        np.concatenate([closed.days, later.days]),
        np.concatenate([closed.watched, later.watched]),
        slices.horizon_days,
    )


def _draw_returns(
    slices: Slices, frame: pd.DataFrame, labels: pd.DataFrame, seed: int
) -> ImputedReturns:
    """Draw the returns of open slices: those observed, and others by their probability."""
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
    """Compute P(purchase within H days | none within the days observed): array (rows,)."""
    so_far, by_then = btyd.p_within(*rfm_arrays(frame), [watched, horizon_days]).T
    return np.asarray((by_then - so_far) / np.maximum(1.0 - so_far, np.finfo(float).tiny))
