"""The record of a small consent world: what the model states of it, beside the truth."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.channel.consent_settings import ARMS, CHANNELS, ConsentSettings
from benchmarks.channel.consent_world import draw_consent_world, oracle_gain
from benchmarks.channel.world_trials import WorldRecord, add_moment, run_world_trial
from features.windows import DAY

SETTINGS = ConsentSettings(sends=4_000, second_message=0.2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("trial")


@pytest.fixture(scope="module")
def record(folder: Path) -> WorldRecord:
    return run_world_trial(0, SETTINGS, folder)


def test_the_figures_of_every_arm_are_over_decisions_that_could_choose_it(
    record: WorldRecord, tmp_path: Path
) -> None:
    world = draw_consent_world(0, tmp_path, SETTINGS)
    assert record.level == "exploring"
    assert set(record.arms) == set(CHANNELS)
    for arm, figures in record.arms.items():
        able, p = world.eligible[:, ARMS.index(arm)], world.p_true
        true = (p[able, ARMS.index(arm)] - p[able, 0]).mean()
        assert figures.decisions == able.sum()
        assert figures.true == pytest.approx(100 * true)
        assert figures.bias == pytest.approx(figures.stated - 100 * true)
        assert abs(figures.stated) < 15
        assert 0 <= figures.covered <= 1 and 0 <= figures.above <= 1


def test_gains_lie_between_those_of_orders_and_the_oracle(
    record: WorldRecord, tmp_path: Path
) -> None:
    oracle = oracle_gain(draw_consent_world(0, tmp_path, SETTINGS))
    assert set(record.asked) == {"week", "weekend"}
    for name, gains in {"log": record.log, **record.asked}.items():
        assert gains.oracle == pytest.approx(oracle[name])
        assert gains.choice <= gains.oracle
        assert gains.fixed_order <= 1e-9


def test_a_trial_reads_the_rows_that_were_kept(record: WorldRecord, folder: Path) -> None:
    written = {path.name: path.stat().st_mtime_ns for path in (folder / "0").iterdir()}
    assert set(written) == {"rows.parquet", "asked.parquet"}
    assert run_world_trial(0, SETTINGS, folder) == record
    assert {path.name: path.stat().st_mtime_ns for path in (folder / "0").iterdir()} == written


def test_a_moment_gives_every_arm_its_occasion() -> None:
    saturday = int(pd.Timestamp("2025-09-27T08:00", tz="UTC").value // 1000)
    eligible = np.array([[True] * 5, [True, False, False, False, True]])
    asked = pd.DataFrame({"last_message_at": [saturday - 3 * DAY, np.nan]})
    rows = add_moment(asked, saturday, eligible)
    for position, arm in enumerate(ARMS):
        assert (rows[f"{arm} sent on a weekend"] == 1).all()
        pause = rows[f"{arm} sent after days without a message"]
        assert pause[0] == pytest.approx(np.log1p(3)) and np.isnan(pause[1])
        assert list(rows[f"{arm} is possible"]) == [1.0, float(eligible[1, position])]
