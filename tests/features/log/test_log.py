"""Bad input gets one clear error that names table, column, rows, expectation and remedy."""

import gzip
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from features.engines.sql.feature_build import build_features, read_catalog
from features.engines.sql.history_export import write_parquet
from features.errors import InputError
from features.log.log import Log, read_log
from features.shop.shop import read_shop
from features.windows import to_datetime

ROOT = Path(__file__).parents[3]
GOOD = pd.DataFrame(
    {
        "order_id": ["a", "b", "c"],
        "customer_id": ["x", "y", "x"],
        "ordered_at": ["2024-01-05", "2024-01-06 10:00:00", "2024-01-07T10:00:00Z"],
        "amount": ["10.50", "0", "7.25"],
    }
)


def _read(write_shop: Callable[..., Path], frame: pd.DataFrame, **shop: str) -> Log:
    return read_log(read_shop(write_shop({"orders": frame}, **shop)))


def _faults(write_shop: Callable[..., Path], frame: pd.DataFrame, **shop: str) -> str:
    with pytest.raises(InputError) as caught:
        _read(write_shop, frame, **shop)
    return str(caught.value)


def test_values_are_held_in_the_contracts_types(write_shop: Callable[..., Path]) -> None:
    log = _read(write_shop, GOOD, timezone="Europe/Berlin")
    query = "SELECT amount, ordered_at, known_at, local_day FROM orders ORDER BY order_id"
    rows = log.connection.execute(query).fetchall()
    assert [row[0] for row in rows] == [1050, 0, 725]
    happened = [to_datetime(row[1]).isoformat() for row in rows]
    known = [to_datetime(row[2]).isoformat() for row in rows]
    # a bare date happens at the start of its local day and is known at its end
    assert happened[0] == "2024-01-04T23:00:00+00:00"
    assert known[0] == "2024-01-05T22:59:59.999999+00:00"
    # a naive time is local, one with a zone is itself
    assert happened[1] == known[1] == "2024-01-06T09:00:00+00:00"
    assert happened[2] == known[2] == "2024-01-07T10:00:00+00:00"
    assert [row[3] for row in rows] == [19727, 19728, 19729]


@pytest.mark.parametrize(("currency", "amount"), [("JPY", 11), ("KWD", 10500), ("EUR", 1050)])
def test_money_is_held_in_the_currencys_minor_unit(
    write_shop: Callable[..., Path], currency: str, amount: int
) -> None:
    log = _read(write_shop, GOOD.head(1), currency=currency)
    assert log.connection.execute("SELECT amount FROM orders").fetchall() == [(amount,)]


def test_a_missing_column_is_named_with_those_that_are_there(
    write_shop: Callable[..., Path],
) -> None:
    says = _faults(write_shop, GOOD.drop(columns=["amount", "ordered_at"]))
    assert "orders.amount: expected a column 'amount', got columns" in says
    assert "orders.ordered_at" in says  # both in one error
    assert "[tables.orders] columns" in says


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("amount", "ten", "a decimal number"),
        ("amount", "-3", "0 or more, got 1 row that breaks it (row 2: '-3')"),
        ("amount", "", "a value in every row, got 1 row that breaks it (row 2: nothing)"),
        ("ordered_at", "06/01/2024", "a date, or a date and time"),
        ("ordered_at", "2999-01-01", "nothing after now"),
        ("customer_id", " ", "a value in every row"),
    ],
)
def test_a_wrong_value_is_named_with_its_row(
    write_shop: Callable[..., Path], column: str, value: str, expected: str
) -> None:
    frame = GOOD.copy()
    frame.loc[1, column] = value
    says = _faults(write_shop, frame)
    assert says.startswith(f"orders.{column}: expected ")
    assert expected in says


def test_all_faults_of_a_table_come_in_one_error(write_shop: Callable[..., Path]) -> None:
    frame = GOOD.assign(amount=["x", "-1", "2"], order_id="same")
    with pytest.raises(InputError) as caught:
        _read(write_shop, frame)
    assert [fault.where for fault in caught.value.faults] == [
        "orders.amount",
        "orders.amount",
        "orders.order_id",
    ]


