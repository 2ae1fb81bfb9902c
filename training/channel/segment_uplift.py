"""Compares each channel with no message among customers of like purchase frequency."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.arms import NO_MESSAGE
from models.channel.draws import chances_of
from training.channel.logged_decisions import LoggedDecisions
from training.channel.mean_estimates import Estimate
from training.channel.policies import one_hot
from training.channel.policy_value import gains
from training.metrics.probabilities import frequency_buckets

SEGMENT_COLUMNS = ("segment", "arm", "uplift", "low", "high", "sends")
_EVERYBODY = "everybody"
_SEGMENTS = ("no purchase", "0", "1-2", "3-9", "10+")  # by days with a purchase after the first
_MIN_SENDS = 50  # draws of an arm, and of `none`, before the two are compared


def compare_segments(
    decisions: LoggedDecisions, rows: pd.DataFrame, arms: list[str], seed: int
) -> pd.DataFrame:
    """Estimate by DR what each channel adds to no message, by segment.

    A channel is compared with no message only among those who could have drawn either: the others
    differ from them in more than what they were sent.

    Parameters
    ----------
    decisions : LoggedDecisions
        n decisions among K arms.
    rows : DataFrame
        Row by row with `decisions`: the columns of `models.channel.draws.add_chances`, and
        `frequency`, without which all customers are one segment.
    arms : list of str
        Names of the K arms; `none` is one of them.
    seed : int
        Seed of the draws behind the intervals.

    Returns
    -------
    DataFrame
        One row per segment and channel with 50 draws of both whose difference is known (see
        `PolicyValue.known`): `segment, arm, uplift, low, high` (conversions per send more than
        under `none`, with the interval of 95 %), `sends`.
    """
    sent, segment = rows["channel"].to_numpy(), _segment_names(rows)
    drawn = set(sent) if NO_MESSAGE in sent else set()
    table = []
    for arm in sorted(drawn - {NO_MESSAGE}):
        could_draw_both = (chances_of(rows, [arm, NO_MESSAGE]) > 0).all(axis=1)
        for name in pd.unique(segment):
            compared = could_draw_both & (segment == name)
            sends = [int((compared & (sent == other)).sum()) for other in (arm, NO_MESSAGE)]
            if min(sends) >= _MIN_SENDS:
                uplift = _uplift(decisions.take(compared), arms, arm, seed)
                table.append((name, arm, uplift.value, uplift.low, uplift.high, sends[0]))
    known = pd.DataFrame(table, columns=list(SEGMENT_COLUMNS)).dropna()
    return known.sort_values(["segment", "arm"], key=_segment_order, ignore_index=True)


def _uplift(decisions: LoggedDecisions, arms: list[str], arm: str, seed: int) -> Estimate:
    """Estimate what an arm adds to no message, on average over decisions that could draw both."""
    rows = len(decisions.arm)
    policies = {
        name: one_hot(np.full(rows, arms.index(name)), len(arms)) for name in (arm, NO_MESSAGE)
    }
    return gains(decisions, policies, NO_MESSAGE, seed=seed)[arm]


def _segment_names(rows: pd.DataFrame) -> NDArray[np.object_]:
    """Name the frequency segment of each row; a contact may have no purchase at all."""
    if "frequency" not in rows:
        return np.full(len(rows), _EVERYBODY, dtype=object)
    frequency = rows["frequency"].to_numpy(dtype=float)
    names = np.full(len(rows), _SEGMENTS[0], dtype=object)
    for name, of_bucket in frequency_buckets(
        np.where(np.isnan(frequency), -1.0, frequency)
    ).items():
        names[of_bucket] = name.replace("_up", "+")
    return names


def _segment_order(names: "pd.Series[str]") -> "pd.Series[int]":
    """Map segments to their rank by frequency, no purchase first; arms keep their names."""
    ranks = {name: rank for rank, name in enumerate(_SEGMENTS)}
    return names.map(lambda name: ranks.get(name, name))
