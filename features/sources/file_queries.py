"""Reads a table as a query of its own file, and keeps the query from reading anything else.

The query sees the file as the view `source`. Its syntax tree is looked through before it runs:
DuckDB would also read any other file whose name stands in a FROM, any address, and what functions
such as `read_csv` and `glob` find.
"""

import json
from collections.abc import Iterator
from typing import Any

import duckdb

from features.contract.casts import quote
from features.contract.tables import Table
from features.errors import Fault, refuse

SOURCE = "source"
_TABLE_FUNCTIONS = ("unnest", "range", "generate_series", "regexp_split_to_table")
# Functions that read the process or the connection, in which the pseudonym key may stand.
_CLOSED_FUNCTIONS = ("getvariable", "getenv", "current_setting", "current_query", "query")
_REMEDY = f"Read from `{SOURCE}` alone, which is the table's own file, by one SELECT."


def query_scan(connection: duckdb.DuckDBPyConnection, table: Table, query: str, scan: str) -> str:
    """Return the SQL from which the rows of a query of a file are selected.

    Parameters
    ----------
    connection : DuckDBPyConnection
        Parses the query.
    table : Table
        The table of the contract; errors name it.
    query : str
        One SELECT over the view `source`.
    scan : str
        The SQL from which the rows of the file are selected.

    Raises
    ------
    InputError
        The query is no single SELECT, or reads anything but its file.
    """
    query = query.strip().rstrip(";")
    where = f"tables.{table.name}.query"
    serialized = connection.execute(f"SELECT json_serialize_sql({quote(query)})").fetchall()[0][0]
    tree = json.loads(serialized)
    if tree["error"]:
        raise refuse(where, "one SELECT", _at(query, tree), _REMEDY)
    if len(tree["statements"]) != 1:
        raise refuse(where, "one SELECT", f"{len(tree['statements'])} statements", _REMEDY)
    for closed in _closed_things(tree["statements"][0], frozenset({SOURCE})):
        raise refuse(where, f"a query that reads `{SOURCE}`", closed, _REMEDY)
    return f"(WITH {SOURCE} AS (SELECT * FROM {scan}) SELECT * FROM ({query}))"


def query_fault(table: Table, error: Exception) -> Fault:
    """Return the fault that a query of a file does not fit its columns, with the place in it."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    names = [line for line in lines if line.startswith(("Candidate", "Did you"))]
    return Fault(
        f"tables.{table.name}.query",
        f"a query that fits the columns of `{SOURCE}`",
        " ".join([lines[0], *names]),
        'Correct it; `query = "SELECT * FROM source"` reads the file as it is.',
    )


def is_query_error(error: Exception) -> bool:
    """Tell whether an error is about a query itself, not about the file that it reads."""
    kinds = (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException)
    return isinstance(error, (*kinds, duckdb.ConversionException))


def _at(query: str, tree: dict[str, Any]) -> str:
    """Say why a query cannot be parsed, and where."""
    message = " ".join(str(tree["error_message"]).split())
    position = tree.get("position")
    if position is None:
        return message
    return f"{message} at: {query[int(position) :][:30]}"


def _closed_things(node: Any, known: frozenset[str]) -> Iterator[str]:
    """Yield what a part of a syntax tree reads beside the tables that are known there."""
    if isinstance(node, dict):
        named = [entry["key"] for entry in node.get("cte_map", {}).get("map", [])]
        known |= {name.lower() for name in (*named, node.get("cte_name", SOURCE))}
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
