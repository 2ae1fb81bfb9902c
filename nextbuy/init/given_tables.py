"""Looks at what a shop gives to `nextbuy init`: files and databases, their tables and columns."""

import glob
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from itertools import groupby, takewhile
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.parquet as pq

from features.contract.tables import ORDERS
from features.errors import refuse
from features.shop.settings_file import TableSource
from features.sources.csv_files import read_head
from features.sources.databases import Databases
from features.sources.files import find_files

ENVIRONMENT = "env:"  # before the name of a variable that holds the address of a database
_SCHEMES = ("mysql", "mariadb", "postgresql", "postgres")
_COLUMNS = (
    "SELECT table_name AS t, column_name AS c FROM information_schema.columns "
    "WHERE table_schema = {schema} ORDER BY table_name, ordinal_position"
)


class GivenTable(msgspec.Struct, frozen=True):
    """A table that a shop gives: files of one kind, or a table of a database.

    Attributes
    ----------
    name : str
        Name of the table, or of the file without its ending.
    columns : list of str
        Its columns, in their order.
    argument : str
        What was given: a file, a glob, a folder, or a database.
    path : str or None
        Of files: a path or glob, relative to the folder of nextbuy.toml.
    source : dict of str to str
        Of a database: the setting of nextbuy.toml that names it.
    encoding : str or None
        Of CSV files: their encoding, where it is not UTF-8.
    changed_at : float
        When the newest file was changed, in seconds since 1970; 0 for a database.
    """

    name: str
    columns: list[str]
    argument: str
    path: str | None = None
    source: dict[str, str] = {}
    encoding: str | None = None
    changed_at: float = 0.0

    def has(self, columns: Sequence[str]) -> bool:
        """Tell whether the table has some columns, in upper or lower case."""
        return {c.lower() for c in columns} <= {c.lower() for c in self.columns}


def look_at(arguments: Sequence[str], root: Path, encoding: str | None) -> list[GivenTable]:
    """Return the tables of all files and databases that are given.

    Parameters
    ----------
    arguments : sequence of str
        Files, globs, folders, addresses of databases, and `env:NAME` for an address in the
        environment.
    root : Path
        Folder of nextbuy.toml, which paths will be relative to.
    encoding : str or None
        Encoding of CSV files.

    Raises
    ------
    InputError
        A file or database cannot be read, or an address has a password in it.
    """
    tables: list[GivenTable] = []
    for argument in arguments:
        if argument.startswith(ENVIRONMENT) or "://" in argument:
            tables += _tables_of_database(argument, root)
        else:
            tables.append(_table_of_files(argument, root, encoding))
    return tables


def join_parts(tables: Sequence[GivenTable]) -> GivenTable:
    """Return one table of the parts of an export: files of one folder, taken together by a glob.

    Raises
    ------
    InputError
        No glob names these files and no other.
    """
    if len(tables) == 1:
        return tables[0]
    paths = sorted(table.path or "" for table in tables)
    endings = {path[path.rfind(".") :] for path in paths}
    pattern = f"{_common_begin(paths)}*{''.join(sorted(endings))}"
    root = Path(tables[0].argument).resolve().parent  # all parts lie in one folder
    named = {Path(name).name for name in glob.glob(Path(pattern).name, root_dir=root)}
    if named != {Path(path).name for path in paths} or len({Path(p).parent for p in paths}) > 1:
        raise refuse(
            "FILES", "one file of each kind, or the parts of one export", ", ".join(paths),
            "Put the parts into a folder of their own, and name a glob in quotes.",
        )  # fmt: skip
    newest = max(table.changed_at for table in tables)
    return msgspec.structs.replace(tables[0], path=pattern, changed_at=newest)


def _common_begin(texts: Sequence[str]) -> str:
    """Return what all texts begin with.

    >>> _common_begin(["orders_1.csv", "orders_2.csv"])
    'orders_'
    """
    alike = takewhile(lambda chars: len(set(chars)) == 1, zip(*texts, strict=False))
    return "".join(chars[0] for chars in alike)


def _table_of_files(argument: str, root: Path, encoding: str | None) -> GivenTable:
    """Look at a file, or at the first one of a glob or a folder."""
    path = os.path.relpath(argument, root)
    files = find_files(ORDERS, path, root)
    if files[0].suffix.lower() == ".parquet":
        columns = pq.read_schema(files[0]).names
    else:
        columns = list(read_head(ORDERS, TableSource(encoding=encoding), files[0]).names)
    changed_at = max(file.stat().st_mtime for file in files)
    name = Path(argument.rstrip("/")).name.partition(".")[0]
    return GivenTable(name, columns, argument, path, encoding=encoding, changed_at=changed_at)


def _tables_of_database(argument: str, root: Path) -> Iterator[GivenTable]:
    """Yield the tables of a database."""
    url, source = _address(argument, os.environ)
    scheme = url.partition("://")[0]
    if scheme not in _SCHEMES:
        raise refuse(
            "FILES", "files, or the address of a MySQL, MariaDB or PostgreSQL database",
            f"{scheme}://...", "Export its tables as Parquet or CSV.",
        )  # fmt: skip
    schema = "current_schema()" if scheme.startswith("postgres") else "database()"
    asked = TableSource(query=_COLUMNS.format(schema=schema), **source)  # type: ignore[arg-type]
    with closing(Databases(root)) as databases:
        rows = databases.read(ORDERS, asked).read_all().to_pylist()
    for name, columns in groupby(rows, key=_table_name):
        yield GivenTable(name, [row["c"] for row in columns], argument, source=source)


def _table_name(row: Mapping[str, Any]) -> str:
    return str(row["t"])


def _address(argument: str, environment: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """Return the address of a database, and the setting that names it in nextbuy.toml."""
    if not argument.startswith(ENVIRONMENT):
        user = argument.partition("://")[2].rpartition("@")[0]
        if ":" in user:
            raise refuse(
                "FILES", "an address without a password",
                f"{argument.partition('://')[0]}://{user.partition(':')[0]}:...",
                f"Put it into an environment variable, such as DSN, and give {ENVIRONMENT}DSN.",
            )  # fmt: skip
        return argument, {"database": argument}
    name = argument.removeprefix(ENVIRONMENT)
    if not environment.get(name):
        raise refuse(
            "FILES", f"the address of a database in the environment variable {name}", "nothing",
            "Set it, as in mysql://user:password@host/database.",
        )  # fmt: skip
    return environment[name], {"database_env": name}
