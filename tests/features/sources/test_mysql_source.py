"""Tables of a real MariaDB: read like files, in one snapshot, and refused in one sentence."""

import asyncio
import os
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncmy
import certifi
import pytest

from features.contract.tables import ORDERS
from features.errors import InputError
from features.log.log import Log, read_log
from features.shop.settings_file import TableSource
from features.shop.shop import read_shop
from features.sources.databases import Databases
from features.sources.mysql_source import MysqlSource
from tests.features.sources.shop_folders import fault_of_folder, read_folder

pytestmark = pytest.mark.services
SERVER = os.environ.get("NEXTBUY_TEST_MYSQL", "mysql://root@127.0.0.1:3306")
ORDERS_SQL = """
CREATE TABLE orders (
  order_id BIGINT PRIMARY KEY, customer_id VARCHAR(40) CHARACTER SET utf8mb4,
  ordered_at TIMESTAMP(6) NULL, amount DECIMAL(12, 4), cancelled_at DATETIME NULL
)"""
ROWS_SQL = """
INSERT INTO orders VALUES
  (1, 'Zoë 花子', '2024-01-05 10:00:00.25', 10.5, NULL),
  (2, 'ben', '2024-10-27 00:30:00', 20, '2024-10-28 09:00:00'),
  (3, 'ben', '2024-10-27 01:30:00', 0.1, NULL)"""
CONSENTS_SQL = """
CREATE TABLE consents (customer_id VARCHAR(40), scope TEXT, granted BIT(1), changed_at DATE)"""
CONSENTS_ROWS = "INSERT INTO consents VALUES ('ben', 'email', b'1', '2024-01-05')"


def _execute(*statements: str, database: str | None = None) -> None:
    """Run statements with the rights of the server's administrator, times in UTC."""

    async def run() -> None:
        address = SERVER.partition("@")[2].partition(":")
        connection: Any = await asyncmy.connect(
            host=address[0], port=int(address[2] or 3306), user="root", db=database, autocommit=True
        )
        for statement in ("SET time_zone = '+00:00'", *statements):
            await connection.query(statement)
        connection.close()

    asyncio.run(run())


@pytest.fixture
def database() -> Iterator[str]:
    """A database of its own."""
    name = f"nextbuy_{uuid.uuid4().hex}"
    _execute(f"CREATE DATABASE {name}")
    yield name
    _execute(f"DROP DATABASE {name}")


def _tables(database: str, *tables: str) -> str:
    return "".join(
        f"[tables.{table}]\ndatabase = '{SERVER}/{database}'\ntable = '{table}'\n"
        for table in tables
    )


def _query(database: str, query: str) -> str:
    return f"[tables.orders]\ndatabase = '{SERVER}/{database}'\nquery = '{query}'\n"


def _rows(log: Log) -> list[tuple]:
    rows = log.fetch("SELECT * EXCLUDE (known_at, local_day) FROM orders ORDER BY order_id")
    log.close()
    return rows


def test_mariadb_and_csv_give_the_same_log(tmp_path: Path, database: str) -> None:
    """Also in the hour that the clock repeats, where a time without an offset would not do."""
    _execute(ORDERS_SQL, ROWS_SQL, CONSENTS_SQL, CONSENTS_ROWS, database=database)
    log = read_folder(tmp_path, _tables(database, "orders", "consents"))
    granted = log.fetch("SELECT granted, known_at > changed_at FROM consents")
    assert granted == [(True, True)]  # a bare date is known at the end of its day
    rows = _rows(log)
    (tmp_path / "orders.csv").write_text(
        "order_id,customer_id,ordered_at,amount,cancelled_at\n"
        "1,Zoë 花子,2024-01-05T10:00:00.25Z,10.5,\n"
        "2,ben,2024-10-27T00:30:00Z,20,2024-10-28 09:00:00\n"
        "3,ben,2024-10-27T01:30:00Z,0.1,\n"
    )
    assert rows == _rows(read_folder(tmp_path, "[tables.orders]\npath = 'orders.csv'\n"))


