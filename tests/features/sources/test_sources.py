"""The same table is the same log from wherever it comes; a broken source is one clear error."""

import os
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
import pandas as pd
import pytest
from adbc_driver_postgresql import dbapi

from features.contract.tables import ORDERS
from features.engines.sql.feature_build import write_features
from features.errors import InputError
from features.ledgers.posted_rows import PostedRowChecker
from features.log.log import Log, read_log
from features.shop.settings_file import TableSource
from features.shop.shop import read_shop
from features.sources.databases import Databases
from features.store.address import store_path
from features.store.build.store_build import build_store
from features.store.sqlite_store import SqliteStore

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


def _read(folder: Path, tables: str) -> Log:
    (folder / "nextbuy.toml").write_text("[shop]\ntimezone = 'Europe/Berlin'\n" + tables)
    return read_log(read_shop(folder / "nextbuy.toml"))


def _fault(folder: Path, tables: str) -> str:
    with pytest.raises(InputError) as caught:
        _read(folder, tables)
    assert list((folder / ".nextbuy").iterdir()) == []
    return str(caught.value)


def _path(path: str) -> str:
    return f"[tables.orders]\npath = '{path}'\n"


HEADER = "order_id,customer_id,ordered_at,amount\n"


class TestFiles:
    @pytest.mark.parametrize("path", ["all", "all/", "all/**/*.csv", "all/*/*.csv"])
    def test_a_folder_or_a_deep_glob_is_one_table(self, tmp_path: Path, path: str) -> None:
        for year in (2023, 2024):
            folder = tmp_path / "all" / f"{year}"
            folder.mkdir(parents=True)
            (folder / "part.csv").write_text(HEADER + f"{year},x,{year}-01-05,1\n")
            (folder / "_SUCCESS").touch()
        log = _read(tmp_path, _path(path))
        assert log.count("orders") == 2

    @pytest.mark.parametrize("ending", ["csv", "parquet"])
    def test_the_keys_of_partitions_are_columns_and_stay_text(
        self, tmp_path: Path, ending: str
    ) -> None:
        for store in ("007", "north"):
            folder = tmp_path / "orders" / f"shop={store}"
            folder.mkdir(parents=True)
            frame = pd.DataFrame(
                {"order_id": [store], "customer_id": ["x"], "ordered_at": ["2024-01-05"]}
            ).assign(amount="1")
            if ending == "csv":
                frame.to_csv(folder / "part.csv", index=False)
            else:
                frame.to_parquet(folder / "part.parquet")
        log = _read(tmp_path, _path("orders") + "columns = {store = 'shop'}\n")
        rows = log.connection.execute("SELECT order_id, store FROM orders ORDER BY 1").fetchall()
        assert rows == [("007", "007"), ("north", "north")]

    def test_files_with_other_columns_and_delimiters_are_joined_by_name(
        self, tmp_path: Path
    ) -> None:
        (tmp_path / "o1.csv").write_text(HEADER + "1,x,2024-01-05,1\n")
        (tmp_path / "o2.csv").write_bytes(
            b"\xef\xbb\xbf"
            + b"amount;store;order_id;ordered_at;customer_id\r\n"
            b'"2,5";"a;b";2;2024-01-06;y\r\n'.replace(b"2,5", b"2.5")
        )
        log = _read(tmp_path, _path("o*.csv"))
        rows = log.connection.execute("SELECT amount, store FROM orders ORDER BY 1").fetchall()
        assert rows == [(100, None), (250, "a;b")]

    def test_brackets_in_a_files_name_are_no_glob(self, tmp_path: Path) -> None:
        (tmp_path / "orders[1].csv").write_text(HEADER + "1,x,2024-01-05,1\n2,x,2024-01-06,1\n")
        assert _read(tmp_path, _path("orders[1].csv")).count("orders") == 2

    def test_partitions_of_two_types_are_refused(self, tmp_path: Path) -> None:
        frame = pd.DataFrame({"order_id": ["a"], "customer_id": ["x"], "amount": [1]})
        for year, when in ((2023, pd.Timestamp("2023-01-05")), (2024, "2024-01-05")):
            folder = tmp_path / "orders" / f"year={year}"
            folder.mkdir(parents=True)
            frame.assign(ordered_at=[when]).to_parquet(folder / "part.parquet")
        says = _fault(tmp_path, _path("orders"))
        assert "orders.ordered_at: expected one type in all files" in says

    def test_two_kinds_of_files_in_a_folder_are_refused(self, tmp_path: Path) -> None:
        (tmp_path / "orders").mkdir()
        (tmp_path / "orders" / "a.csv").write_text(HEADER)
        (tmp_path / "orders" / "b.parquet.partial").write_text("x")
        assert "got a.csv, b.parquet.partial" in _fault(tmp_path, _path("orders"))

    @pytest.mark.parametrize(
        ("content", "says"),
        [
            (b"order_id,amount,Amount\n1,2,3\n", r"each column once, got 'amount', 'Amount' in "
             r"line 1 of .*o\[1\]\.csv"),
            (HEADER.encode() + b"1,x,2024-01-05,1\n2,x,2024-01-05\n",
             r"4 columns in every line, got 3 in line 3 of .*o\[1\]\.csv"),
            (HEADER.encode() + b"1,x,2024-01-05,1\n2,x,2024-01-05,1,2\n",
             r"4 columns in every line, got 5 in line 3 of .*o\[1\]\.csv"),
            (HEADER.encode() + "1,é,2024-01-05,1\n".encode("latin-1"),
             r"text in UTF-8, got other bytes in line 2 of .*o\[1\]\.csv"),
            ("ördér_id,b\n".encode("latin-1"), r"text in UTF-8, got other bytes in line 1 of "),
            ((HEADER + "1,x,2024-01-05,1\n").encode("utf-16"), r"text in UTF-8, got other bytes"),
            (HEADER.encode() + b'1,"x,2024-01-05,1\n', r"quotes that close, got .* of .*o\[1\]"),
        ],
    )  # fmt: skip
    def test_a_broken_csv_is_named_with_its_line(
        self, tmp_path: Path, content: bytes, says: str
    ) -> None:
        (tmp_path / "o[1].csv").write_bytes(content)
        (tmp_path / "o2.csv").write_text(HEADER + "9,x,2024-01-05,1\n")
        with pytest.raises(InputError, match=says) as caught:
            _read(tmp_path, _path("o*.csv"))
        assert len(caught.value.faults) == 1


