"""The training data of a purchase model: features and labels of customers at several cutoffs.

The rows of one cutoff are called a slice.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from features.arrays import Floats
from models.boosters.binned_rows import BinnedRows
from models.boosters.booster import BoosterSettings, column_matrix
from models.btyd.member import Member
from models.purchase.season import CUTOFF_DAY, Season, find_reach, fit_season, local_cutoff_days

# Shops change, so that a slice counts half as much as one that is this much younger. On three real
# logs it lowered the CRPS of the one with a strong season by 0.3 % and raised that of the others by
# at most 0.1 %.
HALF_LIFE_DAYS = 120
# A feature is left out where more than this share of the latest population lies beyond these
# quantiles of the slices.
_TAILS = (0.005, 0.995)
_MOST_OUTSIDE = 0.05


@dataclass(frozen=True)
class Slices:
    """Everything that a purchase model may learn from at its cutoff.

    `training.purchase.slices` builds it.

    Attributes
    ----------
    cutoff : int
        Last instant known to the model, in microseconds since 1970-01-01 UTC.
    horizon_days : int
        H, the length of the window after each cutoff in which a purchase is looked for.
    frame, labels : DataFrame
        Features and labels, one row per (customer_id, cutoff), in the same order. Labels are
        `returned` (a purchase within H days) and `days_to_next` (1..H, 0 without a purchase).
    latest : DataFrame
        Features of the population at `cutoff`, without labels. The BTYD and Gamma-Gamma models
        that answer are fitted to it, and percentiles refer to it.
    btyds : dict of Timestamp to Member
        The BTYD model fitted at each slice's cutoff and at the model's, on what was known then.
    year_ago : pair of DataFrame or None
        Features (`models.purchase.season.SEASON_COLUMNS`) and labels at the cutoff a year before
        the model's; None where the log before it is too short to tell a season from growth.
    open : pair of DataFrame or None
        Features and labels of later cutoffs, whose windows are still open at the model's cutoff.
        Labels state what has happened so far: `returned` and `days_to_next` within
        `watched_days` (< H). None where there is no such cutoff.
    """

    cutoff: int
    horizon_days: int
    frame: pd.DataFrame
    labels: pd.DataFrame
    latest: pd.DataFrame
    btyds: dict[Any, Member]
    year_ago: tuple[pd.DataFrame, pd.DataFrame] | None = None
    open: tuple[pd.DataFrame, pd.DataFrame] | None = None

    @cached_property
    def columns(self) -> list[str]:
        """Names of the features that a booster may learn from.

        Two kinds of features are left out. Features that are the same for all customers at a
        cutoff would let trees recognise the slices. Features whose values have outgrown the
        slices, such as sums over a lookback that reaches beyond the log's beginning, have more
        than a twentieth of the latest population where hardly any row of the slices is. No label
        is read.
        """
        names = [name for name in self.frame.columns if name not in ("customer_id", "cutoff")]
        groups = self.frame.groupby("cutoff")[names]
        varies = (groups.max() > groups.min()).any()
        bounds = self.frame[names].quantile(list(_TAILS))
        low, high = (bounds.loc[tail] for tail in _TAILS)
        outside = ((self.latest[names] < low) | (self.latest[names] > high)).mean()
        return [name for name in names if varies[name] and outside[name] < _MOST_OUTSIDE]

    def binned(self, settings: BoosterSettings) -> BinnedRows:
        """Return the rows of `frame` in the bins of some settings, made once for all boosters."""
        kind = settings.bins, settings.min_rows
        if kind not in self._binned:
            matrix = column_matrix(self.frame, self.columns)  # not kept: it is the largest part
            self._binned[kind] = BinnedRows.bin(matrix, self.columns, *kind)
        return self._binned[kind]

    @cached_property
    def _binned(self) -> dict[tuple[int, int], BinnedRows]:
        return {}

    @cached_property
    def weights(self) -> Floats:
        """The weight of each row, array (n,), as `age_weights` computes it."""
        return age_weights(self.frame["cutoff"])

    @property
    def btyd(self) -> Member:
        """The BTYD model that was fitted at the model's cutoff."""
        return self.btyds[self.latest["cutoff"].iloc[0]]

    def apply_btyd_by_cutoff(
        self, frame: pd.DataFrame, compute: Callable[[Member, pd.DataFrame], Floats]
    ) -> Floats:
        """Compute something of each row with the BTYD model that was fitted at the row's cutoff.

        Parameters
        ----------
        frame : DataFrame
            Rows of any of the cutoffs in `btyds`; `cutoff` and the columns that `compute` reads.
        compute : callable
            (BTYD model, rows of one cutoff) -> array (rows,) or (rows, k).

        Returns
        -------
        array (n,) or (n, k)
            Row by row with `frame`.
        """
        groups = frame.groupby("cutoff").indices
        parts = [compute(self.btyds[cutoff], frame.iloc[rows]) for cutoff, rows in groups.items()]
        original_order = np.argsort(np.concatenate([*groups.values()]))
        return np.asarray(np.concatenate(parts)[original_order])

    @cached_property
    def season(self) -> Season | None:
        """The season of purchases within H days; None where no year-ago slice is known."""
        if self.year_ago is None:
            return None
        frames, labels = zip(*self._seasonal, strict=True)
        returned = [of_cutoff["returned"].to_numpy() for of_cutoff in labels]
        return fit_season(frames, returned, local_cutoff_days(frames), self.season_reach)

    @cached_property
    def season_reach(self) -> float:
        """How many days since the last purchase a customer may have to count for a season."""
        return find_reach([frame for frame, _ in self._seasonal])

    @property
    def _seasonal(self) -> list[tuple[pd.DataFrame, pd.DataFrame]]:
        """Features and labels of each cutoff, that of the year-ago slice first."""
        groups = self.frame.groupby("cutoff").indices.values()
        slices = [(self.frame.iloc[rows], self.labels.iloc[rows]) for rows in groups]
        return slices if self.year_ago is None else [self.year_ago, *slices]

    @cached_property
    def shifts(self) -> Floats:
        """The seasonal shift of each row's logit, array (n,); 0 without a season."""
        if self.season is None:
            return np.zeros(len(self.frame))
        return self.season.shift_on(self.frame[CUTOFF_DAY].to_numpy(dtype=float))


def age_weights(cutoffs: pd.Series) -> Floats:
    """Compute the weight of rows by their cutoffs: 1 at the latest, half for every 120 days less.

    Returns
    -------
    array (n,)
        Weights in (0, 1].
    """
    age = (cutoffs.max() - cutoffs).dt.days
    return np.asarray(0.5 ** (age / HALF_LIFE_DAYS), dtype=float)
