"""The parts of the channel benchmark, each run by its name."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.channel import channel_gains
from benchmarks.channel.channel_gains import PARTS, BenchmarkPart, main, measure_logs
from benchmarks.channel.kept_records import KeptRecords
from benchmarks.rows import Row


def _reported(monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> dict[str, list[str]]:
    """Run the command line with parts of one row each, and return the figures that it reports."""
    reported: dict[str, list[str]] = {}
    for name in PARTS:
        part = BenchmarkPart(lambda _, name=name: iter([Row(name, 0.0)]), (f"of {name}",))  # type: ignore[misc]
        monkeypatch.setitem(PARTS, name, part)
    monkeypatch.setattr(
        channel_gains,
        "report_each",
        lambda name, rows: reported.update({name: [row.figure for row in rows]}),
    )
    monkeypatch.setattr("sys.argv", ["channel_gains", *arguments])
    main()
    return reported


def test_one_part_is_reported_by_itself_and_all_together(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _reported(monkeypatch, ["--part", "study"]) == {"channel_study": ["study"]}
    assert _reported(monkeypatch, []) == {"channel": list(PARTS)}


def test_fresh_forgets_the_records_of_what_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    forgotten: list[str] = []
    monkeypatch.setattr(KeptRecords, "forget", lambda _, folder: forgotten.append(folder))
    _reported(monkeypatch, ["--part", "study"])
    assert forgotten == []
    _reported(monkeypatch, ["--part", "study", "--fresh"])
    assert forgotten == ["of study"]


def test_no_two_parts_keep_records_in_the_same_folder() -> None:
    folders = [folder for part in PARTS.values() for folder in part.folders]
    assert len(set(folders)) == len(folders)


def test_the_rows_of_logs_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measured = []

    def measure() -> Iterator[Row]:
        measured.append(1)
        yield Row("visits, %", 18.28, goal="18.28", met=True)

    monkeypatch.setattr(channel_gains, "_LOGS", {"real": measure})
    rows = list(measure_logs(KeptRecords(tmp_path)))
    assert list(measure_logs(KeptRecords(tmp_path))) == rows
    assert measured == [1]