def test_all_tables_are_of_one_snapshot(
    tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _execute(ORDERS_SQL, database=database)
    monkeypatch.setenv("SHOP_DSN", f"{SERVER}/{database}")
    source = TableSource(database_env="SHOP_DSN", table="orders")
    (tmp_path / "nextbuy.toml").write_text("[tables.orders]\npath = 'unused.csv'\n")
    databases = Databases(tmp_path)
    try:
        counts = [len(databases.read(ORDERS, source).read_all())]
        _execute(ROWS_SQL, database=database)
        counts.append(len(databases.read(ORDERS, source).read_all()))
    finally:
        databases.close()
    assert counts == [0, 0]


def test_rows_come_as_they_are_read(database: str) -> None:
    """A table that is larger than memory does not have to fit into it."""
    _execute("CREATE TABLE many (n INT)", database=database)
    _execute("INSERT INTO many SELECT seq FROM seq_1_to_200000", database=database)
    source = MysqlSource(ORDERS, f"{SERVER}/{database}")
    sizes = [len(batch) for batch in source.select("SELECT n FROM many")]
    source.close()
    assert sum(sizes) == 200_000 and max(sizes) <= 50_000


def test_a_query_is_read_and_a_wrong_one_is_named(tmp_path: Path, database: str) -> None:
    _execute(ORDERS_SQL, ROWS_SQL, database=database)
    section = (
        f"[tables.orders]\ndatabase = '{SERVER}/{database}'\nquery = 'SELECT {{}} FROM orders'\n"
    )
    columns = "order_id, customer_id, ordered_at, amount"
    assert len(_rows(read_folder(tmp_path, section.format(columns)))) == 3
    says = fault_of_folder(tmp_path, section.format("order_no"))
    assert "tables.orders: expected the query of mysql://127.0.0.1" in says
    assert "order_no" in says


def test_a_connection_that_is_killed_midway_is_named(tmp_path: Path, database: str) -> None:
    _execute(ORDERS_SQL, ROWS_SQL, database=database)
    slow = "SELECT order_id, customer_id, ordered_at, amount, SLEEP(0.2) FROM orders, seq_1_to_100"

    def kill() -> None:
        time.sleep(1)
        processes = f"information_schema.processlist WHERE db = '{database}'"
        find = f"SELECT GROUP_CONCAT(id) INTO @id FROM {processes}"
        _execute(find, "EXECUTE IMMEDIATE CONCAT('KILL ', @id)")

    killer = threading.Thread(target=kill)
    killer.start()
    says = fault_of_folder(tmp_path, _query(database, slow))
    killer.join()
    assert "tables.orders: expected the query of mysql://127.0.0.1" in says


def test_a_password_belongs_into_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "mysql://shop:s3cret-word@127.0.0.1:3306/none"
    says = fault_of_folder(tmp_path, f"[tables.orders]\ndatabase = '{url}'\ntable = 'orders'\n")
    assert "an address without a password" in says and "s3cret" not in says
    monkeypatch.setenv("SHOP_DSN", url)
    says = fault_of_folder(
        tmp_path, "[tables.orders]\ndatabase_env = 'SHOP_DSN'\ntable = 'orders'\n"
    )
    assert "Access denied" in says and "s3cret" not in says


def test_a_server_without_encryption_is_refused_where_a_certificate_is_asked_for(
    tmp_path: Path, database: str
) -> None:
    url = f"{SERVER}/{database}?ssl_ca={certifi.where()}"
    says = fault_of_folder(tmp_path, f"[tables.orders]\ndatabase = '{url}'\ntable = 'orders'\n")
    assert "SSL" in says


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mysql://root@127.0.0.1:9/shop", "Can't connect"),
        ("mysql://root@127.0.0.1", "got no database"),
        ("mariadb://root@127.0.0.1/shop?timeout=3", "got timeout"),
    ],
)
def test_an_address_that_leads_nowhere_is_refused(tmp_path: Path, url: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        read_log(read_shop(_written(tmp_path, url)))


def _written(folder: Path, url: str) -> Path:
    config = folder / "nextbuy.toml"
    config.write_text(f"[tables.orders]\ndatabase = '{url}'\ntable = 'orders'\n")
    return config
