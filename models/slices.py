"""What a purchase model learns from: the features and labels of several cutoffs."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from models.btyd.member import Member


@dataclass(frozen=True)
class Slices:
    """All that a purchase model may learn from at one cutoff; built by `training.slices`.

    Attributes
    ----------
    cutoff : int
        Last instant known to the model.
    frame, labels : DataFrame
        Features and labels row by row, one per (customer_id, cutoff); labels are `returned`
        (a purchase within H) and `days_to_next` (1..H, 0 without one).
    latest : DataFrame
        Features of the population at `cutoff`, without labels: for the BG/NBD and the
        Gamma-Gamma that answer, and for the percentiles.
    btyds : cutoff (Timestamp) -> Member
        BG/NBD fitted at each slice's cutoff and at the model's, on what was known then.
    """

    cutoff: int
    horizon_days: int
    frame: pd.DataFrame
    labels: pd.DataFrame
    latest: pd.DataFrame
    btyds: dict[Any, Member]

    @property
    def columns(self) -> list[str]:
        """Names of the features."""
        return [name for name in self.frame.columns if name not in ("customer_id", "cutoff")]

    @property
    def btyd(self) -> Member:
        """The BG/NBD at the model's cutoff."""
        return self.btyds[self.latest["cutoff"].iloc[0]]
