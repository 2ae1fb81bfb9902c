"""Wrong chances of simulated logs are found, and right ones raise no alarm."""

from pathlib import Path

from benchmarks.channel.chance_trials import check_log, measure_chances
from benchmarks.channel.kept_records import KeptRecords


def test_every_error_of_a_log_is_found_and_nothing_else() -> None:
    record = check_log(0)
    assert not record.alarm
    assert len(record.found) == 5 and all(record.found.values())


def test_shares_of_logs_are_held_to_their_goals(tmp_path: Path) -> None:
    rows = list(measure_chances(KeptRecords(tmp_path, most_seeds=2)))
    assert [row.met for row in rows] == [True] * 6
    assert len(list((tmp_path / "propensities").glob("*.json"))) == 2
