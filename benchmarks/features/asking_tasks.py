"""Tasks of `benchmarks.features.asking`, each run in a process: `asking_tasks <task> <folder>`."""

import sqlite3
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import msgspec
import numpy as np
import pandas as pd

from features.arrays import Array
from features.catalog.dictionary import make_catalog
from features.engines.generated.compiled.compile_job import GeneratedSource, compile_into
from features.engines.generated.engine import GeneratedPlan
from features.engines.plan import COMPILED_FOLDER, FeaturePlan
from features.history.layout import HISTORY_COLUMNS, HISTORY_TABLES, ROW_KEY, TEXT_COLUMNS
from features.language.scope import Lookups, Scope
from features.log.log import read_log
from features.shop.shop import read_shop
from features.store.build.store_build import build_store
from features.store.protocol import HistoryStore
from features.store.redis_store import RedisTarget
from features.store.sqlite_store import SqliteStore
from features.windows import local_day

REDIS = "redis://127.0.0.1:6379"
_SHOP = "benchmark-ask"
_WARM, _RIVAL_ASKS = 100, 100
_THOUSAND = 1000
Read = Callable[[Sequence[str]], dict[str, Any]]


class Asked(msgspec.Struct):
    """Time that answers took.

    Attributes
    ----------
    p50, p99 : float
        Wall milliseconds of one customer's features, median and 99th percentile.
    per_second : float
        Customers per CPU second, many at once.
    cpu : float
        CPU seconds of the task, where these are its figure.
    """

    p50: float = 0.0
    p99: float = 0.0
    per_second: float = 0.0
    cpu: float = 0.0


def main() -> None:
    """Run the task that the command line names, and write its result as JSON."""
    result = _TASKS[sys.argv[1]](Path(sys.argv[2]))
    sys.stdout.buffer.write(msgspec.json.encode(result or Asked()))


def redis_answers() -> bool:
    """Check whether there is a Redis server to measure."""
    try:
        from redis import Redis, RedisError
    except ModuleNotFoundError:
        return False
    try:
        return bool(Redis.from_url(REDIS, socket_connect_timeout=2).ping())
    except RedisError:
        return False


def build_embedded(folder: Path) -> None:
    """Build the embedded store, and keep the history's tables as a database for the rivals."""
    log = read_log(read_shop(folder / "nextbuy.toml"))
    build_store(log, folder / "store.sqlite")
    log.connection.execute(f"ATTACH '{folder / 'history.duckdb'}' AS kept")
    for name, columns in HISTORY_COLUMNS.items():
        if HISTORY_TABLES[name].contract in log.provided:
            given = ", ".join(["customer_id", ROW_KEY, *columns])
            log.connection.execute(
                f"CREATE TABLE kept.{name} AS SELECT {given} FROM history_{name}"
            )
    log.connection.execute("DETACH kept")
    log.close()


def _build_redis(folder: Path) -> None:
    """Copy the embedded store's records."""
    connection = sqlite3.connect(folder / "store.sqlite")
    words = connection.execute("SELECT words FROM about").fetchall()[0][0]
    records = connection.execute("SELECT customer_id, record FROM history")
    texts = np.array(msgspec.json.decode(words), object)
    RedisTarget(REDIS, _SHOP).write(_open_sqlite(folder).info, texts, iter(()), iter(records))


def _clear_redis(_folder: Path) -> None:
    from redis import Redis

    client = Redis.from_url(REDIS)
    for key in client.scan_iter(f"nextbuy:{_SHOP}:*", count=1000):
        client.unlink(key)


def _open_sqlite(folder: Path) -> SqliteStore:
    return SqliteStore(folder / "store.sqlite")


def _open_redis(_folder: Path) -> HistoryStore:
    return RedisTarget(REDIS, _SHOP).open()


def planted_ids(store: HistoryStore) -> list[str]:
    """List the planted customers in random order.

    Parameters
    ----------
    store : HistoryStore
        A store of the busy warehouse.

    Returns
    -------
    list of str
    """
    ids = [i for i in store.customer_ids() if len(i) > 12]
    return np.random.default_rng(0).permutation(ids).tolist()


def _compile(folder: Path) -> Asked:
    """Compile the functions of all features, as the process does that a server starts."""
    store = _open_sqlite(folder)
    plan = GeneratedPlan(make_catalog(store.info.vocabulary))
    begin = time.process_time()
    compile_into(folder / COMPILED_FOLDER, GeneratedSource(plan.source, plan.functions))
    return Asked(cpu=time.process_time() - begin)


def prepare(store: HistoryStore, folder: Path) -> tuple[FeaturePlan, Scope]:
    """Prepare the computation of all features at the end of the store's data.

    Parameters
    ----------
    store : HistoryStore
        A store of the busy warehouse.
    folder : Path
        The warehouse; compiled functions are used if they are in it.

    Returns
    -------
    FeaturePlan, Scope
    """
    info, at = store.info, store.data_cutoff
    lookups = info.lookups_at(at) or Lookups(at)
    plan = FeaturePlan(make_catalog(info.vocabulary), folder / COMPILED_FOLDER)
    return plan, Scope(at, local_day(at, ZoneInfo(info.timezone)), lookups)


