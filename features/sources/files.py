"""A table's files as SQL that reads them: one file, a glob, or a folder of partitions."""

import csv
import glob
import gzip
import os
import re
import zlib
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from features.contract.casts import names_equal_in_sql, quote
from features.contract.tables import Table
from features.errors import Fault, InputError, refuse

_ENDINGS = (".parquet", ".csv", ".csv.gz")
_DELIMITERS = ",;\t|"
_HEADER_BYTES = 2**20
_UNREADABLE = (OSError, EOFError, zlib.error, csv.Error)


def scan_files(connection: duckdb.DuckDBPyConnection, table: Table, path: str, root: Path) -> str:
    """Write the source of a SELECT over all files of a table, types untouched, CSV as text.

    Keys of partition folders (`year=2025`) are columns, of text.

    Raises
    ------
    InputError
        No file, an unknown ending, two kinds of files, a file that is no table of one kind.
    """
    files = _find_files(table, path, root)
    partitioned = any("=" in folder for file in files for folder in _folders(file, root))
    options = f"hive_partitioning = {partitioned}, hive_types_autocast = false"
    if files[0].suffix == ".parquet":
        _refuse_mixed_types(connection, table, files)
        return f"read_parquet({_list_sql(files)}, union_by_name = true, {options})"
    return _csv_scan(table, files, options)


def unreadable_fault(table: Table, error: Exception) -> Fault:
    """Say which file and line DuckDB could not read; the line's content is not repeated."""
    text = str(error)
    line = re.search(r"CSV Error on Line: (\d+)", text)
    file = re.search(r"^ *file = (.*)$", text, flags=re.MULTILINE)
    if line is None or file is None:
        return Fault(
            table.name,
            "files that can be read to their end",
            text.splitlines()[0],
            "Check that they are complete and are what their ending says.",
        )
    found = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", text)
    expected, got, remedy = "CSV with quotes that close", "a line that is none", "Correct it."
    if found is not None:
        expected, got = f"{found[1]} columns in every line", f"{found[2]}"
        remedy = "Quote values that hold the delimiter, and complete short lines."
    elif "unicode" in text:
        expected, got = "text in UTF-8", "other bytes"
        remedy = "Export it as UTF-8."
    return Fault(table.name, expected, f"{got} in line {line[1]} of {_plain(file[1])}", remedy)


def _find_files(table: Table, path: str, root: Path) -> list[Path]:
    where = f"tables.{table.name}.path"
    target = root / path
    if target.is_dir():
        found = [file for file in target.rglob("*") if _is_data(file.relative_to(target))]
    elif not path.endswith(_ENDINGS):
        raise refuse(
            where,
            f"a path or glob that ends in {', '.join(_ENDINGS)}, or a folder of such files",
            f"'{path}'",
            "Export the table as Parquet or CSV.",
        )
    elif target.is_file():
        found = [target]
    else:
        found = [root / name for name in glob.glob(path, root_dir=root, recursive=True)]
    files = sorted(file for file in found if file.is_file())
    if not files:
        raise refuse(
            where,
            "at least one file",
            f"none at {target}",
            "Paths are relative to the folder of nextbuy.toml.",
        )
    _refuse_other_files(table, where, files)
    return files


def _is_data(file: Path) -> bool:
    """Say whether a file of a folder is data: not a mark or a rest of the job that wrote it."""
    return not any(part.startswith(("_", ".")) for part in file.parts)


def _folders(file: Path, root: Path) -> tuple[str, ...]:
    return Path(os.path.relpath(file.parent, root)).parts


def _refuse_other_files(table: Table, where: str, files: list[Path]) -> None:
    kinds = {next((e for e in _ENDINGS if f.name.endswith(e)), f.name): f for f in files}
    if len({".parquet" if kind == ".parquet" else ".csv" for kind in kinds}) > 1 or not (
        kinds.keys() <= set(_ENDINGS)
    ):
        raise refuse(
            where,
            "files of one kind, Parquet or CSV",
            ", ".join(sorted(file.name for file in kinds.values())),
            "Leave the others out, or name those that belong to the table by a glob.",
        )
    empty = [file for file in files if file.stat().st_size == 0]
    if empty:
        raise refuse(
            table.name, "a file with a header", f"0 bytes in {empty[0]}", "Export it again."
        )


