"""Which member suits a shop: the one that foretold best what came after an earlier cutoff.

Never the one with the best likelihood on its own data: on a panel that began long after its
customers did, Erlang-2 gaps had the best likelihood of all and a CRPS 13 % worse than BG/NBD's,
as the drop-outs that it found were not there.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.arrays import Floats
from models.btyd.history import rfm_arrays
from models.btyd.ladder import fit_member
from models.btyd.member import MEMBER_NAMES, MemberName
from models.crps import crps_by_customer

SCORED_CUTOFFS = 3  # the latest ones; a single one may happen to suit another member


class MemberChoice(msgspec.Struct, frozen=True):
    """The member that was chosen, and why.

    Attributes
    ----------
    name : str
        Of the member with the lowest score.
    scores : dict of name -> float
        Out-of-time CRPS in days, mean over the customers of the scored cutoffs.
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
    """Choose by CRPS over the horizon at earlier, closed cutoffs.

    Each member is fitted to the histories at a cutoff and scored on what came after it.

    Parameters
    ----------
    frame : DataFrame
        `cutoff, frequency, recency, T`, one row per (customer, cutoff), as in `Slices.frame`.
    labels : DataFrame
        `days_to_next`, row by row: 1..H, 0 without a purchase within H.
    names : sequence of str
        Members to choose from; of equal scores the first one wins.
    cutoffs : int
        How many of the latest cutoffs are scored.
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
    """Give each customer's CRPS at one cutoff."""
    law = fit_member(frame, name).p_within(*rfm_arrays(frame), range(horizon_days + 1))
    return crps_by_customer(days_to_next, law)
