"""Counts how often wrong logged chances are found, and right ones are taken for wrong."""

from collections.abc import Iterator

import msgspec
import numpy as np

from benchmarks.channel.kept_records import KeptRecords
from benchmarks.channel.seed_means import goal_between
from benchmarks.channel.simulated_chances import (
    ARMS,
    RIGHT,
    draw_by_epsilon,
    half_for_all,
    of_other_arms,
    shuffled_over_rows,
    sums_of_four,
    without_lists,
)
from benchmarks.rows import Row
from training.channel.draws.logged_chances import LoggedChances
from training.channel.draws.propensity_checks import check_propensities, untrusted_arms

_LOGS, _DRAWS = 200, 5_000
_MOST_ALARMS = 0.01


class ChanceRecord(msgspec.Struct, frozen=True):
    """What the checks of logged chances said of one simulated log.

    Attributes
    ----------
    alarm : bool
        Something was found although all chances are right.
    found : dict of str to bool
        By error that was put into the chances: whether it was found, and all arms were named.
    """

    alarm: bool
    found: dict[str, bool]


def measure_chances(kept: KeptRecords) -> Iterator[Row]:
    """Check right and wrong chances of logs of 5,000 draws.

    Parameters
    ----------
    kept : KeptRecords
        Where records are kept.

    Yields
    ------
    Row
        A share of logs with its goal.
    """
    records = kept.of_seeds("propensities", _LOGS, check_log, ChanceRecord)
    for error in records[0].found:
        share = float(np.mean([record.found[error] for record in records]))
        yield Row(f"wrong chances found ({error}), share", share, goal="1", met=share == 1)
    alarms = float(np.mean([record.alarm for record in records]))
    figure = f"right chances: false alarms, share of {len(records)} logs"
    goal = goal_between(None, _MOST_ALARMS)
    yield Row(figure, alarms, goal=goal, met=alarms <= _MOST_ALARMS)


def check_log(seed: int) -> ChanceRecord:
    """Check the chances of one log, as they are and with errors put into them.

    Parameters
    ----------
    seed : int
        Seed of the draws. Logs are drawn in turn in each of the ways of `RIGHT`.

    Returns
    -------
    ChanceRecord
    """
    right = list(RIGHT.values())[seed % len(RIGHT)](seed, _DRAWS)
    alone, listed = (draw_by_epsilon(seed, _DRAWS, lists_all=lists) for lists in (False, True))
    other = of_other_arms(listed)
    shuffled = shuffled_over_rows(alone, seed)
    return ChanceRecord(
        alarm=bool(check_propensities(right)),
        found={
            "constant": _names_all(half_for_all(right)),
            "sums above 1": _names_all(sums_of_four(right)),
            "of other arms, all listed": _names_all(other),
            "of other arms, not listed": _names_all(without_lists(other)),
            "shuffled over all rows": bool(check_propensities(shuffled)),
        },
    )


def _names_all(logged: LoggedChances) -> bool:
    """Tell whether the findings name all arms."""
    return untrusted_arms(check_propensities(logged)) == set(ARMS)
