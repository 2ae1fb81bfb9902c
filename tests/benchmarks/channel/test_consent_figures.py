"""Rows of the consent worlds: figures by world, goals, and going on where a run stopped."""

from pathlib import Path

import msgspec
import pytest

from benchmarks.channel import consent_figures
from benchmarks.channel.consent_figures import (
    EFFECTS,
    NO_EFFECT,
    OTHER_EFFECTS,
    JudgedWorld,
    WorldGoals,
    judge_world,
    measure_consent_worlds,
)
from benchmarks.channel.consent_settings import CHANNELS, ConsentSettings
from benchmarks.channel.kept_records import KeptRecords
from benchmarks.channel.world_trials import ArmFigures, ChoiceGains, WorldRecord
from benchmarks.rows import Row

WORLD = JudgedWorld("small", ConsentSettings(), goals=WorldGoals(gain=9, worst_gain=0, asked=2))


def _record(gain: float = 10.0, stated: float = 1.0, covered: float = 0.9) -> WorldRecord:
    arms = {arm: ArmFigures(100, stated, 1.0, covered, 0.05) for arm in CHANNELS}
    gains = ChoiceGains(gain, -0.5, 13.0)
    errors = dict.fromkeys(CHANNELS, 0.0)
    return WorldRecord("exploring", arms, errors, gains, {"week": gains, "weekend": gains})


def _row(rows: list[Row], *words: str) -> Row:
    (row,) = (row for row in rows if all(word in row.figure for word in words))
    return row


def test_every_figure_of_a_world_has_its_goal() -> None:
    rows = list(judge_world(WORLD, [_record(10.0), _record(11.0), _record(12.0)]))
    assert _row(rows, "gain over the best fixed order, %; mean").value == pytest.approx(11)
    assert _row(rows, "gain over the best fixed order, %; worst seed").value == 10
    assert _row(rows, "moment of the weekend, gain, %; mean").goal == ">= 2"
    assert _row(rows, "holds the truth; mean").goal == "0.85 to 0.95"
    assert all(row.met is not False for row in rows)


def test_goals_that_are_missed_are_said() -> None:
    records = [_record(-1.0, stated=1.4, covered=0.5), _record(12.0, stated=1.4, covered=0.5)]
    rows = list(judge_world(WORLD, records))
    for words in (
        ("sms, without",),
        ("holds the truth; mean",),
        ("order, %; mean",),
        ("order, %; worst seed",),
    ):
        assert _row(rows, *words).met is False


def test_an_arm_without_an_effect_in_one_seed_is_left_out_of_that_seed() -> None:
    record = _record()
    fewer = {arm: figures for arm, figures in record.arms.items() if arm != "phone"}
    other = WorldRecord("exploring", fewer, record.draw_errors, record.log, record.asked)
    silent = WorldRecord("observational", {}, record.draw_errors, record.log, record.asked)
    rows = list(judge_world(WORLD, [record, other, record, silent]))
    assert _row(rows, "phone, without").figure.endswith("of 2")
    assert _row(rows, "sms, without").figure.endswith("of 3")


def test_what_the_draws_alone_add_is_taken_off_the_bias() -> None:
    errors = [1.5, -0.5, 0.5, 2.5]
    records = [
        msgspec.structs.replace(
            _record(stated=1.1 + 0.8 * error), draw_errors=dict.fromkeys(CHANNELS, error)
        )
        for error in errors
    ]
    rows = list(judge_world(WORLD, records))
    adjusted = _row(rows, "sms, without")
    assert (adjusted.value, adjusted.low) == (pytest.approx(0.1), pytest.approx(0.1))
    assert adjusted.met
    assert _row(rows, "sms, pp").value == pytest.approx(0.1 + 0.8 * 1.0)


def test_a_world_without_effects_has_no_gains_and_says_who_lies_above_0() -> None:
    rows = list(judge_world(NO_EFFECT["no_effect"], [_record(), _record()]))
    assert not [row for row in rows if "gain" in row.figure]
    assert _row(rows, "above 0; mean").met


def test_a_run_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[int] = []

    def run(seed: int, **_: object) -> WorldRecord:
        if len(runs) == 2:
            raise KeyboardInterrupt
        runs.append(seed)
        return _record()

    monkeypatch.setattr(consent_figures, "run_world_trial", run)
    kept, worlds = KeptRecords(tmp_path), {"small": JudgedWorld("small", ConsentSettings(), 3)}
    with pytest.raises(KeyboardInterrupt):
        list(measure_consent_worlds(kept, worlds))
    runs = [-1]
    rows = list(measure_consent_worlds(kept, worlds))
    assert runs == [-1, 2]
    assert _row(rows, "sms, without").figure.endswith("of 3")


def test_each_world_has_a_folder_of_its_own() -> None:
    worlds = [item for part in (NO_EFFECT, EFFECTS, OTHER_EFFECTS) for item in part.items()]
    assert len({name for name, _ in worlds}) == len(worlds)
    assert len({world.title for _, world in worlds}) == len(worlds)