def test_faults_of_several_tables_come_in_one_error(write_shop: Callable[..., Path]) -> None:
    consents = pd.DataFrame(
        {"customer_id": ["x"], "scope": ["email"], "granted": ["perhaps"], "changed_at": ["?"]}
    )
    config = write_shop({"orders": GOOD.assign(amount="x"), "consents": consents})
    with pytest.raises(InputError) as caught:
        read_log(read_shop(config))
    assert {fault.where.split(".")[0] for fault in caught.value.faults} == {"orders", "consents"}


def test_repeated_ids_are_named(write_shop: Callable[..., Path]) -> None:
    says = _faults(write_shop, GOOD.assign(order_id=["a", "a", "c"]))
    assert (
        "orders.order_id: expected each once (one order a row), got 1 repeated (a 2 times)" in says
    )


def test_an_empty_table_is_refused(write_shop: Callable[..., Path]) -> None:
    assert "orders: expected at least one row (one order), got an empty" in _faults(
        write_shop, GOOD.head(0)
    )


def test_two_currencies_are_refused(write_shop: Callable[..., Path]) -> None:
    says = _faults(write_shop, GOOD.assign(currency=["EUR", "PLN", "eur"]))
    assert "orders.currency: expected one currency, EUR as in nextbuy.toml, got 1 row" in says
    assert "Convert the amounts" in says


@pytest.mark.parametrize(
    ("name", "content"),
    [("orders.parquet", b"not parquet"), ("orders.csv.gz", b"not gzip"), ("orders.csv", b"")],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    (tmp_path / "nextbuy.toml").write_text(f'[tables.orders]\npath = "{name}"\n')
    with pytest.raises(InputError, match="orders") as caught:
        read_log(read_shop(tmp_path / "nextbuy.toml"))
    assert len(caught.value.faults) == 1
    assert "remedy" not in str(caught.value)


def test_a_truncated_file_is_named(tmp_path: Path) -> None:
    whole = gzip.compress(
        ("order_id,customer_id,ordered_at,amount\n" + "a,b,2024-01-01,1\n" * 9999).encode()
    )
    (tmp_path / "orders.csv.gz").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "nextbuy.toml").write_text('[tables.orders]\npath = "orders.csv.gz"\n')
    with pytest.raises(InputError, match=r"^orders"):
        read_log(read_shop(tmp_path / "nextbuy.toml"))


@pytest.mark.parametrize(
    ("path", "says"), [("none.csv", "at least one file"), ("orders.xlsx", "a path or glob that")]
)
def test_a_path_without_files_or_of_an_unknown_kind_is_refused(
    tmp_path: Path, path: str, says: str
) -> None:
    (tmp_path / "nextbuy.toml").write_text(f'[tables.orders]\npath = "{path}"\n')
    with pytest.raises(InputError, match=says):
        read_log(read_shop(tmp_path / "nextbuy.toml"))


def test_the_shops_own_names_and_several_files_are_read(tmp_path: Path) -> None:
    theirs = GOOD.rename(columns={"customer_id": "cust no", "amount": 'the "sum"'})
    theirs[:1].to_csv(tmp_path / "part-1.csv", index=False)
    theirs[1:].to_csv(tmp_path / "part-2.csv", index=False)
    (tmp_path / "nextbuy.toml").write_text(
        '[tables.orders]\npath = "part-*.csv"\n'
        "columns = {customer_id = 'cust no', amount = 'the \"sum\"'}\n"
    )
    log = read_log(read_shop(tmp_path / "nextbuy.toml"))
    assert log.count("orders") == 3
    assert log.provided["orders"] == {"order_id", "customer_id", "ordered_at", "amount"}


