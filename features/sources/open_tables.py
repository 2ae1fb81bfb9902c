"""Opens a shop's tables in DuckDB under the contract's column names, their values unchanged."""

import duckdb

from features.contract.casts import name_sql, names_equal_in_sql, value_sql
from features.contract.raw_table import RawColumn, RawTable
from features.contract.tables import Table
from features.errors import Fault, InputError
from features.shop.pseudonyms import columns_to_replace, stored_id_sql
from features.shop.settings_file import TableSource
from features.shop.shop import Shop
from features.sources.databases import Databases
from features.sources.file_queries import (
    condition_fault,
    is_query_error,
    left_out_sql,
    query_fault,
    query_scan,
)
from features.sources.files import scan_files, unreadable_fault
from features.sources.plain_copies import PlainCopies
from features.sources.work_database import out_of_room_fault

_LEFT_OUT = '"left out as"'  # the column with the name of the condition by which a row is left out


def open_raw_table(
    connection: duckdb.DuckDBPyConnection,
    shop: Shop,
    table: Table,
    databases: Databases,
    copies: PlainCopies,
) -> RawTable:
    """Open one table of a shop as the view `raw_<table>` of a DuckDB connection.

    Files are not read: they stay behind the view. A table of a database is read here to its end.
    Customer ids are folded, and become pseudonyms, on the way if the shop wants it.

    Parameters
    ----------
    connection : DuckDBPyConnection
        The connection in which the table is opened.
    shop : Shop
        Its settings say where the table is and how its columns are called.
    table : Table
        The table of the contract.
    databases : Databases
        The shop's databases that are already open.
    copies : PlainCopies
        Plans the copies of files that cannot be read as they are; they are to be made before any
        row is read.

    Raises
    ------
    InputError
        A file or database cannot be read, a column is missing, or a query or a condition does not
        fit.
    """
    source = shop.tables[table.name]
    left_out = left_out_sql(connection, table, source.leave_out)
    if source.path is not None:
        scan = scan_table_files(connection, shop, table, copies)
    else:
        scan = f"incoming_{table.name}"
        connection.register(scan, databases.read(table, source))
    try:
        types = _types(connection, scan)
        mapping = _map_columns(table, source, types)
        formats = {ours: source.format_of(ours) for ours, _ in mapping}
        columns = _columns_sql(shop, table, mapping, types)
        given = f"SELECT {columns}, {left_out} AS {_LEFT_OUT} FROM {scan}"
        if source.leave_out:
            _check_conditions(connection, table, given)
        if source.path is None:
            connection.execute(f"CREATE TABLE held_{table.name} AS {given}")
            given = f"FROM held_{table.name}"
        connection.execute(f"CREATE TEMP VIEW given_{table.name} AS {given}")
        rows = _rows_sql(table, source)
        connection.execute(f"CREATE TEMP VIEW raw_{table.name} AS {rows}")
        raw_types = _types(connection, f"raw_{table.name}")
    except duckdb.Error as error:
        fault = out_of_room_fault(shop, error)
        if fault is None and source.path is None:
            fault = databases.fault(table, source, error)
        raise InputError([fault or reading_fault(shop, table, error)]) from None
    finally:
        if source.path is None:
            connection.unregister(scan)
    replaced = columns_to_replace(shop, table)  # which have been read by their format already
    declared = {name: how for name, how in formats.items() if name not in replaced}
    return RawTable(table, f"raw_{table.name}", raw_types, declared)


def hold_rows(
    connection: duckdb.DuckDBPyConnection, shop: Shop, raw_table: RawTable
) -> dict[str, int]:
    """Count the rows of an open table that are left out, and read a query of files only once.

    Returns
    -------
    dict of str to int
        Name of a condition of `leave_out` -> the rows for which it was the first that they met.
    """
    table, source = raw_table.table, shop.tables[raw_table.table.name]
    if source.path is not None and source.query is not None:
        held, given = f"held_{table.name}", f"given_{table.name}"
        connection.execute(f"CREATE TABLE {held} AS FROM {given}")
        connection.execute(f"CREATE OR REPLACE TEMP VIEW {given} AS FROM {held}")
    if not source.leave_out:
        return {}
    counted = connection.execute(
        f"SELECT {_LEFT_OUT}, count(*) FROM given_{table.name} GROUP BY ALL"
    ).fetchall()
    rows = dict(counted)
    return {name: rows[name] for name in source.leave_out if name in rows}


def reading_fault(shop: Shop, table: Table, error: Exception) -> Fault:
    """Return the fault that a table could not be read, by the error that stopped it."""
    if (fault := out_of_room_fault(shop, error)) is not None:
        return fault
    source = shop.tables[table.name]
    if source.query is not None and is_query_error(error):
        return query_fault(table, source, error)
    if source.leave_out and is_query_error(error):
        return condition_fault(table, error)
    return unreadable_fault(table, error)


