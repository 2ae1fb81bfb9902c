"""What a purchase model learns from: the features and labels of several cutoffs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from features.arrays import Floats
from models.btyd.member import Member
from models.purchase.season import CUTOFF_DAY, Season, fit_season

# Shops change: a slice this much older counts half. On three real logs it took .3 % off the CRPS
# of the one with a strong season and cost the others at most .1 %.
HALF_LIFE_DAYS = 120
_TAILS = (0.005, 0.995)
_STRANGE = 0.05


@dataclass(frozen=True)
class Slices:
    """All that a purchase model may learn from at one cutoff; built by `training.purchase.slices`.

    Attributes
    ----------
    cutoff : int
        Last instant known to the model.
    frame, labels : DataFrame
        Features and labels row by row, one per (customer_id, cutoff); labels are `returned`
        (a purchase within H) and `days_to_next` (1..H, 0 without one).
    latest : DataFrame
        Features of the population at `cutoff`, without labels: for the BTYD model and the
        Gamma-Gamma that answer, and for the percentiles.
    btyds : cutoff (Timestamp) -> Member
        The BTYD model fitted at each slice's cutoff and at the model's, on what was known then.
    year_ago : pair of DataFrame or None
        Features (those of `models.purchase.season`) and labels at the cutoff a year before the
        model's; None where too little history lies before it to tell a season from a young log.
    open : pair of DataFrame or None
        Features and labels of later cutoffs, whose window is still open at the model's: what
        happened so far. Labels are `returned` and `days_to_next` within `watched_days` (< H).
        None where there is no such cutoff.
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

        Left out is what is the same for everybody at a cutoff, from which trees would learn the
        slices by heart, and what has outgrown the slices: of the latest population more than a
        twentieth lies where next to none of the slices' rows do, as sums over a lookback that
        reaches beyond the log's beginning. No label is looked at.
        """
        names = [name for name in self.frame.columns if name not in ("customer_id", "cutoff")]
        groups = self.frame.groupby("cutoff")[names]
        varies = (groups.max() > groups.min()).any()
        bounds = self.frame[names].quantile(list(_TAILS))
        low, high = (bounds.loc[tail] for tail in _TAILS)
        strange = ((self.latest[names] < low) | (self.latest[names] > high)).mean()
        return [name for name in names if varies[name] and strange[name] < _STRANGE]

    @cached_property
    def weights(self) -> Floats:
        """What each row counts for: half as much for every 120 days that its slice is older."""
        return age_weights(self.frame["cutoff"])

    @property
    def btyd(self) -> Member:
        """The BTYD model at the model's cutoff."""
        return self.btyds[self.latest["cutoff"].iloc[0]]

    def ask_btyds(
        self, frame: pd.DataFrame, ask: Callable[[Member, pd.DataFrame], Floats]
    ) -> Floats:
        """Ask each row's question of the BTYD model fitted at the row's own cutoff.

        Parameters
        ----------
        frame : DataFrame
            Rows of any of the cutoffs in `btyds`.
        ask : callable
            (member, rows of one cutoff) -> array of one answer, or a line of them, per row.

        Returns
        -------
        array
            Row by row with `frame`.
        """
        places = frame.groupby("cutoff").indices
        said = [ask(self.btyds[cutoff], frame.iloc[rows]) for cutoff, rows in places.items()]
        return np.asarray(np.concatenate(said)[np.argsort(np.concatenate([*places.values()]))])

    @cached_property
    def season(self) -> Season | None:
        """The season of returns within H; None where it is not known."""
        if self.year_ago is None:
            return None
        places = self.frame.groupby("cutoff").indices.values()
        slices = [(self.frame.iloc[p], self.labels.iloc[p]) for p in places]
        frames, labels = zip(self.year_ago, *slices, strict=True)
        returned = [of["returned"].to_numpy() for of in labels]
        return fit_season(frames, returned, cutoff_days(frames))

    @cached_property
    def shifts(self) -> Floats:
        """The seasonal shift of each row, 0 without a season."""
        if self.season is None:
            return np.zeros(len(self.frame))
        return self.season.at(self.frame[CUTOFF_DAY].to_numpy(dtype=float))


def age_weights(cutoffs: pd.Series) -> Floats:
    """Weigh rows by their cutoffs: 1 for the latest, half for every 120 days before it."""
    age = (cutoffs.max() - cutoffs).dt.days
    return np.asarray(0.5 ** (age / HALF_LIFE_DAYS), dtype=float)


def cutoff_days(frames: Sequence[pd.DataFrame]) -> list[int]:
    """Give the local day of each frame's cutoff."""
    return [int(frame[CUTOFF_DAY].iloc[0]) for frame in frames]
