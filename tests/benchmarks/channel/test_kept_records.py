"""Records of trials are kept in files, and read in place of running a trial again."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from benchmarks.channel.kept_records import KeptRecords, write_whole


class Figure(msgspec.Struct, frozen=True):
    """A record of one number."""

    value: float


def _never() -> Figure:
    raise AssertionError("the trial ran again")


def test_a_kept_record_is_read_and_its_trial_does_not_run_again(tmp_path: Path) -> None:
    kept = KeptRecords(tmp_path)
    assert kept.read_or_make("world/3", lambda: Figure(1.5), Figure) == Figure(1.5)
    assert kept.read_or_make("world/3", _never, Figure) == Figure(1.5)
    assert (tmp_path / "world" / "3.json").exists()


def test_numbers_of_numpy_are_kept(tmp_path: Path) -> None:
    kept = KeptRecords(tmp_path)
    made = kept.read_or_make("log", lambda: Figure(np.mean([1.0, 2.0])), Figure)
    assert made == kept.read_or_make("log", _never, Figure) == Figure(1.5)


def test_records_that_are_forgotten_are_made_again(tmp_path: Path) -> None:
    kept = KeptRecords(tmp_path)
    kept.read_or_make("world/3", lambda: Figure(1.5), Figure)
    kept.read_or_make("other/3", lambda: Figure(1.5), Figure)
    kept.forget("world")
    kept.forget("never made")
    assert kept.read_or_make("world/3", lambda: Figure(2.0), Figure) == Figure(2.0)
    assert kept.read_or_make("other/3", _never, Figure) == Figure(1.5)


def test_seeds_are_as_many_as_a_trial_has_or_as_were_asked_for(tmp_path: Path) -> None:
    for most, seeds in ((None, [0, 1, 2]), (2, [0, 1]), (9, [0, 1, 2])):
        kept = KeptRecords(tmp_path, most_seeds=most)
        assert kept.of_seeds("trial", 3, lambda seed: seed, int) == seeds
        assert sorted(path.stem for path in (tmp_path / "trial").iterdir()) == list(map(str, seeds))
        kept.forget("trial")


def test_a_write_that_fails_leaves_no_file_under_the_name(tmp_path: Path) -> None:
    def stop(part: Path) -> None:
        part.write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "rows.parquet", stop)
    assert not (tmp_path / "rows.parquet").exists()
