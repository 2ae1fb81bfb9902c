"""The policy study of a small log without any effect."""

from pathlib import Path

import pytest

from benchmarks.channel.consent_settings import ConsentSettings
from benchmarks.channel.kept_records import KeptRecords
from benchmarks.channel.study_trials import StudyRecord, measure_study, study_log
from training.channel.gain_verdicts import BETTER
from training.channel.policies import NONE, UNIFORM
from training.metrics.probabilities import OURS


def test_a_log_has_a_verdict_for_every_policy() -> None:
    record = study_log(0, ConsentSettings(sends=1_200, effects="none"))
    assert {OURS, NONE, UNIFORM} <= record.verdicts.keys()
    assert BETTER not in record.verdicts.values()


def test_a_policy_that_is_called_better_counts_once_for_its_log(tmp_path: Path) -> None:
    kept = KeptRecords(tmp_path, most_seeds=4)
    for log in range(4):
        verdict = BETTER if log == 2 else "not distinguishable"
        record = StudyRecord({OURS: verdict, NONE: verdict})
        kept.read_or_make(f"study/{log}", lambda record=record: record, StudyRecord)  # type: ignore[misc]
    (row,) = measure_study(kept)
    assert row.value == pytest.approx(0.25) and row.met is False
