"""A shop's files, opened as DuckDB views in the contract's column names, types untouched."""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from features.contract import Table
from features.faults import Fault, InputError, refuse
from features.shop import Shop, TableSource

_READERS = {
    ".parquet": "read_parquet({path}, union_by_name = true)",
    ".csv": "read_csv({path}, all_varchar = true, header = true, union_by_name = true)",
    ".csv.gz": "read_csv({path}, all_varchar = true, header = true, union_by_name = true)",
}


@dataclass(frozen=True)
class Source:
    """One table of the shop, opened: a view, and the DuckDB type of each of its columns."""

    table: Table
    view: str
    types: dict[str, str]


def quote(text: str) -> str:
    """Quote a string as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def name_sql(name: str) -> str:
    """Quote a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def connect(shop: Shop) -> duckdb.DuckDBPyConnection:
    """Open an in-memory database whose local time is the shop's."""
    connection = duckdb.connect(config={"autoinstall_known_extensions": False})
    connection.execute(f"SET TimeZone = {quote(shop.section.timezone)}")
    return connection


def open_source(connection: duckdb.DuckDBPyConnection, shop: Shop, table: Table) -> Source:
    """Open one table's files as the view `raw_<table>` in the contract's column names.

    Raises
    ------
    InputError
        No file at the path, an unknown ending, a file that cannot be read, a missing column.
    """
    source = shop.tables[table.name]
    path = shop.root / source.path
    scan = _reader(table, source, path)
    try:
        described = connection.execute(f"DESCRIBE SELECT * FROM {scan}").fetchall()
    except duckdb.Error as error:
        raise _unreadable(table, path, error) from None
    found = {row[0]: row[1] for row in described}
    _refuse_mixed_types(connection, table, path)
    mapping = _map_columns(table, source, found)
    view = f"raw_{table.name}"
    columns = ", ".join(f"{name_sql(theirs)} AS {name_sql(ours)}" for ours, theirs in mapping)
    connection.execute(f"CREATE VIEW {view} AS SELECT {columns} FROM {scan}")
    return Source(table, view, {ours: found[theirs] for ours, theirs in mapping})


def _refuse_mixed_types(connection: duckdb.DuckDBPyConnection, table: Table, path: Path) -> None:
    """Refuse Parquet files whose types differ: a bare date made a time would be known too early."""
    if path.suffix != ".parquet":
        return
    types: dict[str, str] = {}
    for file in sorted(path.parent.glob(path.name)):
        scan = f"DESCRIBE SELECT * FROM read_parquet({quote(str(file))})"
        for name, found, *_ in connection.execute(scan).fetchall():
            if types.setdefault(name, found) != found:
                raise refuse(
                    f"{table.name}.{name}",
                    "one type in all files",
                    f"{types[name]} and, in {file.name}, {found}",
                    "Export all files the same way.",
                )


def _reader(table: Table, source: TableSource, path: Path) -> str:
    reader = next((r for ending, r in _READERS.items() if path.name.endswith(ending)), None)
    if reader is None:
        raise refuse(
            f"tables.{table.name}.path",
            "a path or glob that ends in " + ", ".join(_READERS),
            f"'{source.path}'",
            "Export the table as Parquet or CSV.",
        )
    files = sorted(path.parent.glob(path.name))
    if not files:
        raise refuse(
            f"tables.{table.name}.path",
            "at least one file",
            f"none at {path}",
            "Paths are relative to the folder of nextbuy.toml.",
        )
    empty = [file for file in files if file.stat().st_size == 0]
    if empty:
        raise refuse(
            table.name, "a file with a header", f"0 bytes in {empty[0]}", "Export it again."
        )
    return reader.format(path=quote(str(path)))


def _unreadable(table: Table, path: Path, error: Exception) -> InputError:
    first_line = str(error).splitlines()[0]
    return refuse(
        table.name,
        f"a readable file at {path}",
        first_line,
        "Check that the file is complete and is what its ending says.",
    )


def _map_columns(table: Table, source: TableSource, found: dict[str, str]) -> list[tuple[str, str]]:
    """Pair the contract's columns with the shop's; refuse if a needed one is not there."""
    wanted = {column.name: column.name for column in table.columns if not column.pattern}
    prefixes = tuple(column.name for column in table.columns if column.pattern)
    if prefixes:
        wanted |= {name: name for name in found if name.startswith(prefixes)}
    wanted |= source.columns
    faults = []
    for ours, theirs in wanted.items():
        column = table.column(ours)
        needed = ours in source.columns or (column is not None and column.required)
        if needed and theirs not in found:
            faults.append(
                Fault(
                    f"{table.name}.{ours}",
                    f"a column '{theirs}'",
                    "columns " + ", ".join(found),
                    f"Name the shop's column in [tables.{table.name}] columns.",
                )
            )
    if faults:
        raise InputError(faults)
    return [(ours, theirs) for ours, theirs in wanted.items() if theirs in found]
