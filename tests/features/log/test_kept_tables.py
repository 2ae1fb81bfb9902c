"""Kept tables: used while the files and settings are the same, and never half-written."""

import logging
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import duckdb
import msgspec
import pandas as pd
import pytest

from features.errors import InputError
from features.ledgers.journal import open_journal
from features.ledgers.posted_rows import PostedRowChecker
from features.log import log
from features.log.kept_tables import KEPT_FOLDER, KeptTables, list_kept, read_kept, remove_kept
from features.log.log import read_log
from features.shop.shop import Shop, read_shop

_ROWS = [(f"o{n}", f"c{n % 7}", f"2024-01-{1 + n:02}", 1.5 * n) for n in range(20)]
_ORDERS = pd.DataFrame(_ROWS, columns=["order_id", "customer_id", "ordered_at", "amount"])
_EVENTS = pd.DataFrame(
    {"event_id": ["e1"], "customer_id": "c1", "occurred_at": "2024-01-03", "event_type": "view"}
)


@pytest.fixture
def shop(write_shop) -> Shop:
    return read_shop(write_shop({"orders": _ORDERS, "events": _EVENTS}, timezone="Europe/Berlin"))


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """List the tables whose rows are checked, which is what reading them costs."""
    names: list[str] = []
    find_row_faults = log.find_row_faults

    def find(connection, raw_table, currency, now):
        names.append(raw_table.table.name)
        return find_row_faults(connection, raw_table, currency, now)

    monkeypatch.setattr(log, "find_row_faults", find)
    return names


def _read(shop: Shop) -> str:
    opened = read_log(shop)
    text = opened.fingerprint()
    opened.close()
    return text


def _copies(shop: Shop) -> list[str]:
    return sorted(path.name for path in (shop.workspace / KEPT_FOLDER).iterdir())


def test_the_same_files_are_read_and_checked_once(shop: Shop, checked: list[str]) -> None:
    first = _read(shop)
    assert checked == ["orders", "events"]
    assert _read(shop) == first
    assert checked == ["orders", "events"]
    kept = read_kept(shop.workspace / KEPT_FOLDER, "orders")
    assert kept is not None and kept.files[0].path.endswith("orders.csv")


