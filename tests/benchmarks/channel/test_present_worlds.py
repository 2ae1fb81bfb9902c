"""Gains in the worlds of `channel_world`, and their pairing with those of an earlier version."""

import json
from pathlib import Path

import pytest

from benchmarks.channel import present_worlds
from benchmarks.channel.kept_records import KeptRecords
from benchmarks.channel.present_worlds import (
    PRESENT,
    GainRecord,
    PresentWorld,
    ValueRecord,
    learn,
    measure_present_worlds,
)


def test_a_world_is_learned_beside_its_rivals() -> None:
    world = PresentWorld("small", {"sends": 4_000, "random_share": 0.5}, rivals=True)
    record = learn(world, 0)
    assert -50 < record.choice < 20
    assert set(record.rivals) == {"LightGBM per channel", "open-rate rule"}


def test_gains_are_paired_by_seed_with_those_of_the_earlier_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = KeptRecords(tmp_path, most_seeds=2)
    for seed in range(2):
        for name in PRESENT:
            kept.read_or_make(f"present/{name}/{seed}", lambda: GainRecord(11.0, {}), GainRecord)
        for name in ("unexplored", "power"):
            kept.read_or_make(f"present/{name}/{seed}", lambda: True, bool)
        value = ValueRecord(0.05 + seed / 1000, 0.04, 0.06, 0.05)
        kept.read_or_make(f"present/coverage/{seed}", lambda value=value: value, ValueRecord)  # type: ignore[misc]
    earlier = tmp_path / "earlier.json"
    earlier.write_text(json.dumps({"explored_20": [10.0, 11.0, 5.0], "explored_5": [12.0, 13.0]}))
    monkeypatch.setattr(present_worlds, "EARLIER", earlier)
    rows = {row.figure: row for row in measure_present_worlds(kept)}
    better, worse = (
        rows[f"{share} % exploration: gain beyond that of 0.1.0, points; mean -/+ SE of 2"]
        for share in (20, 5)
    )
    assert better.value == pytest.approx(0.5) and better.met
    assert worse.value == pytest.approx(-1.5) and worse.met is False
    assert rows["95 % interval of the policy's value covers"].value == 1
