"""Reads the heads of CSV files, and copies those that DuckDB cannot read as they are.

A copy is UTF-8 without its header, in the folder of the log, for as long as the log. It is made of
a file in another encoding, of a zip archive, and where the header or the ends of lines are of a
kind that DuckDB refuses or, worse, takes for no rows at all.
"""

import codecs
import csv
import gzip
import io
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from features.contract.casts import names_equal_in_sql, quote
from features.contract.tables import Table
from features.errors import InputError, refuse
from features.shop.settings_file import TableSource

_DELIMITERS = ",;\t|"
_HEAD_CHARACTERS = 2**20  # in which the header and the ends of lines are looked at
_CHUNK = 2**22  # characters that are copied at a time
_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
_UNREADABLE = (OSError, EOFError, zlib.error, csv.Error, zipfile.BadZipFile)


@dataclass(frozen=True)
class CsvHead:
    """What the begin of a CSV file says about it.

    Attributes
    ----------
    delimiter : str
        The sign between two values.
    names : tuple of str
        The columns.
    length : int
        Characters before the first row: those of the header, and of a line `sep=;` before it.
    is_plain : bool
        Whether DuckDB reads the file as it is.
    """

    delimiter: str
    names: tuple[str, ...]
    length: int
    is_plain: bool


def read_head(table: Table, source: TableSource, file: Path) -> CsvHead:
    """Read the begin of a CSV file.

    Parameters
    ----------
    table : Table
        The table of the contract; errors name it.
    source : TableSource
        Its settings: encoding, delimiter, and the columns of a file without a header.
    file : Path
        The file.

    Raises
    ------
    InputError
        The file cannot be read, is written in another encoding, or has no header.
    """
    try:
        with _open_text(source, file) as stream:
            return _parse_head(table, source, file, stream.read(_HEAD_CHARACTERS))
    except UnicodeError:
        raise encoding_error(table, source, file) from None
    except _UNREADABLE as error:
        raise refuse(
            table.name, "a readable file", f"{file}: {error}", "Export it again."
        ) from None


def _parse_head(table: Table, source: TableSource, file: Path, head: str) -> CsvHead:
    """Read what the first characters of a CSV file say about it."""
    hint = head[:6].splitlines()[0] if head.lower().startswith("sep=") else ""
    lead = len(hint) + (2 if head[len(hint) :].startswith("\r\n") else 1) if hint else 0
    delimiter = source.delimiter or hint[4:] or _guess_delimiter(head[lead:])
    if source.header is not None:
        names, length = tuple(source.header), lead
    else:
        record, characters = _first_record(head[lead:], delimiter)
        _refuse_repeated(table, source, file, [name.strip() for name in record])
        names, length = _name_columns(record), lead + characters
    if not names or not any(names):
        raise refuse(
            table.name, "a header that names the columns", f"nothing in line 1 of {file}",
            "Export it with a header, or name the columns: columns = [\"order_id\", ...].",
        )  # fmt: skip
    is_plain = (
        lead == 0
        and not any("\n" in name or "\r" in name for name in names)
        and not _has_mixed_ends(head)
        and codecs.lookup(source.encoding or "utf-8").name == "utf-8"
        and not _starts_with(file, _ZIP)
    )
    return CsvHead(delimiter, tuple(name.replace("\r\n", "\n") for name in names), length, is_plain)


def copy_plain(table: Table, source: TableSource, file: Path, head: CsvHead, copy: Path) -> None:
    """Copy the rows of a CSV file, without its header, as UTF-8 with one end of lines.

    Raises
    ------
    InputError
        A part of the file is not in its encoding, or the archive is damaged.
    """
    try:
        with _open_text(source, file) as stream, copy.open("w", encoding="utf-8") as plain:
            stream.read(head.length)
            while chunk := stream.read(_CHUNK):
                if chunk.endswith("\r"):  # its other half comes with the next chunk
                    chunk += stream.read(1)
                plain.write(chunk.replace("\r\n", "\n"))
    except UnicodeError:
        raise encoding_error(table, source, file) from None
    except _UNREADABLE as error:
        raise refuse(
            table.name, "a readable file", f"{file}: {error}", "Export it again."
        ) from None


def csv_scan(
    names: tuple[str, ...], delimiter: str, has_header: bool, files: str, hive: str
) -> str:
    """Return the SELECT that reads CSV files with the same columns, all values as text.

    Only the delimiter is guessed. Everything else is stated, so that a line which does not fit is
    an error and never makes DuckDB read the file in another way.
    """
    columns = ", ".join(f"{quote(name)}: 'VARCHAR'" for name in names)
    return (
        f"SELECT * FROM read_csv({files}, columns = {{{columns}}}, header = {has_header}, "
        f"auto_detect = false, delim = {quote(delimiter)}, quote = '\"', escape = '\"', {hive})"
    )


