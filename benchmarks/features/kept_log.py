"""Keeps a log's database beyond its process, so that queries can be measured in fresh ones."""

import os
from pathlib import Path

import duckdb
import msgspec

from features.log.log import Log, read_log
from features.log.log_connection import LogConnection
from features.shop.shop import read_shop
from features.sources.work_database import configure_connection


def keep_log(folder: Path) -> None:
    """Read the log of a folder's shop and keep its database as `log.duckdb`.

    Adds `floor_lines`: order lines with their order's clocks, for the floor.

    Parameters
    ----------
    folder : Path
        With a `nextbuy.toml`.
    """
    log = read_log(read_shop(folder / "nextbuy.toml"))
    log.connection.execute(
        "CREATE TABLE floor_lines AS SELECT order_id, unit_price, ordered_at, known_at "
        "FROM order_lines JOIN orders USING (order_id)"
    )
    log.connection.execute("CHECKPOINT")
    path = log.connection.execute(
        "SELECT path FROM duckdb_databases() WHERE database_name = 'log'"
    ).fetchall()[0][0]
    os.link(path, folder / "log.duckdb")
    provided = {name: sorted(columns) for name, columns in log.provided.items()}
    (folder / "provided.json").write_bytes(msgspec.json.encode(provided))
    log.close()


def open_kept_log(folder: Path) -> Log:
    """Open the database that `keep_log` kept, read-only, so that several processes may.

    Parameters
    ----------
    folder : Path
        Given to `keep_log`.

    Returns
    -------
    Log
    """
    shop = read_shop(folder / "nextbuy.toml")
    connection = duckdb.connect(str(folder / "log.duckdb"), read_only=True)
    configure_connection(connection, shop, folder)
    text = (folder / "provided.json").read_bytes()
    provided = msgspec.json.decode(text, type=dict[str, frozenset[str]])
    return Log(LogConnection(connection, shop), shop, provided, folder, connection.close)