def test_whole_ids_that_pandas_made_floats_stay_whole(tmp_path: Path) -> None:
    frame = GOOD.assign(customer_id=[17841.0, 12680.0, 17841.0], amount=[1.0, 2.0, 3.0])
    frame.to_parquet(tmp_path / "orders.parquet")
    (tmp_path / "nextbuy.toml").write_text('[tables.orders]\npath = "orders.parquet"\n')
    log = read_log(read_shop(tmp_path / "nextbuy.toml"))
    ids = log.connection.execute("SELECT DISTINCT customer_id FROM orders ORDER BY 1").fetchall()
    assert ids == [("12680",), ("17841",)]


def test_a_late_field_is_known_at_the_later_of_its_instant_and_the_rows(
    write_shop: Callable[..., Path],
) -> None:
    frame = GOOD.assign(
        known_at=["2024-02-01 00:00:00", "", ""],
        cancelled_at=["2024-01-20 00:00:00", "2024-01-09", ""],
    )
    log = _read(write_shop, frame)
    query = "SELECT cancelled_at, cancelled_known_at FROM orders ORDER BY order_id"
    (_, first), (second_at, second_known), third = log.connection.execute(query).fetchall()
    assert third == (None, None)  # never cancelled, so never known to be
    assert to_datetime(first).isoformat() == "2024-02-01T00:00:00+00:00"
    assert to_datetime(second_at).isoformat() == "2024-01-09T00:00:00+00:00"
    assert to_datetime(second_known).isoformat() == "2024-01-09T23:59:59.999999+00:00"


def test_the_data_do_not_end_before_the_last_order(write_shop: Callable[..., Path]) -> None:
    """An order known before it happened is used from when it happened: there the data end."""
    known = ["2024-01-05 12:00:00", "2024-01-06 12:00:00", "2024-01-07 09:59:59"]
    log = _read(write_shop, GOOD.assign(known_at=known))
    assert to_datetime(log.observed_until).isoformat() == "2024-01-07T10:00:00+00:00"
    frame = build_features(log, [log.observed_until], read_catalog(log, log.observed_until))
    assert frame["orders_count"].sum() == 3


def test_the_fingerprint_is_of_the_rows_and_not_of_their_order(
    write_shop: Callable[..., Path],
) -> None:
    prints = [
        _read(write_shop, frame).fingerprint()
        for frame in (GOOD, GOOD[::-1], GOOD.assign(amount="1"))
    ]
    assert prints[0] == prints[1] != prints[2]


@pytest.mark.parametrize(
    ("table", "happened", "rest"),
    [
        ("orders", "ordered_at", {"order_id": "a", "amount": "1"}),
        ("returns", "returned_at", {"return_id": "a", "amount": "1"}),
        ("events", "occurred_at", {"event_type": "view"}),
        ("messages", "sent_at", {"message_id": "a", "channel": "sms"}),
    ],
)
def test_rows_that_happened_carry_their_local_day(
    write_shop: Callable[..., Path], table: str, happened: str, rest: dict[str, str]
) -> None:
    frame = pd.DataFrame([{"customer_id": "x", happened: "2024-01-05T23:30:00Z", **rest}])
    tables = {"orders": GOOD} | {table: pd.concat([frame, GOOD]) if table == "orders" else frame}
    if table == "orders":
        tables["orders"]["order_id"] = ["first", "a", "b", "c"]
    log = read_log(read_shop(write_shop(tables, timezone="Europe/Berlin")))
    query = f"SELECT min(local_day) FROM {table} WHERE customer_id = 'x'"
    day = 19727 if table == "orders" else 19728  # the orders above begin on the 5th
    assert log.connection.execute(query).fetchall() == [(day,)]


def test_the_log_is_on_disk_and_goes_with_its_last_user(write_shop: Callable[..., Path]) -> None:
    shop = read_shop(write_shop({"orders": GOOD}))
    log = read_log(shop)
    connection = log.connection
    del log
    assert len(list(shop.workspace.glob("log-*/log.duckdb"))) == 1
    assert connection.execute("SELECT count(*) FROM orders").fetchall() == [(3,)]
    del connection
    assert list(shop.workspace.iterdir()) == []


def test_a_refused_log_leaves_nothing(write_shop: Callable[..., Path]) -> None:
    config = write_shop({"orders": GOOD.assign(amount="x")})
    with pytest.raises(InputError):
        read_log(read_shop(config))
    assert list(read_shop(config).workspace.iterdir()) == []


