"""States of files: by their content, which is read again only where a file was touched."""

import os
from pathlib import Path

import pytest

from features.sources import file_states
from features.sources.file_states import read_states


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "orders.csv"
    path.write_text("one")
    return path


def test_an_untouched_file_is_not_read_again(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = read_states([file])
    monkeypatch.setattr(file_states, "_hash", lambda _: pytest.fail("the file was read"))
    assert read_states([file], first) == first


def test_a_file_with_other_content_has_another_hash_even_at_the_same_time(file: Path) -> None:
    before = file.stat()
    (first,) = read_states([file])
    file.write_text("two")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    (second,) = read_states([file], [first])
    assert second.sha256 != first.sha256
    assert (second.size, second.modified_ns) == (first.size, first.modified_ns)


def test_a_file_that_is_copied_over_with_the_same_content_has_the_same_hash(
    file: Path, tmp_path: Path
) -> None:
    (first,) = read_states([file])
    other = tmp_path / "new.csv"
    other.write_text("one")
    other.replace(file)
    (second,) = read_states([file], [first])
    assert second.untouched != first.untouched
    assert second.sha256 == first.sha256