def test_a_changed_file_means_reading_that_table_again_and_its_old_copy_goes(
    shop: Shop, checked: list[str]
) -> None:
    first, copies = _read(shop), _copies(shop)
    path = shop.root / "orders.csv"
    before = path.stat()
    path.write_text(path.read_text().replace("o19", "o20"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert _read(shop) != first
    assert checked == ["orders", "events", "orders"]
    assert len(_copies(shop)) == len(copies) == 4
    assert len(set(_copies(shop)) - set(copies)) == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [("Europe/Berlin", "America/New_York"), ("orders.csv", "./orders.csv")],
)
def test_other_settings_read_again_what_depends_on_them(
    shop: Shop, checked: list[str], old: str, new: str
) -> None:
    _read(shop)
    config = shop.root / "nextbuy.toml"
    config.write_text(config.read_text().replace(old, new))
    _read(read_shop(config))
    assert checked.count("orders") == (2 if "/" in old else 1)  # a path is no content


def test_another_column_of_the_same_file_is_read_again(write_shop) -> None:
    config = write_shop({"orders": _ORDERS.assign(net=_ORDERS["amount"] / 2)})
    text = config.read_text()
    sums = []
    for column in ("amount", "net"):
        config.write_text(
            text.replace("[tables.orders]", f'[tables.orders]\ncolumns = {{amount = "{column}"}}')
        )
        opened = read_log(read_shop(config))
        sums += [opened.fetch("SELECT sum(amount) FROM orders")[0][0]]
        opened.close()
    assert sums[1] == sums[0] / 2


def test_another_pseudonym_key_reads_again(
    write_shop, checked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = write_shop({"orders": _ORDERS}, pseudonymise=True)
    for key, times in (("a" * 32, 1), ("a" * 32, 1), ("b" * 32, 2)):
        monkeypatch.setenv("NEXTBUY_PSEUDONYM_KEY", key)
        _read(read_shop(config))
        assert len(checked) == times


def test_a_table_with_faults_is_not_kept_and_the_others_are(write_shop) -> None:
    broken = _EVENTS.assign(occurred_at="yesterday")
    shop = read_shop(write_shop({"orders": _ORDERS, "events": broken}))
    for _ in range(2):
        with pytest.raises(InputError, match=r"events\.occurred_at"):
            read_log(shop)
    assert [name.partition("-")[0] for name in _copies(shop)] == ["orders", "orders.json"]


def test_copies_are_the_user_s_alone(shop: Shop) -> None:
    _read(shop)
    folder = shop.workspace / KEPT_FOLDER
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700


def test_posted_rows_are_merged_and_not_written_into_what_is_kept(
    shop: Shop, checked: list[str]
) -> None:
    _read(shop)
    journal = open_journal(shop)
    row = {"order_id": "o1", "customer_id": "c1", "ordered_at": "2024-01-02T00:00:00", "amount": 9}
    new = row | {"order_id": "new"}
    journal.append(PostedRowChecker(shop).read({"orders": [row, new]}))
    journal.close()
    for _ in range(2):
        opened = read_log(shop)
        assert opened.count("orders") == 21
        opened.close()
    assert checked == ["orders", "events"]


def test_two_logs_at_a_time_read_the_same_copy_and_a_replaced_one_is_read_to_the_end(
    shop: Shop,
) -> None:
    first, second = read_log(shop), read_log(shop)
    path = shop.root / "orders.csv"
    path.write_text(path.read_text().replace("o19", "o20"))
    third = read_log(shop)
    assert first.fingerprint() == second.fingerprint() != third.fingerprint()
    for opened in (first, second, third):
        opened.close()


@pytest.mark.parametrize("content", [b"", b"no database", None])
def test_a_damaged_copy_is_made_again_with_a_warning(
    shop: Shop, checked: list[str], caplog: pytest.LogCaptureFixture, content: bytes | None
) -> None:
    first = _read(shop)
    copy = next((shop.workspace / KEPT_FOLDER).glob("orders-*.duckdb"))
    if content is None:
        copy.unlink()
    else:
        copy.write_bytes(content)
    with caplog.at_level(logging.WARNING):
        assert _read(shop) == first
    assert "the kept copy of orders cannot be used" in caplog.text
    assert checked == ["orders", "events", "orders"]
    assert _read(shop) == first
    assert checked == ["orders", "events", "orders"]


def test_a_description_of_another_version_is_none(shop: Shop, checked: list[str]) -> None:
    _read(shop)
    (shop.workspace / KEPT_FOLDER / "orders.json").write_text('{"format": 0}')
    _read(shop)
    assert checked == ["orders", "events", "orders"]


def test_files_that_change_while_they_are_read_are_not_kept(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    find_row_faults, path = log.find_row_faults, shop.root / "orders.csv"

    def change_after_the_check(connection, raw_table, currency, now):
        faults = find_row_faults(connection, raw_table, currency, now)
        if raw_table.table.name == "orders":
            path.write_text(path.read_text() + "late,c1,2024-01-30,1\n")
        return faults

    monkeypatch.setattr(log, "find_row_faults", change_after_the_check)
    opened = read_log(shop)
    assert opened.count("orders") == 21
    opened.close()
    assert not [name for name in _copies(shop) if name.startswith("orders")]


_KILLED = """
import os, sys
from pathlib import Path
from features.log import kept_tables
from features.log.log import read_log
from features.shop.shop import read_shop
kept_tables.os.fsync = lambda _: os._exit(1)
read_log(read_shop(Path(sys.argv[1])))
"""


def test_a_process_that_dies_before_a_copy_is_on_the_disk_leaves_none(shop: Shop) -> None:
    config = shop.root / "nextbuy.toml"
    done = subprocess.run([sys.executable, "-c", _KILLED, str(config)], check=False)
    assert done.returncode == 1
    assert _copies(shop) == []
    assert len(_read(shop)) > 0
    assert [path.name for path in shop.workspace.glob("log-*")] == []


def test_what_is_kept_is_listed_until_it_is_removed(shop: Shop, checked: list[str]) -> None:
    assert list_kept(shop) == []
    remove_kept(shop)
    first, now = _read(shop), time.time() * 1e6
    events, orders = list_kept(shop)
    assert (events[0], orders[0]) == ("events", "orders")
    assert orders[1] > 0 and abs(now - orders[2]) < 60e6
    remove_kept(shop)
    assert list_kept(shop) == []
    assert _read(shop) == first
    assert checked == ["orders", "events"] * 2


def test_what_cannot_be_removed_is_an_error(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    _read(shop)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError("kept")

    monkeypatch.setattr(os, "unlink", refuse)
    with pytest.raises(PermissionError, match="kept"):
        remove_kept(shop)


def test_a_copy_is_a_table_that_duckdb_alone_can_read(shop: Shop) -> None:
    _read(shop)
    copy = next((shop.workspace / KEPT_FOLDER).glob("orders-*.duckdb"))
    with duckdb.connect(str(copy), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM orders").fetchall() == [(20,)]


@pytest.fixture
def of_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Shop]:
    """Write a shop whose orders and events are in a database, and whose products are a file."""
    _fill_database(tmp_path, _ORDERS)
    pd.DataFrame({"product_id": ["p1"], "name": ["tea"]}).to_csv(tmp_path / "products.csv")
    monkeypatch.setenv("EVENTS_AT", "shop.sqlite")

    def write(hours: float, more: str = "") -> Shop:
        text = (
            f"[shop]\nreuse_hours = {hours}\n{more}"
            "[tables.orders]\ndatabase = 'shop.sqlite'\ntable = 'orders'\n"
            "[tables.events]\ndatabase_env = 'EVENTS_AT'\nquery = 'SELECT * FROM events'\n"
            "[tables.products]\npath = 'products.csv'\n"
        )
        (tmp_path / "nextbuy.toml").write_text(text)
        return read_shop(tmp_path / "nextbuy.toml")

    return write


def _fill_database(folder: Path, orders: pd.DataFrame) -> None:
    with closing(sqlite3.connect(folder / "shop.sqlite")) as database:
        orders.to_sql("orders", database, if_exists="replace", index=False)
        _EVENTS.to_sql("events", database, if_exists="replace", index=False)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Put the clock some hours forward."""
    time_ns = time.time_ns

    def move(hours: float) -> None:
        monkeypatch.setattr(log.time, "time_ns", lambda: time_ns() + int(hours * 3.6e12))

    return move


def test_a_database_is_read_by_every_command_unless_its_copies_may_be_used(
    of_database: Callable[..., Shop], checked: list[str]
) -> None:
    shop = of_database(0)
    _read(shop), _read(shop)
    assert checked == ["orders", "products", "events", "orders", "events"]
    assert [name for name in _copies(shop) if not name.startswith("products")] == []


def test_young_copies_of_a_database_are_used_and_their_age_is_known(
    of_database: Callable[..., Shop], checked: list[str], later: Callable[[float], None]
) -> None:
    shop = of_database(2)
    first = _read(shop)
    _fill_database(shop.root, _ORDERS.iloc[:-1])
    later(1.9)
    opened = read_log(shop)
    assert (opened.fingerprint(), checked) == (first, ["orders", "products", "events"])
    assert opened.reused_from is not None
    assert opened.provided["orders"] == frozenset(_ORDERS.columns)
    hours = (time.time_ns() // 1000 - opened.reused_from) / 3_600_000_000
    assert hours == pytest.approx(1.9, abs=0.1)
    opened.close()


@pytest.mark.parametrize(
    "change", ["too old", "one of another reading", "one is gone", "one is damaged", "setting"]
)
def test_all_tables_of_databases_are_read_again_or_none(
    of_database: Callable[..., Shop],
    checked: list[str],
    later: Callable[[float], None],
    change: str,
) -> None:
    shop = of_database(2)
    first = _read(shop)
    if change == "too old":
        later(2.1)
    elif change == "one of another reading":
        path = shop.workspace / KEPT_FOLDER / "events.json"
        kept = msgspec.json.decode(path.read_bytes())
        kept["read_at"] += 1
        path.write_bytes(msgspec.json.encode(kept))
    elif change == "one is gone":
        (shop.workspace / KEPT_FOLDER / "events.json").unlink()
    elif change == "one is damaged":
        (copy,) = (shop.workspace / KEPT_FOLDER).glob("events-*")
        copy.write_bytes(b"no database")
    else:
        shop = of_database(2, "timezone = 'Asia/Tokyo'\n")
    _fill_database(shop.root, _ORDERS.iloc[:-1])
    opened = read_log(shop)
    assert opened.reused_from is None
    assert opened.fingerprint() != first
    assert opened.count("orders") == len(_ORDERS) - 1
    assert [name for name in checked[3:] if name != "products"] == ["orders", "events"]
    opened.close()


def test_another_reading_of_a_database_is_another_layout(
    of_database: Callable[..., Shop], later: Callable[[float], None]
) -> None:
    shop = of_database(2)
    contents = []
    for hours in (0, 1, 3):
        later(hours)
        with closing(read_log(shop)) as opened:
            contents.append(opened.content)
    assert contents[0] == contents[1] != contents[2]
    assert None not in contents


def test_no_password_of_a_database_stands_in_what_is_kept(
    of_database: Callable[..., Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = []
    for password in ("secret", "other"):
        address = f"postgresql://me:{password}@127.0.0.1:1/shop"
        monkeypatch.setenv("EVENTS_AT", address)
        shop = of_database(2)
        keys.append(KeptTables(duckdb.connect(), shop, shop.root)._database_key("events"))
    assert keys[0] == keys[1]


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://me@127.0.0.1:1/other",
        "postgresql://you@127.0.0.1:1/shop",
        "postgresql://me@127.0.0.1:1/shop?options=-csearch_path%3Dother",
        "postgresql://me@127.0.0.1:1,127.0.0.2:1/shop",
        "postgresql:///shop?host=/run/other",
    ],
)
def test_another_database_user_schema_or_host_is_another_reading(
    of_database: Callable[..., Shop], monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    keys = []
    for url in ("postgresql://me@127.0.0.1:1/shop", address):
        monkeypatch.setenv("EVENTS_AT", url)
        shop = of_database(2)
        keys.append(KeptTables(duckdb.connect(), shop, shop.root)._database_key("events"))
    assert keys[0] != keys[1]
