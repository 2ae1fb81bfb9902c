"""Reads a table as a query of its own files, and keeps the query from reading anything else.

The query sees a file as the view `source`, or several under their names. Its syntax tree is looked
through before it runs: DuckDB would also read any other file whose name stands in a FROM, any
address, and what functions such as `read_csv` and `glob` find. Conditions that leave rows out are
looked through alike.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import duckdb

from features.contract.casts import name_sql, quote
from features.contract.tables import Table
from features.errors import Fault, refuse
from features.shop.settings_file import TableSource

_TABLE_FUNCTIONS = ("unnest", "range", "generate_series", "regexp_split_to_table")
# Functions that read the process or the connection, in which the pseudonym key may stand.
_CLOSED_FUNCTIONS = ("getvariable", "getenv", "current_setting", "current_query", "query")
_CONDITION_REMEDY = (
    "Write it over the columns of the table, as in: status = 'test'. Values of CSV files are "
    "texts: amount::DECIMAL(18, 2) < 0."
)


def query_scan(
    connection: duckdb.DuckDBPyConnection, table: Table, query: str, scans: Mapping[str, str]
) -> str:
    """Return the SQL from which the rows of a query of files are selected.

    Parameters
    ----------
    connection : DuckDBPyConnection
        Parses the query.
    table : Table
        The table of the contract; errors name it.
    query : str
        One SELECT over the views of the files.
    scans : mapping of str to str
        Name of a view -> the SQL from which the rows of its files are selected.

    Raises
    ------
    InputError
        The query is no single SELECT, or reads anything but its files.
    """
    query = query.strip().rstrip(";")
    names = f"`{'`, `'.join(scans)}`"
    remedy = f"Read from {names} alone, which are the table's own files, by one SELECT."
    if len(scans) == 1:
        remedy = f"Read from {names} alone, which is the table's own file, by one SELECT."
    where = f"tables.{table.name}.query"
    tree = _parse(connection, query)
    if tree["error"]:
        raise refuse(where, "one SELECT", _at(query, tree), remedy)
    if len(tree["statements"]) != 1:
        raise refuse(where, "one SELECT", f"{len(tree['statements'])} statements", remedy)
    for closed in _closed_things(tree["statements"][0], frozenset(map(str.lower, scans))):
        raise refuse(where, f"a query that reads {names}", closed, remedy)
    views = ", ".join(f"{name_sql(name)} AS (SELECT * FROM {scan})" for name, scan in scans.items())
    return f"(WITH {views} SELECT * FROM ({query}))"


def left_out_sql(
    connection: duckdb.DuckDBPyConnection, table: Table, conditions: Mapping[str, str]
) -> str:
    """Return the SQL of the name of the first condition that a row meets; NULL where it meets none.

    Parameters
    ----------
    connection : DuckDBPyConnection
        Parses the conditions.
    table : Table
        The table of the contract; errors name it.
    conditions : mapping of str to str
        Name -> condition in SQL over the columns of the table.

    Raises
    ------
    InputError
        A condition is no SQL expression, or reads anything but the columns.
    """
    for name, condition in conditions.items():
        where = f"tables.{table.name}.leave_out.{name}"
        tree = _parse(connection, f"SELECT CASE WHEN ({condition}\n) THEN 1 END")
        if tree["error"]:
            raise refuse(where, "a condition in SQL", _at(condition, tree, 18), _CONDITION_REMEDY)
        for closed in _closed_things(tree["statements"], frozenset()):
            raise refuse(where, "a condition over the columns", closed, _CONDITION_REMEDY)
    cases = " ".join(f"WHEN ({sql}\n) THEN {quote(name)}" for name, sql in conditions.items())
    return f"CASE {cases} END" if cases else "NULL::VARCHAR"


def _parse(connection: duckdb.DuckDBPyConnection, query: str) -> dict[str, Any]:
    """Return the syntax tree of a query, or what is wrong with it."""
    serialized = connection.execute(f"SELECT json_serialize_sql({quote(query)})").fetchall()
    return dict(json.loads(serialized[0][0]))


def query_fault(table: Table, source: TableSource, error: Exception) -> Fault:
    """Return the fault that a query of files does not fit their columns, with the place in it."""
    return Fault(
        f"tables.{table.name}.query",
        f"a query that fits the columns of `{'`, `'.join(source.paths)}`",
        _message(error),
        f'Correct it; `query = "SELECT * FROM {next(iter(source.paths))}"` reads a file as it is.',
    )


def condition_fault(table: Table, error: Exception) -> Fault:
    """Return the fault that a condition of `leave_out` does not fit the columns of its table."""
    where = f"tables.{table.name}.leave_out"
    return Fault(where, "conditions that fit the columns", _message(error), _CONDITION_REMEDY)


def is_query_error(error: Exception) -> bool:
    """Tell whether an error is about a query itself, not about the file that it reads."""
    kinds = (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException)
    return isinstance(error, (*kinds, duckdb.ConversionException))


def _message(error: Exception) -> str:
    """Return what is wrong with a query or condition, with the columns that it may have meant."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join([lines[0], *(s for s in lines if s.startswith(("Candidate", "Did you")))])


def _at(query: str, tree: dict[str, Any], lead: int = 0) -> str:
    """Say why a query that stands behind a lead of some characters cannot be parsed, and where."""
    message = " ".join(str(tree["error_message"]).split())
    position = tree.get("position")
    if position is None:
        return message
    return f"{message} at: {query[max(int(position) - lead, 0) :][:30]}"


def _closed_things(node: Any, known: frozenset[str]) -> Iterator[str]:
    """Yield what a part of a syntax tree reads beside the tables that are known there."""
    if isinstance(node, dict):
        named = [entry["key"] for entry in node.get("cte_map", {}).get("map", [])]
        named += [node["cte_name"]] if "cte_name" in node else []
        known |= {name.lower() for name in named}
        if (closed := _closed_thing(node, known)) is not None:
            yield closed
    parts = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for part in parts:
        yield from _closed_things(part, known)


def _closed_thing(node: dict[str, Any], known: frozenset[str]) -> str | None:
    """Name what a node of a syntax tree itself reads; None where it is known or reads nothing."""
    if node.get("type") == "BASE_TABLE":
        path = node["qualified_name"]["path"]
        is_known = len(path) == 1 and path[0].lower() in known
        return None if is_known else f"the table or file '{'.'.join(path)}'"
    if node.get("type") == "TABLE_FUNCTION":
        name = node["function"]["function_name"].lower()
        return None if name in _TABLE_FUNCTIONS else f"the function {name}()"
    if node.get("class") == "FUNCTION":
        name = node["function_name"].lower()
        return f"the function {name}()" if name in _CLOSED_FUNCTIONS else None
    is_other = "class" not in node and "table_name" in node  # such as DESCRIBE in a FROM
    return f"a source of the kind {node['type']}" if is_other else None
