"""Tests of the store in an SQLite file."""

import resource
import sqlite3
from pathlib import Path

import pytest

from features.errors import InputError, NextbuyError
from features.history.layout import HISTORY_COLUMNS
from features.store.build.store_build import build_store
from features.store.sqlite_store import SqliteStore, SqliteTarget


def test_unknown_customers_are_left_out(simulated, tmp_path: Path) -> None:
    build_store(simulated.log, tmp_path / "store.sqlite")
    store = SqliteStore(tmp_path / "store.sqlite")
    some = store.customer_ids()[:3]
    assert list(store.read([*some, "nobody"])) == some
    ids = " UNION ".join(f"SELECT customer_id FROM history_{name}" for name in HISTORY_COLUMNS)
    known = simulated.log.connection.execute(ids).fetchall()
    assert set(store.read(store.customer_ids())) == {row[0] for row in known}
    store.close()


def test_a_store_in_a_folder_of_any_name_is_read(simulated, tmp_path: Path) -> None:
    path = tmp_path / "shop #1?x=100%41" / "store.sqlite"
    build_store(simulated.log, path)
    store = SqliteStore(path)
    assert len(store.customer_ids()) >= 1500
    store.close()


@pytest.mark.parametrize("content", [b"", b"not a database at all, but long enough" * 50])
def test_a_file_that_is_no_store_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "store.sqlite"
    path.write_bytes(content)
    with pytest.raises(InputError, match="Build it again"):
        SqliteStore(path)


def test_a_store_that_was_closed_says_so(tiny, tmp_path: Path) -> None:
    build_store(tiny, tmp_path / "store.sqlite")
    store = SqliteStore(tmp_path / "store.sqlite")
    store.close()
    with pytest.raises(InputError, match="closed database"):
        store.customer_ids()
    with pytest.raises(InputError, match="closed database"):
        store.read(["c"])


def test_a_missing_store_says_how_to_build_it(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nextbuy features --online"):
        SqliteStore(tmp_path / "store.sqlite")


def test_a_full_disk_leaves_the_last_build_and_nothing_half_written(tiny, tmp_path: Path) -> None:
    path = tmp_path / "full" / "store.sqlite"
    build_store(tiny, path)
    before = path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(NextbuyError, match=r"could not be written .* still in place"):
            build_store(tiny, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == ["store.sqlite"]


def test_a_store_that_is_damaged_is_refused_when_it_is_read(tiny, tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    build_store(tiny, path)
    connection = sqlite3.connect(path)
    connection.execute("UPDATE history SET record = x'00010203' WHERE customer_id = 'c7'")
    connection.commit()
    connection.close()
    store = SqliteStore(path)
    with pytest.raises(InputError, match="Build it again"):
        store.read(["c7"])
    store.close()


def test_a_build_has_another_id_than_the_one_that_it_replaces(tiny, tmp_path: Path) -> None:
    target = SqliteTarget(tmp_path / "store.sqlite")
    assert target.build_id() is None
    build_store(tiny, target)
    first, reader = target.build_id(), target.open()
    build_store(tiny, target)
    assert target.build_id() not in (None, first)
    assert len(reader.read(reader.customer_ids())) == 300  # it goes on reading its own file
    reader.close()
