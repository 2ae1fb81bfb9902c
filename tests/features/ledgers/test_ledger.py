"""A ledger that cannot be used says so; what it has accepted is on the disk."""

import sqlite3
from pathlib import Path

import msgspec
import pytest

from features.errors import NextbuyError
from features.ledgers.journal import Journal, journal_path, open_journal
from features.ledgers.posted_rows import PostedRowChecker
from features.shop.settings_file import JournalSection
from features.shop.shop import Shop
from tests.features.ledgers.posting import ORDER


def test_a_journal_that_cannot_be_written_accepts_nothing(file_shop: Shop) -> None:
    journal: Journal = open_journal(file_shop)
    journal.append(PostedRowChecker(file_shop).read({"orders": [ORDER]}))
    limit = journal._database._writer  # what a full disk does to the connection
    limit.execute("PRAGMA max_page_count = 1")
    many = [ORDER | {"order_id": f"x{n}", "store": "s" * 500} for n in range(900)]
    with pytest.raises(NextbuyError, match=r"full.*Nothing of this request was accepted"):
        journal.append(PostedRowChecker(file_shop).read({"orders": many}))
    limit.execute("PRAGMA max_page_count = 100000")
    assert journal.append(PostedRowChecker(file_shop).read({"orders": many})).accepted == 900
    assert sum(map(len, journal.rows(100))) == 901
    journal.close()


def test_a_file_that_is_no_journal_is_refused(file_shop: Shop) -> None:
    path: Path = journal_path(file_shop)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"not a database at all, but long enough" * 50)
    with pytest.raises(NextbuyError, match=r"journal.sqlite: the journal .* cannot be used"):
        open_journal(file_shop)


def test_what_is_answered_is_on_the_disk(file_shop: Shop) -> None:
    journal = open_journal(file_shop)
    connection: sqlite3.Connection = journal._database._writer
    assert connection.execute("PRAGMA synchronous").fetchall() == [(2,)]
    journal.close()


@pytest.mark.services
def test_a_database_that_cannot_be_reached_is_named_without_its_password(file_shop: Shop) -> None:
    url = "postgresql://me:secret@127.0.0.1:9/none"
    with pytest.raises(NextbuyError, match=r"postgresql://127.0.0.1/none: the journal") as raised:
        open_journal(msgspec.structs.replace(file_shop, journal=JournalSection(url=url)))
    assert "secret" not in str(raised.value)