def _ask(folder: Path, read: Read, asks: int) -> Asked:
    """Ask for one customer after the other, each another one."""
    store = _open_sqlite(folder)
    plan, scope = prepare(store, folder)
    ids = planted_ids(store)
    taken = []
    for customer_id in [*ids[-_WARM:], *ids[:asks]]:
        start = time.perf_counter()
        plan.compute([read([customer_id])[customer_id]], scope)
        taken.append((time.perf_counter() - start) * 1e3)
    return Asked(*np.percentile(taken[_WARM:], [50, 99]).tolist())


def _ask_thousand(folder: Path, read: Read) -> Asked:
    """Ask for a thousand customers at once, several times others; the median."""
    store = _open_sqlite(folder)
    plan, scope = prepare(store, folder)
    ids = planted_ids(store)
    rates = []
    for start in range(0, len(ids), _THOUSAND):
        some = ids[start : start + _THOUSAND]
        begin = time.process_time()
        histories = read(some)
        plan.compute([histories[i] for i in some], scope)
        rates.append(len(some) / (time.process_time() - begin))
    return Asked(per_second=float(np.median(rates)))


def open_history(folder: Path) -> duckdb.DuckDBPyConnection:
    """Open the history's tables as a query per request would read them.

    Parameters
    ----------
    folder : Path
        Where `build_embedded` wrote them.

    Returns
    -------
    DuckDBPyConnection
    """
    return duckdb.connect(str(folder / "history.duckdb"), read_only=True)


def read_by_duckdb(history: duckdb.DuckDBPyConnection) -> Read:
    """Make a reader that reads a customer by one query for each table of the history.

    Parameters
    ----------
    history : DuckDBPyConnection
        From `open_history`.

    Returns
    -------
    callable
        Ids -> tables by customer.
    """
    tables = _tables(history)

    def read(ids: Sequence[str]) -> dict[str, Any]:
        by_table = {}
        for name in tables:
            query = f"SELECT * FROM {name} WHERE customer_id = ? ORDER BY {_order(name)}"
            arrays = history.execute(query, [ids[0]]).fetchnumpy()
            by_table[name] = {column: _array(column, values) for column, values in arrays.items()}
        return {ids[0]: by_table}

    return read


def read_by_pandas(history: duckdb.DuckDBPyConnection, customers: Sequence[str]) -> Read:
    """Make a reader that reads a customer from sorted pandas frames in memory.

    Parameters
    ----------
    history : DuckDBPyConnection
        From `open_history`.
    customers : sequence of str
        The only customers that the frames hold.

    Returns
    -------
    callable
        Ids -> tables by customer.
    """
    frames = {}
    for name in _tables(history):
        query = f"FROM {name} WHERE customer_id IN (SELECT unnest(?)) ORDER BY customer_id, "
        frame = history.execute(query + _order(name), [list(customers)]).df()
        frames[name] = frame.set_index("customer_id")

    def read(ids: Sequence[str]) -> dict[str, Any]:
        return {ids[0]: {name: _columns(f.loc[ids[0] : ids[0]]) for name, f in frames.items()}}

    return read


def _tables(history: duckdb.DuckDBPyConnection) -> list[str]:
    return [row[0] for row in history.execute("SHOW TABLES").fetchall()]


def _order(name: str) -> str:
    return f"{HISTORY_TABLES[name].happened} NULLS FIRST, {ROW_KEY}"


def _columns(rows: pd.DataFrame) -> dict[str, Array]:
    return {name: _array(name, values.to_numpy()) for name, values in rows.items()}


def _array(column: str, values: Any) -> Array:
    """Give a column as a history has it."""
    if column in TEXT_COLUMNS or column == "customer_id":
        texts = np.ma.filled(np.ma.asarray(values, object), None)
        return np.array([text if isinstance(text, str) else None for text in texts], object)
    return np.ma.filled(np.ma.asarray(values).astype(float), np.nan)


_TASKS: dict[str, Callable[[Path], Asked | None]] = {
    "build": build_embedded,
    "build_redis": _build_redis,
    "clear_redis": _clear_redis,
    "compile": _compile,
    "sqlite": lambda folder: _ask(folder, _open_sqlite(folder).read, 2900),
    "redis": lambda folder: _ask(folder, _open_redis(folder).read, 2900),
    "sqlite_thousand": lambda folder: _ask_thousand(folder, _open_sqlite(folder).read),
    "redis_thousand": lambda folder: _ask_thousand(folder, _open_redis(folder).read),
    "duckdb": lambda f: _ask(f, read_by_duckdb(open_history(f)), _RIVAL_ASKS),
    "pandas": lambda f: _ask(
        f, read_by_pandas(open_history(f), planted_ids(_open_sqlite(f))), _RIVAL_ASKS
    ),
}


if __name__ == "__main__":
    main()