class TestNamesInOneCaseOrTheOther:
    TWICE = pd.DataFrame([["x", "2024-01-05 10:00:00", "gold", "half"]],
                         columns=["customer_id", "known_at", "attr_Tier", "attr_tier"])  # fmt: skip

    def _refused(self, folder: Path, customers: str) -> str:
        (folder / "orders.csv").write_text(HEADER + "1,x,2024-01-05,1\n2,x,2024-01-06,1\n")
        return _fault(folder, _path("orders.csv") + "[tables.customers]\n" + customers)

    @pytest.mark.parametrize("ending", ["csv", "parquet"])
    def test_columns_of_a_file_are_named_both(self, tmp_path: Path, ending: str) -> None:
        if ending == "csv":
            self.TWICE.to_csv(tmp_path / "customers.csv", index=False)
        else:
            self.TWICE.to_parquet(tmp_path / "customers.parquet")
        says = self._refused(tmp_path, f"path = 'customers.{ending}'\n")
        assert says.startswith("customers: expected ")
        assert "'attr_Tier', 'attr_tier' in " in says
        assert "Rename or drop the others." in says

    def test_columns_of_a_database_are_named_both(self, tmp_path: Path) -> None:
        with sqlite3.connect(tmp_path / "shop.sqlite") as connection:
            connection.execute("CREATE TABLE c (customer_id, known_at, a, b)")
            connection.execute("INSERT INTO c VALUES ('x', '2024-01-05', 1, 2)")
        query = "SELECT customer_id, known_at, a AS attr_Tier, b AS attr_tier FROM c"
        says = self._refused(tmp_path, f"database = 'shop.sqlite'\nquery = '{query}'\n")
        assert "tables.customers: expected each column once" in says
        assert "got attr_Tier, attr_tier. Read it by a query that renames" in says

    def test_columns_mapped_by_the_shop_are_named_both(self, tmp_path: Path) -> None:
        self.TWICE.rename(columns={"attr_tier": "b"}).to_csv(tmp_path / "c.csv", index=False)
        says = self._refused(tmp_path, "path = 'c.csv'\ncolumns = {attr_tier = 'b'}\n")
        assert "customers.attr_Tier: expected names that differ in more than" in says
        assert "got attr_Tier and attr_tier. Rename all but one" in says

    def test_an_attribute_is_the_same_in_upper_and_lower_case(self, tmp_path: Path) -> None:
        (tmp_path / "orders.csv").write_text(HEADER + "1,x,2024-01-05,1\n2,x,2024-01-06,1\n")
        self.TWICE.drop(columns="attr_tier").to_csv(tmp_path / "c.csv", index=False)
        log = _read(tmp_path, _path("orders.csv") + "[tables.customers]\npath = 'c.csv'\n")
        assert log.provided["customers"] == {"customer_id", "known_at", "attr_tier"}
        door = PostedRowChecker(log.shop)
        (posted,) = door.read({"customers": [{"customer_id": "x", "attr_TIER": "gold"}]})
        assert posted.body == {"customer_id": "x", "attr_tier": "gold"}
        with pytest.raises(InputError, match="each column once, got row 1: attr_TIER and attr_Ti"):
            door.read({"customers": [{"customer_id": "x", "attr_TIER": "a", "attr_Tier": "b"}]})


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
        found = _read(tmp_path, f"[tables.orders]\ndatabase = '{database}'\ntable = 'orders'\n")
        assert found.fingerprint() == _read(tmp_path, _path("orders.csv")).fingerprint()

    def test_a_duckdb_file_is_read_by_a_query(self, tmp_path: Path) -> None:
        with duckdb.connect(str(tmp_path / "shop.duckdb")) as connection:
            connection.execute(
                "CREATE TABLE o AS SELECT i AS order_id, 'x' AS customer_id, i AS amount, "
                "TIMESTAMPTZ '2024-01-05 10:00:00Z' + INTERVAL 1 HOUR * i AS ordered_at "
                "FROM range(3) AS r(i)"
            )
        log = _read(
            tmp_path,
            "[tables.orders]\ndatabase = 'shop.duckdb'\nquery = 'FROM o WHERE amount > 0;'\n",
        )
        assert log.connection.execute("SELECT sum(amount) FROM orders").fetchall() == [(300,)]

    @pytest.mark.parametrize(
        ("settings", "says"),
        [
            ("database = 'none.sqlite'\ntable = 'o'", "expected a database, got no file"),
            ("database = 'shop.sqlite'\ntable = 'o'", "o of shop.sqlite, read to its end, got no"),
            ("database = 'mysql://me:pw@host/db'\ntable = 'o'", "got mysql://host/db"),
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
            _read(tmp_path, f"[tables.orders]\n{settings}\n")
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
        prints = [_read(tmp_path, _tables(database)).fingerprint()]
        with duckdb.connect() as connection:
            for query, table in filled:
                connection.execute(query.format(table=table, timestamptz="TIMESTAMPTZ"))
            for ending in ("csv", "parquet"):
                for table in ("orders", "consents"):
                    connection.execute(f"COPY {table} TO '{tmp_path}/{table}.{ending}'")
                paths = [f"[tables.{t}]\npath='{t}.{ending}'\n" for t in ("orders", "consents")]
                prints.append(_read(tmp_path, "".join(paths)).fingerprint())
        assert prints[0] == prints[1] == prints[2]

    def test_all_tables_are_of_one_snapshot(
        self, tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _execute(database, ORDERS_SQL.format(table="orders", timestamptz="TIMESTAMPTZ"))
        monkeypatch.setenv("SHOP_DSN", database)
        source = TableSource(database_env="SHOP_DSN", table="orders")
        (tmp_path / "nextbuy.toml").write_text(_path("unused.csv"))
        databases = Databases(read_shop(tmp_path / "nextbuy.toml"))
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
            says = _fault(tmp_path, _slow(url))
        address = url.partition("@")[2]
        assert f"tables.orders: expected the query of postgresql://{address}, read to its" in says
        assert "s3cret" not in says

    def test_a_database_that_goes_away_midway_leaves_the_last_build(
        self, tmp_path: Path, database: str
    ) -> None:
        (tmp_path / "orders.csv").write_text(HEADER + "1,x,2024-01-05,1\n2,x,2024-01-06,1\n")
        log = _read(tmp_path, _path("orders.csv"))
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
            assert done.stderr.startswith("error tables.orders: expected the query of postgresql:")
            assert "Traceback" not in done.stderr
            assert _files(log.shop.workspace) == before
        store = SqliteStore(store_path(log.shop))
        assert store.customer_ids() == ["x"]
        store.close()

    @pytest.mark.parametrize("url", ["{database}_not", "postgresql://u:s3cret@127.0.0.1:9/db"])
    def test_one_that_is_not_there_is_named(self, tmp_path: Path, database: str, url: str) -> None:
        says = _fault(tmp_path, _tables(url.format(database=database)))
        assert "tables.orders: expected public.orders of postgresql://127.0.0.1" in says
        assert "tables.consents" in says
        assert "s3cret" not in says

    def test_the_type_money_is_refused(self, tmp_path: Path, database: str) -> None:
        query = "SELECT 1 AS order_id, 2 AS customer_id, now() AS ordered_at, 5::money AS amount"
        says = _fault(tmp_path, f"[tables.orders]\ndatabase = '{database}'\nquery = '{query}'\n")
        assert "orders.amount: expected a type with a known unit, got money" in says


def test_nothing_is_left_in_the_workspace_once_a_log_is_closed(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(HEADER + "1,x,2024-01-05,1\n2,x,2024-01-06,1\n")
    log = _read(tmp_path, _path("orders.csv"))
    assert [p.name[:4] for p in (tmp_path / ".nextbuy").iterdir()] == ["log-"]
    log.close()
    assert list((tmp_path / ".nextbuy").iterdir()) == []
    assert os.listdir(tmp_path) != []