def _refuse_mixed_types(
    connection: duckdb.DuckDBPyConnection, table: Table, files: list[Path]
) -> None:
    """Refuse Parquet files whose types differ: a bare date made a time would be known too early.

    Refuses a file with two columns of one name, too, which DuckDB would rename.
    """
    types: dict[str, str] = {}
    for file in files:
        scan = f"DESCRIBE SELECT * FROM read_parquet({_list_sql([file])}, hive_partitioning=false)"
        try:
            described = connection.execute(scan).fetchall()
            names = pq.read_schema(file).names
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            raise InputError([unreadable_fault(table, error)]) from None
        if repeated := names_equal_in_sql(names):
            raise refuse(
                table.name,
                "each column once, in upper or lower case",
                f"{', '.join(map(quote, repeated))} in {file}",
                "Rename or drop the others.",
            )
        for name, found, *_ in described:
            if types.setdefault(name.lower(), found) != found:
                raise refuse(
                    f"{table.name}.{name}",
                    "one type in all files",
                    f"{types[name.lower()]} and, in {file.name}, {found}",
                    "Export all files the same way.",
                )


def _csv_scan(table: Table, files: list[Path], options: str) -> str:
    """Write a scan per header, joined by name; nothing about a file is guessed but its delimiter.

    With everything said, a line that does not fit is an error and never a reason to take the
    file for something else.
    """
    headers: dict[tuple[str, tuple[str, ...]], list[Path]] = {}
    for file in files:
        headers.setdefault(_read_header(table, file), []).append(file)
    scans = []
    for (delimiter, names), same in headers.items():
        columns = ", ".join(f"{quote(name)}: 'VARCHAR'" for name in names)
        scans.append(
            f"SELECT * FROM read_csv({_list_sql(same)}, columns = {{{columns}}}, header = true, "
            f"auto_detect = false, delim = {quote(delimiter)}, quote = '\"', escape = '\"', "
            f"{options})"
        )
    return f"({' UNION ALL BY NAME '.join(scans)})"


def _read_header(table: Table, file: Path) -> tuple[str, tuple[str, ...]]:
    """Read a CSV file's delimiter and column names; the delimiter is what splits it most."""
    try:
        opened = gzip.open if file.suffix == ".gz" else open
        with opened(file, "rb") as stream:
            line = stream.readline(_HEADER_BYTES).splitlines()[0].decode("utf-8-sig")
        split = {d: next(csv.reader([line], delimiter=d), []) for d in _DELIMITERS}
    except UnicodeDecodeError:
        raise refuse(
            table.name, "text in UTF-8", f"other bytes in line 1 of {file}", "Export it as UTF-8."
        ) from None
    except _UNREADABLE as error:
        raise refuse(
            table.name, "a readable file", f"{file}: {error}", "Export it again."
        ) from None
    delimiter = max(_DELIMITERS, key=lambda d: len(split[d]))
    names = [name.strip() or f"column{place}" for place, name in enumerate(split[delimiter])]
    repeated = names_equal_in_sql(names)
    if repeated or not names:
        raise refuse(
            table.name,
            "a header that names each column once",
            f"{', '.join(map(quote, repeated)) or 'nothing'} in line 1 of {file}",
            "Rename or drop the others.",
        )
    return delimiter, tuple(names)


def _list_sql(files: list[Path]) -> str:
    """Write file names as DuckDB's list; it would take brackets in a name for a glob."""
    return "[" + ", ".join(quote(glob.escape(str(file))) for file in files) + "]"


def _plain(escaped: str) -> str:
    return re.sub(r"\[([*?[])\]", r"\1", escaped)
