"""Writes the history's tables as Parquet files, for an engine on other machines.

A shop whose log outgrew one machine makes the same tables in its own warehouse:
`history_<table>` with a text `customer_id` (the account, `source:id` where the shop names
systems) and the columns of `features.history.layout.HISTORY_TABLES` in the types of
`history_column_type`. Instants are microseconds UTC, `local_day` counts the shop's days since
1970-01-01, money is in minor units, and `<name>_known_at` is the later of a field's own instant
and its row's. Lines carry their order's clocks and their product's attributes, events and returns
their product's; `attributes` has a row per statement (`country`, `PL`, `country=PL`). What is
sensitive must not be in them, the subcategories of a sensitive category included.
"""

from pathlib import Path

from features.contract.casts import name_sql
from features.history.layout import HISTORY_TABLES
from features.log.history_tables import history_column_type
from features.log.log import Log
from features.sources.parquet_file import ROW_GROUP, write_parquet

# What features read, and what decides whose rows they are and who is left out.
FILES = tuple(table for table in HISTORY_TABLES if table not in ("reachability", "links"))


def typed_columns(table: str) -> dict[str, str]:
    """Return the columns of a table of the history, `customer_id` first, with their SQL types."""
    return {"customer_id": "VARCHAR"} | {
        name: history_column_type(name) for name in HISTORY_TABLES[table].columns
    }


def write_history(log: Log, folder: Path) -> list[Path]:
    """Write those tables of the history whose table of the contract the shop gives.

    Parameters
    ----------
    log : Log
        The shop's tables.
    folder : Path
        Made where it is missing.

    Returns
    -------
    list of Path
        `<folder>/<table>.parquet`: one row per row of the shop's log, the columns of
        `typed_columns`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    given = [table for table in FILES if HISTORY_TABLES[table].contract in log.provided]
    for table in given:
        columns = ", ".join(
            f"CAST({name_sql(name)} AS {kind}) AS {name_sql(name)}"
            for name, kind in typed_columns(table).items()
        )
        with log.connection.within_room():
            rows = log.connection.read(f"SELECT {columns} FROM history_{table}", ROW_GROUP)
            write_parquet(rows.schema, rows, folder / f"{table}.parquet")
    return [folder / f"{table}.parquet" for table in given]