def _run(code: str, config: Path) -> subprocess.CompletedProcess[str]:
    imports = "from features.log.log import read_log\nfrom features.shop.shop import read_shop"
    code = f"{imports}\n{code}"
    command = [sys.executable, "-c", code, str(config)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_what_a_dead_process_left_is_removed_and_what_a_living_one_has_is_not(
    write_shop: Callable[..., Path],
) -> None:
    config = write_shop({"orders": GOOD})
    workspace = read_shop(config).workspace
    mine = read_log(read_shop(config))
    killed = "import os, sys\nlog = read_log(read_shop(sys.argv[1]))\nos.kill(os.getpid(), 9)"
    assert _run(killed, config).returncode == -9
    assert len(list(workspace.glob("log-*"))) == 2
    other = read_log(read_shop(config))
    assert len(list(workspace.glob("log-*"))) == 2
    assert mine.count("orders") == other.count("orders") == 3


def _many_orders() -> pd.DataFrame:
    rows = pd.DataFrame({"order_id": range(300_000)})
    frame = rows.assign(
        customer_id=[f"{hash((n, 'c')):x}" for n in rows.order_id],
        ordered_at="2024-01-05 10:00:00",
        amount=1,
    )
    frame.loc[0, "ordered_at"] = "2024-01-01 10:00:00"
    return frame


def test_a_full_disk_is_one_clear_error_and_leaves_nothing(
    write_shop: Callable[..., Path],
) -> None:
    config = write_shop({"orders": _many_orders()})
    full = (
        "import resource, sys\nfrom features.errors import InputError\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))\n"
        "try:\n    read_log(read_shop(sys.argv[1]))\n"
        "except InputError as error:\n    print(len(error.faults), error)"
    )
    done = _run(full, config)
    assert done.stdout.startswith("1 shop.workspace: expected room to write in "), done
    assert list(read_shop(config).workspace.iterdir()) == []


def test_a_disk_that_is_full_after_reading_is_the_same_error(
    write_shop: Callable[..., Path],
) -> None:
    config = write_shop({"orders": _many_orders()}, memory_gib=0.1)  # so that queries spill over
    for work in (
        "build_features(log, [log.observed_until], read_catalog(log, log.observed_until))",
        "write_features(log)",
        "build_store(log, store_target(log.shop))",
    ):
        done = _run(_FULL_AFTER_READING.format(work=work), config)
        *_, error = done.stdout.splitlines()  # a slow query's progress bar may stand before it
        assert error.startswith("shop.workspace: expected room to write in "), (work, done)
        left = [path for path in read_shop(config).workspace.rglob("*") if path.is_file()]
        assert left == [], work


def test_a_query_that_fails_is_not_called_a_full_disk(
    write_shop: Callable[..., Path], tmp_path: Path
) -> None:
    log = read_log(read_shop(write_shop({"orders": GOOD})))
    path = tmp_path / "features.parquet"
    path.write_bytes(b"the last one")
    queries = ["SELECT 1 AS n", "SELECT CAST(order_id || 'x' AS INTEGER) AS n FROM orders"]
    with pytest.raises((duckdb.Error, OSError), match="Conversion Error"):
        write_parquet(log.connection, queries, path)
    assert path.read_bytes() == b"the last one"
    assert list(tmp_path.glob(".features*")) == []


_FULL_AFTER_READING = """
import resource, sys
from features.engines.sql.feature_build import build_features, read_catalog, write_features
from features.errors import InputError
from features.store.address import store_target
from features.store.build.store_build import build_store
log = read_log(read_shop(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
try:
    {work}
except InputError as error:
    print(error)
log.close()
"""


def test_a_workspace_that_cannot_be_written_is_one_clear_error(
    write_shop: Callable[..., Path],
) -> None:
    config = write_shop({"orders": GOOD}, workspace="orders.csv/inside")
    with pytest.raises(InputError, match=r"^shop\.workspace: expected room to write in"):
        read_log(read_shop(config))
