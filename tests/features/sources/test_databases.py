"""The same table is the same log from wherever it comes; a broken source is one clear error."""

import sqlite3
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest
from adbc_driver_postgresql import dbapi

from features.builds.feature_build import write_features
from features.contract.tables import ORDERS
from features.errors import InputError
from features.shop.settings_file import TableSource
from features.sources.databases import Databases
from features.store.address import store_path
from features.store.build.store_build import build_store
from features.store.sqlite_store import SqliteStore
from tests.features.sources.shop_folders import HEADER, fault_of_folder, orders_section, read_folder

ROOT = Path(__file__).parents[3]
SERVER = "postgresql://postgres@127.0.0.1:5432"
ORDERS_SQL = """
CREATE TABLE {table} (
    order_id BIGINT, customer_id TEXT, ordered_at {timestamptz}, amount NUMERIC(12, 2),
    known_at TIMESTAMP, cancelled_at DATE, store VARCHAR(20)
)"""
CONSENTS_SQL = (
    "CREATE TABLE {table} (customer_id TEXT, scope TEXT, granted BOOLEAN, changed_at DATE)"
)
ORDERS_ROWS = """INSERT INTO {table} VALUES
    (1, 'ä-1', '2024-01-05 10:00:00.123456+02', 10.50, '2024-01-07 12:00:00', NULL, 'north'),
    (2, 'b', '2024-03-31 00:30:00+00', 0, '2024-04-01 00:00:00', '2024-04-02', NULL),
    (3, 'ä-1', '2024-02-29 23:59:59+00', 12345678.91, '2024-03-01 00:00:00', NULL, 'a "b", c')"""
CONSENTS_ROWS = """INSERT INTO {table} VALUES
    ('b', 'email', TRUE, '2024-01-01'), ('b', 'profiling', FALSE, '2024-02-01')"""


