"""Chooses the member for a shop: the one whose forecasts at earlier cutoffs were the best.

The likelihood of the data that a member was fitted to is no criterion. In a log that began long
after its customers did, MBG/CNBD-2 had the best likelihood of all members, and forecasts with a
CRPS 13 % worse than BG/NBD's, since the drop-outs that it inferred had not happened.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.arrays import Floats
from models.btyd.history import rfm_arrays
from models.btyd.member import MEMBER_NAMES, MemberName
from models.btyd.member_fit import fit_member
from models.crps import crps_by_customer

SCORED_CUTOFFS = 3  # the latest ones; on a single one another member may be better by chance


class MemberChoice(msgspec.Struct, frozen=True):
    """The member that was chosen for a shop, and the scores of all members.

    Attributes
    ----------
    name : str
        Name of the member with the lowest score.
    scores : dict of str to float
        CRPS in days of each member's forecasts, mean over the customers of the scored cutoffs.
    """

    name: MemberName
    scores: dict[MemberName, float]


def choose_member(
    frame: pd.DataFrame,
    labels: pd.DataFrame,
    horizon_days: int,
    *,
    names: Sequence[MemberName] = MEMBER_NAMES,
    cutoffs: int = SCORED_CUTOFFS,
) -> MemberChoice:
    """Choose the member with the lowest CRPS at earlier cutoffs whose horizon has closed.

    Each member is fitted to the purchase histories at a cutoff and scored on the days after it.

    Parameters
    ----------
    frame : DataFrame
        `cutoff, frequency, recency, T`, one row per (customer, cutoff), as in `Slices.frame`.
    labels : DataFrame
        `days_to_next`, row by row with `frame`: 1..H, 0 without a purchase within H days.
    names : sequence of str
        Members to choose from; of members with the same score the first one is chosen.
    cutoffs : int
        Number of the latest cutoffs that are scored.
    """
    scored = np.unique(frame["cutoff"])[-cutoffs:]
    parts = []
    for cutoff in scored:
        rows = (frame["cutoff"] == cutoff).to_numpy()
        days = labels["days_to_next"].to_numpy()[rows]
        parts.append([_out_of_time(frame[rows], days, horizon_days, name) for name in names])
    means = [float(np.concatenate(of_member).mean()) for of_member in zip(*parts, strict=True)]
    scores = dict(zip(names, means, strict=True))
    return MemberChoice(min(names, key=scores.__getitem__), scores)


def _out_of_time(
    frame: pd.DataFrame, days_to_next: NDArray[np.int_], horizon_days: int, name: MemberName
) -> Floats:
    """Fit a member at one cutoff and compute each customer's CRPS in days: array (n,)."""
    law = fit_member(frame, name).p_within(*rfm_arrays(frame), range(horizon_days + 1))
    return crps_by_customer(days_to_next, law)
