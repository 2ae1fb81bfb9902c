"""Reads a table from files (Parquet or CSV): one file, a glob, or a folder of partitions."""

import glob
import os
import re
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from features.contract.casts import names_equal_in_sql, quote
from features.contract.tables import Table
from features.errors import Fault, InputError, refuse
from features.shop.settings_file import TableSource
from features.sources.csv_files import csv_scan, read_head
from features.sources.plain_copies import PlainCopies

_TEXTS = (".csv", ".tsv", ".txt", "")
_ENDINGS = (".parquet", *_TEXTS[:-1], ".gz", ".zip")  # in upper or lower case; or none at all


def scan_files(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    source: TableSource,
    path: str,
    root: Path,
    copies: PlainCopies,
) -> str:
    """Return the SQL from which all files of a path are selected, CSV values as text.

    The keys of partition folders (`year=2025`) are columns with text.

    Parameters
    ----------
    connection : DuckDBPyConnection
        The connection that will read the files.
    table : Table
        The table of the contract; errors name it.
    source : TableSource
        Its settings.
    path : str
        A file, a glob or a folder.
    root : Path
        Folder that `path` is relative to.
    copies : PlainCopies
        Plans the copies of files that DuckDB cannot read as they are.

    Raises
    ------
    InputError
        There is no file, an ending is unknown, the files are of two kinds, or a file does not hold
        a table of its kind.
    """
    files = find_files(table, path, root)
    partitioned = any("=" in folder for file in files for folder in _folders(file, root))
    hive = f"hive_partitioning = {partitioned}, hive_types_autocast = false"
    if files[0].suffix.lower() == ".parquet":
        _refuse_mixed_types(connection, table, files)
        return f"read_parquet({_list_sql(files)}, union_by_name = true, {hive})"
    return _csv_scans(table, source, files, root, copies, hive)


def unreadable_fault(table: Table, error: Exception) -> Fault:
    """Return the fault that says which file and line DuckDB could not read, without its content."""
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
    widths = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", text)
    expected, got, remedy = "CSV with quotes that close", "a line that is none", "Correct it."
    if widths is not None:
        expected, got = f"{widths[1]} columns in every line", f"{widths[2]}"
        remedy = "Quote values that hold the delimiter, and complete short lines."
    elif "unicode" in text:
        expected, got = "text in UTF-8", "other bytes"
        remedy = "Export it as UTF-8."
    return Fault(table.name, expected, f"{got} in line {line[1]} of {_plain(file[1])}", remedy)


def find_files(table: Table, path: str, root: Path) -> list[Path]:
    """Return the data files of a path in the order of their names."""
    where = f"tables.{table.name}.path"
    target = root / path
    if target.is_dir():
        candidates = [file for file in target.rglob("*") if _is_data(file.relative_to(target))]
    elif _kind_of(Path(path)) is None:
        raise refuse(
            where,
            f"a path or glob that ends in {', '.join(_ENDINGS)}, or a folder of such files",
            f"'{path}'",
            "Export the table as Parquet or CSV.",
        )
    elif target.is_file():
        candidates = [target]
    else:
        candidates = [root / name for name in glob.glob(path, root_dir=root, recursive=True)]
    files = sorted(file for file in candidates if file.is_file())
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
    """Return whether a file of a folder is data, not a leftover of the job that wrote it."""
    return not any(part.startswith(("_", ".")) for part in file.parts)


def _folders(file: Path, root: Path) -> tuple[str, ...]:
    """Return the names of the folders between `root` and a file."""
    return Path(os.path.relpath(file.parent, root)).parts


def _refuse_other_files(table: Table, where: str, files: list[Path]) -> None:
    """Refuse files of two kinds or of an unknown kind, and empty files."""
    kinds = {_kind_of(file): file for file in files}
    if len(kinds) > 1 or None in kinds:
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


def _kind_of(file: Path) -> str | None:
    """Return the kind of a file by the end of its name, compressed or not; None if it is unknown.

    >>> _kind_of(Path("orders.CSV.gz")), _kind_of(Path("orders")), _kind_of(Path("orders.xlsx"))
    ('csv', 'csv', None)
    """
    ending = file.suffix.lower()
    if ending == ".parquet":
        return "parquet"
    if ending in (".gz", ".zip"):
        ending = Path(file.stem).suffix.lower()
    return "csv" if ending in _TEXTS else None


def _refuse_mixed_types(
    connection: duckdb.DuckDBPyConnection, table: Table, files: list[Path]
) -> None:
    """Refuse Parquet files with different types in a column, or with two columns of one name.

    DuckDB would turn the bare dates of one file into the times of another, which are known too
    early, and would rename the second of two columns.
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
        for name, raw_type, *_ in described:
            if types.setdefault(name.lower(), raw_type) != raw_type:
                raise refuse(
                    f"{table.name}.{name}",
                    "one type in all files",
                    f"{types[name.lower()]} and, in {file.name}, {raw_type}",
                    "Export all files the same way.",
                )


def _csv_scans(
    table: Table,
    source: TableSource,
    files: list[Path],
    root: Path,
    copies: PlainCopies,
    hive: str,
) -> str:
    """Return the SQL that reads CSV files, one scan for each kind of header, joined by name."""
    kinds: dict[tuple[str, tuple[str, ...], bool], list[Path]] = {}
    for file in files:
        head = read_head(table, source, file)
        if not head.is_plain:
            file = copies.plan(table, source, file, root, head)
        has_header = head.is_plain and source.header is None
        kinds.setdefault((head.delimiter, head.names, has_header), []).append(file)
    scans = [
        csv_scan(names, delimiter, has_header, _list_sql(same), hive)
        for (delimiter, names, has_header), same in kinds.items()
    ]
    return f"({' UNION ALL BY NAME '.join(scans)})"


def _list_sql(files: list[Path]) -> str:
    """Return file names as an SQL list; brackets are escaped, since they mean a glob there."""
    return "[" + ", ".join(quote(glob.escape(str(file))) for file in files) + "]"


def _plain(escaped: str) -> str:
    """Return a file name without the escapes of `_list_sql`."""
    return re.sub(r"\[([*?[])\]", r"\1", escaped)