def encoding_error(table: Table, source: TableSource, file: Path) -> InputError:
    """Make the error that a file is not in the encoding that it should be in."""
    encoding = source.encoding or "utf-8"
    return refuse(
        table.name, f"text in {encoding.upper()}",
        f"other bytes in line {_line_of_other_bytes(file, encoding)} of {file}",
        f"Export it as UTF-8, or name its encoding in [tables.{table.name}]: "
        'encoding = "windows-1252", "windows-1250", "utf-16".',
    )  # fmt: skip


def _line_of_other_bytes(file: Path, encoding: str) -> int:
    """Return the number of the first line that is not in an encoding."""
    with _open_bytes(file) as stream:
        for number, line in enumerate(stream, 1):
            try:
                line.decode(encoding)
            except UnicodeError:
                return number
    return 1  # an encoding of several bytes that the end of a line cuts


@contextmanager
def _open_text(source: TableSource, file: Path) -> Iterator[IO[str]]:
    """Open a CSV file for reading as text, unpacked, its ends of lines as they are."""
    encoding = source.encoding or "utf-8"
    if codecs.lookup(encoding).name == "utf-8":
        encoding = "utf-8-sig"
    with _open_bytes(file) as stream, io.TextIOWrapper(stream, encoding, newline="") as text:
        yield text


@contextmanager
def _open_bytes(file: Path) -> Iterator[IO[bytes]]:
    """Open a file for reading, unpacked if it is compressed."""
    if _starts_with(file, _ZIP):
        with zipfile.ZipFile(file) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/")]
            if len(names) != 1:
                raise zipfile.BadZipFile(f"an archive of {len(names)} files, where one is expected")
            with archive.open(names[0]) as stream:
                yield stream
    elif _starts_with(file, _GZIP) or file.name.lower().endswith(".gz"):
        with file.open("rb") as packed, gzip.GzipFile(fileobj=packed) as stream:
            yield io.BufferedReader(stream)
    else:
        with file.open("rb") as stream:
            yield stream


def _starts_with(file: Path, magic: bytes) -> bool:
    with file.open("rb") as stream:
        return stream.read(len(magic)) == magic


def _guess_delimiter(head: str) -> str:
    """Return the sign that splits the header most, the same way as the first rows if possible."""

    def fit(delimiter: str) -> tuple[bool, int]:
        rows = csv.reader(io.StringIO(head, newline=""), delimiter=delimiter)
        try:
            widths = [len(row) for row, _ in zip(rows, range(3), strict=False)]
        except csv.Error:  # quotes that do not close
            return False, 0
        return len(set(widths)) == 1 and widths[0] > 1, widths[0] if widths else 0

    return max(_DELIMITERS, key=fit)


def _first_record(head: str, delimiter: str) -> tuple[list[str], int]:
    """Return the values of the first record, and its number of characters."""
    lines = io.StringIO(head, newline="")
    record = next(csv.reader(lines, delimiter=delimiter), [])
    return record, lines.tell()


def _refuse_repeated(table: Table, source: TableSource, file: Path, names: list[str]) -> None:
    """Refuse a header with two columns of one name that is read; others may be repeated."""
    if source.query is not None:
        return  # which finds them by their places
    wanted = {source.mapping.get(c.name, c.name).lower() for c in table.columns if not c.pattern}
    wanted |= {name.lower() for name in source.mapping.values()}
    prefixes = tuple(column.name for column in table.columns if column.pattern)
    repeated = [
        name
        for name in names_equal_in_sql(names)
        if name.lower() in wanted or (prefixes and name.lower().startswith(prefixes))
    ]
    if repeated:
        raise refuse(
            table.name,
            "a header that names each column once",
            f"{', '.join(map(quote, repeated))} in line 1 of {file}",
            "Rename or drop the others.",
        )


def _name_columns(record: list[str]) -> tuple[str, ...]:
    """Return names for all columns: those without a name, or with another's, by their place."""
    names = [name.strip() for name in record]
    count = Counter(name.lower() for name in names)
    return tuple(
        name if name and count[name.lower()] == 1 else f"{name} (column {place})".strip()
        for place, name in enumerate(names, 1)
    )


def _has_mixed_ends(head: str) -> bool:
    """Tell whether lines end in two ways, values in quotes aside."""
    outside = "".join(head.split('"')[::2])
    feeds = outside.count("\n")
    return 0 < outside.count("\r\n") < feeds
