"""Fits the season of each interval's hazard: one for the timing model, one for the hazards."""

from collections.abc import Sequence

import pandas as pd

from features.arrays import Flags
from models.purchase.season import Season, fit_season
from models.purchase.slices import local_cutoff_days

# the customers of one cutoff; whether each one's purchase was awaited in an interval, and came in it
SeasonPart = tuple[pd.DataFrame, Flags, Flags]


def fit_interval_seasons(parts: Sequence[SeasonPart], reach: float) -> list[Season]:
    """Fit the season of each interval on the customers whose purchase was awaited at its begin.

    Parameters
    ----------
    parts : sequence of (frame, awaited, came)
        One per cutoff, that of a year ago first: features (`models.purchase.season.SEASON_COLUMNS`
        and the day of the cutoff), and two bool arrays (n, intervals).
    reach : float
        `Slices.season_reach`.

    Returns
    -------
    list of Season
        One per interval. Its shift is 0 where nobody's purchase was awaited at any cutoff.
    """
    flat = Season(local_cutoff_days([parts[0][0]]), [0.0])
    seasons = []
    for interval in range(parts[0][1].shape[1]):
        known = [
            (frame[awaited[:, interval]], came[awaited[:, interval], interval])
            for frame, awaited, came in parts
            if awaited[:, interval].any()
        ]
        if known:
            frames, outcomes = zip(*known, strict=True)
            seasons.append(fit_season(frames, outcomes, local_cutoff_days(frames), reach))
        else:
            seasons.append(flat)
    return seasons