def _fill_sqlite(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE orders (order_id, customer_id, ordered_at, amount REAL)")
        connection.execute("INSERT INTO orders VALUES (1.0, 'x', '2024-01-05', 10.5)")
        connection.execute("INSERT INTO orders VALUES (2, 'y', '2024-01-06 10:00:00', 3)")
    connection.close()


class TestFileDatabases:
    @pytest.mark.parametrize("database", ["shop.sqlite", "sqlite:///shop.sqlite"])
    def test_sqlite_is_read_as_csv_would_be(self, tmp_path: Path, database: str) -> None:
        _fill_sqlite(tmp_path / "shop.sqlite")
        text = HEADER + "1,x,2024-01-05,10.5\n2,y,2024-01-06 10:00:00,3\n"
        (tmp_path / "orders.csv").write_text(text)
        found = read_folder(
            tmp_path, f"[tables.orders]\ndatabase = '{database}'\ntable = 'orders'\n"
        )
        assert (
            found.fingerprint() == read_folder(tmp_path, orders_section("orders.csv")).fingerprint()
        )

    def test_a_duckdb_file_is_read_by_a_query(self, tmp_path: Path) -> None:
        with duckdb.connect(str(tmp_path / "shop.duckdb")) as connection:
            connection.execute(
                "CREATE TABLE o AS SELECT i AS order_id, 'x' AS customer_id, i AS amount, "
                "TIMESTAMPTZ '2024-01-05 10:00:00Z' + INTERVAL 1 HOUR * i AS ordered_at "
                "FROM range(3) AS r(i)"
            )
        log = read_folder(
            tmp_path,
            "[tables.orders]\ndatabase = 'shop.duckdb'\nquery = 'FROM o WHERE amount > 0;'\n",
        )
        assert log.connection.execute("SELECT sum(amount) FROM orders").fetchall() == [(300,)]

    @pytest.mark.parametrize(
        ("settings", "says"),
        [
            ("database = 'none.sqlite'\ntable = 'o'", "expected a database, got no file"),
            ("database = 'shop.sqlite'\ntable = 'o'", "o of shop.sqlite, read to its end, got no"),
            ("database = 'oracle://me:pw@host/db'\ntable = 'o'", "got oracle://host/db"),
            ("database_env = 'NO_SUCH'\ntable = 'o'", "environment variable NO_SUCH, got nothing"),
            ("database = 'x.sqlite'", "with a table or a query, got database."),
            ("path = 'x.csv'\ndatabase = 'x.sqlite'\ntable = 'o'", "got path and database and tab"),
        ],
    )
    def test_a_database_that_is_none_is_named(
        self, tmp_path: Path, settings: str, says: str
    ) -> None:
        _fill_sqlite(tmp_path / "shop.sqlite")
        with pytest.raises(InputError) as caught:
            read_folder(tmp_path, f"[tables.orders]\n{settings}\n")
        assert says in str(caught.value)
        assert "pw" not in str(caught.value)


def _execute(url: str, *statements: str) -> None:
    with dbapi.connect(url, autocommit=True) as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@pytest.fixture
def database() -> Iterator[str]:
    """A PostgreSQL database of the test's own."""
    name = f"nextbuy_{uuid.uuid4().hex}"
    _execute(f"{SERVER}/postgres", f"CREATE DATABASE {name}")
    yield f"{SERVER}/{name}"
    _execute(f"{SERVER}/postgres", f"DROP DATABASE {name} WITH (FORCE)")


def _tables(url: str) -> str:
    return "".join(
        f"[tables.{name}]\ndatabase = '{url}'\ntable = 'public.{name}'\n"
        for name in ("orders", "consents")
    )


def _slow(url: str) -> str:
    """Orders that take an hour to come."""
    query = (
        "SELECT i AS order_id, repeat('x', 1000) AS customer_id, 1 AS amount, "
        "now() AS ordered_at, pg_sleep(0.0005) FROM generate_series(1, 10000000) AS g(i)"
    )
    return f"[tables.orders]\ndatabase = '{url}'\nquery = \"{query}\"\n"


@contextmanager
def _killed_midway(database: str) -> Iterator[None]:
    """End what a database is doing as soon as it does something."""
    terminate = (
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
        f"WHERE datname = '{database.rpartition('/')[2]}' AND state = 'active'"
    )

    def kill() -> None:
        for _ in range(200):
            time.sleep(0.2)
            with dbapi.connect(f"{SERVER}/postgres") as connection:
                with connection.cursor() as cursor:
                    cursor.execute(terminate)
                    if cursor.fetchone()[0]:
                        return

    killer = threading.Thread(target=kill)
    killer.start()
    yield
    killer.join()


def _files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.services
class TestPostgres:
    def test_csv_parquet_and_postgresql_give_the_same_log(
        self, tmp_path: Path, database: str
    ) -> None:
        filled = [
            (ORDERS_SQL, "orders"), (ORDERS_ROWS, "orders"),
            (CONSENTS_SQL, "consents"), (CONSENTS_ROWS, "consents"),
        ]  # fmt: skip
        _execute(database, *(q.format(table=t, timestamptz="TIMESTAMPTZ") for q, t in filled))
        prints = [read_folder(tmp_path, _tables(database)).fingerprint()]
        with duckdb.connect() as connection:
            for query, table in filled:
                connection.execute(query.format(table=table, timestamptz="TIMESTAMPTZ"))
            for ending in ("csv", "parquet"):
                for table in ("orders", "consents"):
                    connection.execute(f"COPY {table} TO '{tmp_path}/{table}.{ending}'")
                paths = [f"[tables.{t}]\npath='{t}.{ending}'\n" for t in ("orders", "consents")]
                prints.append(read_folder(tmp_path, "".join(paths)).fingerprint())
        assert prints[0] == prints[1] == prints[2]

    def test_all_tables_are_of_one_snapshot(
        self, tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _execute(database, ORDERS_SQL.format(table="orders", timestamptz="TIMESTAMPTZ"))
        monkeypatch.setenv("SHOP_DSN", database)
        source = TableSource(database_env="SHOP_DSN", table="orders")
        (tmp_path / "nextbuy.toml").write_text(orders_section("unused.csv"))
        databases = Databases(tmp_path)
        try:
            counts = [len(databases.read(ORDERS, source).read_all())]
            _execute(database, ORDERS_ROWS.format(table="orders"))
            counts.append(len(databases.read(ORDERS, source).read_all()))
        finally:
            databases.close()
        assert counts == [0, 0]

    def test_a_database_that_goes_away_midway_is_named_without_its_password(
        self, tmp_path: Path, database: str
    ) -> None:
        url = database.replace("postgres@", "postgres:s3cret-word@")
        with _killed_midway(database):
            says = fault_of_folder(tmp_path, _slow(url))
        address = url.partition("@")[2]
        assert f"tables.orders: expected the query of postgresql://{address}, read to its" in says
        assert "s3cret" not in says

    def test_a_database_that_goes_away_midway_leaves_the_last_build(
        self, tmp_path: Path, database: str
    ) -> None:
        (tmp_path / "orders.csv").write_text(HEADER + "1,x,2024-01-05,1\n2,x,2024-01-06,1\n")
        log = read_folder(tmp_path, orders_section("orders.csv"))
        build_store(log, store_path(log.shop))
        write_features(log)
        log.close()
        before = _files(log.shop.workspace)
        for arguments in (["features"], ["features", "--online"]):
            with _killed_midway(database):
                (tmp_path / "nextbuy.toml").write_text(_slow(database))
                command = [sys.executable, "-m", "nextbuy.cli", *arguments]
                done = subprocess.run(
                    [*command, "--shop", str(tmp_path / "nextbuy.toml")],
                    capture_output=True, text=True, cwd=ROOT,
                )  # fmt: skip
            assert done.returncode == 1
            said = done.stderr.splitlines()  # libpq may print the server's own last word first
            error = "error tables.orders: expected the query of postgresql:"
            assert any(line.startswith(error) for line in said)
            assert "Traceback" not in done.stderr
            assert _files(log.shop.workspace) == before
        store = SqliteStore(store_path(log.shop))
        assert store.customer_ids() == ["x"]
        store.close()

    @pytest.mark.parametrize("url", ["{database}_not", "postgresql://u:s3cret@127.0.0.1:9/db"])
    def test_one_that_is_not_there_is_named(self, tmp_path: Path, database: str, url: str) -> None:
        says = fault_of_folder(tmp_path, _tables(url.format(database=database)))
        assert "tables.orders: expected public.orders of postgresql://127.0.0.1" in says
        assert "tables.consents" in says
        assert "s3cret" not in says

    def test_the_type_money_is_refused(self, tmp_path: Path, database: str) -> None:
        query = "SELECT 1 AS order_id, 2 AS customer_id, now() AS ordered_at, 5::money AS amount"
        says = fault_of_folder(
            tmp_path, f"[tables.orders]\ndatabase = '{database}'\nquery = '{query}'\n"
        )
        assert "orders.amount: expected a type with a known unit, got money" in says
