"""The parts of the channel benchmark, each run by its name."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.channel import channel_gains
from benchmarks.channel.channel_gains import PARTS, main, measure_logs
from benchmarks.channel.kept_records import KeptRecords
from benchmarks.rows import Row


def _reported(monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> dict[str, list[str]]:
    """Run the command line with parts of one row each, and return the figures that it reports."""
    reported: dict[str, list[str]] = {}
    for name in PARTS:
        monkeypatch.setitem(PARTS, name, lambda _, name=name: iter([Row(name, 0.0)]))
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


def test_the_rows_of_logs_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measured = []

    def measure() -> Iterator[Row]:
        measured.append(1)
        yield Row("visits, %", 18.28, goal="18.28", met=True)

    monkeypatch.setattr(channel_gains, "_LOGS", {"real": measure})
    rows = list(measure_logs(KeptRecords(tmp_path)))
    assert list(measure_logs(KeptRecords(tmp_path))) == rows
    assert measured == [1]