def left_out_rows(table: str) -> str:
    """Return the SQL from which the rows are selected that are left out of an open table."""
    return f"(FROM given_{table} WHERE {_LEFT_OUT} IS NOT NULL)"


def close_raw_table(connection: duckdb.DuckDBPyConnection, raw_table: RawTable) -> None:
    """Drop the views and the table that `open_raw_table` and `hold_rows` made."""
    name = raw_table.table.name
    connection.execute(f"DROP VIEW {raw_table.view}")
    connection.execute(f"DROP VIEW given_{name}")
    connection.execute(f"DROP TABLE IF EXISTS held_{name}")


def scan_table_files(
    connection: duckdb.DuckDBPyConnection, shop: Shop, table: Table, copies: PlainCopies
) -> str:
    """Return the SQL from which the rows of a table's files, or of its query, are selected."""
    source = shop.tables[table.name]
    scans = {
        name: scan_files(connection, table, source, path, shop.root, copies)
        for name, path in source.paths.items()
    }
    if source.query is None:
        return next(iter(scans.values()))
    return query_scan(connection, table, source.query, scans)


def _types(connection: duckdb.DuckDBPyConnection, scan: str) -> dict[str, str]:
    """Return the DuckDB type of each column that a SELECT of some SQL gives."""
    described = connection.execute(f"DESCRIBE SELECT * FROM {scan}").fetchall()
    return {row[0]: row[1] for row in described}


def _check_conditions(connection: duckdb.DuckDBPyConnection, table: Table, given: str) -> None:
    """Raise an `InputError` if the conditions of `leave_out` do not fit the columns of a table."""
    try:
        connection.execute(f"DESCRIBE {given}")
    except duckdb.BinderException as error:
        raise InputError([condition_fault(table, error)]) from None


def _rows_sql(table: Table, source: TableSource) -> str:
    """Return the SELECT of the rows of a table that are not left out, with order ids if need be.

    An order id that the shop does not have is made of what its row says, so that it stays the same
    when the table is exported again.
    """
    id_sql = ""
    if source.order_per is not None:
        account = "customer_id, ordered_at"
        number = f"row_number() OVER (PARTITION BY {account})"
        id_sql = f", concat_ws('/', {account}, {number}) AS order_id"
    return (
        f"SELECT * EXCLUDE ({_LEFT_OUT}){id_sql} FROM given_{table.name} WHERE {_LEFT_OUT} IS NULL"
    )


def _columns_sql(
    shop: Shop, table: Table, mapping: list[tuple[str, str]], types: dict[str, str]
) -> str:
    """Return the SQL of the columns by the contract's names, customer ids as they are stored."""
    replaced = columns_to_replace(shop, table)
    columns = []
    for ours, theirs in mapping:
        value = name_sql(theirs)
        if ours in replaced:
            source = RawColumn(theirs, types[theirs], shop.tables[table.name].format_of(ours))
            value = stored_id_sql(shop, value_sql(table[ours], source, shop.minor_digits))
        columns.append(f"{value} AS {name_sql(ours)}")
    return ", ".join(columns)


def _case_faults(table: Table, names: list[str]) -> list[Fault]:
    """Return a fault if two columns (of a pattern) differ in upper and lower case only."""
    if not (repeated := names_equal_in_sql(names)):
        return []
    return [
        Fault(
            f"{table.name}.{repeated[0]}",
            "names that differ in more than upper and lower case",
            " and ".join(repeated),
            f"Rename all but one in [tables.{table.name}] columns, or leave them out.",
        )
    ]


def _map_columns(
    table: Table, source: TableSource, raw_types: dict[str, str]
) -> list[tuple[str, str]]:
    """Return pairs of the contract's column name and the shop's.

    Raises
    ------
    InputError
        A column is missing that the contract requires or that `nextbuy.toml` names.
    """
    wanted = {column.name: column.name for column in table.columns if not column.pattern}
    prefixes = tuple(column.name for column in table.columns if column.pattern)
    if prefixes:
        mapped = source.mapping.values()
        wanted |= {n: n for n in raw_types if n.startswith(prefixes) and n not in mapped}
    wanted |= source.mapping
    if source.order_per is not None:
        del wanted["order_id"]  # which is made of other columns
    if not source.has_amounts:
        wanted.pop("amount", None)
    faults = _case_faults(table, list(wanted))
    for ours, theirs in wanted.items():
        column = table.column(ours)
        needed = ours in source.mapping or (column is not None and column.required)
        if needed and theirs not in raw_types:
            faults.append(
                Fault(
                    f"{table.name}.{ours}",
                    f"a column '{theirs}'",
                    "columns " + ", ".join(raw_types),
                    f"Name the shop's column in [tables.{table.name}] columns.",
                )
            )
    if faults:
        raise InputError(faults)
    return [(table.held_as(o), theirs) for o, theirs in wanted.items() if theirs in raw_types]
