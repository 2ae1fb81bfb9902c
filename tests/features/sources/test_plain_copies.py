"""Copies of CSV files that cannot be read as they are."""

from pathlib import Path

import pytest

import features.sources.plain_copies
from features.sources.plain_copies import PlainCopies
from tests.features.sources.shop_folders import read_folder

SECTION = '[tables.orders]\npath = "orders.csv"\nencoding = "windows-1250"\n'
TEXT = "order_id,customer_id,ordered_at,amount\n1,Łucja,2025-01-01,10\n2,b,2025-02-01,10\n"


def test_a_command_that_uses_the_kept_table_copies_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "orders.csv").write_bytes(TEXT.encode("windows-1250"))
    copied = []
    copy_plain = features.sources.plain_copies.copy_plain
    monkeypatch.setattr(
        features.sources.plain_copies,
        "copy_plain",
        lambda *of: [copied.append(of[-1]), copy_plain(*of)],
    )
    for _ in range(2):
        log = read_folder(tmp_path, SECTION)
        query = "SELECT customer_id FROM orders ORDER BY order_id"
        assert log.fetch(query) == [("Łucja",), ("b",)]
        log.close()
    assert len(copied) == 1


def test_nothing_is_made_twice(tmp_path: Path) -> None:
    made = []
    copies = PlainCopies(tmp_path, [lambda: made.append(1)])
    copies.make()
    copies.make()
    assert made == [1]
