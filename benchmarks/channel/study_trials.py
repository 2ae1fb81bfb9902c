"""Counts how often the policy study calls a policy better in logs without any effect."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd

from benchmarks.channel.consent_settings import ConsentSettings
from benchmarks.channel.consent_world import draw_consent_world
from benchmarks.channel.kept_records import KeptRecords
from benchmarks.channel.seed_means import goal_between
from benchmarks.channel.world_rows import make_world_rows, read_world_catalog
from benchmarks.channel.world_trials import WINDOW_DAYS
from benchmarks.rows import Row
from models.channel.message_value import MessageValue
from models.channel.model import ChannelModel
from training.channel.draws.send_situations import options_of
from training.channel.gain_verdicts import BETTER
from training.channel.job import fit_channel_model
from training.channel.policies import ClusterFolds, arms_of, cross_fit
from training.channel.study import study_policies
from training.runs.training_runs import SEED

_LOGS, _SENDS = 200, 4_000
_MOST_BETTER = 0.02
_LOGGED = (  # the logs are drawn in turn in these two ways
    ConsentSettings(sends=_SENDS, effects="none"),
    ConsentSettings(sends=_SENDS, effects="none", policy="epsilon_greedy"),
)


class StudyRecord(msgspec.Struct, frozen=True):
    """The policy study's verdicts on one log.

    Attributes
    ----------
    verdicts : dict of str to str
        By policy: whether it is better than the best fixed arm.
    """

    verdicts: dict[str, str]


def measure_study(kept: KeptRecords) -> Iterator[Row]:
    """Study policies on logs in which no channel does anything.

    Parameters
    ----------
    kept : KeptRecords
        Where records are kept.

    Yields
    ------
    Row
        The share of logs in which a policy is called better than the best fixed arm.
    """

    def study(seed: int) -> StudyRecord:
        return study_log(seed, _LOGGED[seed % len(_LOGGED)])

    records = kept.of_seeds("study", _LOGS, study, StudyRecord)
    share = float(np.mean([BETTER in record.verdicts.values() for record in records]))
    yield Row(
        f"no effect: a policy is called better, share of {len(records)} logs",
        share,
        goal=goal_between(None, _MOST_BETTER),
        met=share <= _MOST_BETTER,
    )


def study_log(seed: int, settings: ConsentSettings) -> StudyRecord:
    """Study policies on one log as `nextbuy policy` does.

    Parameters
    ----------
    seed : int
        Seed of the world.
    settings : ConsentSettings
        The world.

    Returns
    -------
    StudyRecord
    """
    with tempfile.TemporaryDirectory() as shop:
        world = draw_consent_world(seed, Path(shop), settings)
        rows, catalog = make_world_rows(world), read_world_catalog(world)

    def fit(part: pd.DataFrame) -> ChannelModel:
        return fit_channel_model(part, WINDOW_DAYS, catalog)

    options, worth, folds = (
        options_of(rows, arms_of(rows)),
        MessageValue(),
        ClusterFolds(seed=SEED),
    )
    unseen = cross_fit(rows, fit, options, worth, folds=folds)
    study = study_policies(rows, unseen, options, worth, reasons=catalog.numbers, folds=folds)
    verdicts = zip(study.gains["policy"], study.gains["verdict"], strict=True)
    return StudyRecord({str(policy): str(verdict) for policy, verdict in verdicts})
