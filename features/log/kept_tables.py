"""Keeps the checked tables of a shop in its workspace, for commands that read the same again.

A table is one DuckDB file, opened for reading by any number of processes at a time. Beside it
stands, as JSON, what it was made of. Whether a file was changed is known; of a database it is not,
so that copies of its tables are used only for as long as `reuse_hours` of nextbuy.toml says.

A copy is written in the log's own folder, flushed and then renamed: nothing half-written is ever
used, and of two processes that read the same files the last one's copy stays. A copy that is
replaced can still be read by those who have opened it.
"""

import hashlib
import logging
import os
import shutil
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import duckdb
import msgspec

from features.contract.casts import quote
from features.shop.pseudonyms import key_fingerprint
from features.shop.shop import Shop
from features.sources.databases import database_identity
from features.sources.file_states import FileState, read_states
from features.windows import DAY

KEPT_FOLDER = "kept"  # in the workspace
_HOUR = DAY // 24
_FORMAT = 2  # of the copies
_LOG = logging.getLogger(__name__)


class KeptTable(msgspec.Struct, frozen=True):
    """What a kept table was made of.

    Attributes
    ----------
    key : str
        Hash of the files' content and of all that decides how they are read.
    files : list of FileState
        The shop's files; none for a table of a database.
    read_at : int
        When it was read, in microseconds since 1970-01-01 UTC.
    columns : list of str
        The columns that a table of a database gives.
    left_out : dict of str to int
        The rows that are not in it, by the condition of nextbuy.toml that left them out.
    """

    key: str
    files: list[FileState]
    read_at: int
    columns: list[str] = []
    left_out: dict[str, int] = {}


@dataclass(frozen=True)
class TypedTable:
    """What a typed table is made of, once its rows have been checked.

    Attributes
    ----------
    name : str
        A table of the contract.
    select : str
        The query of its rows.
    beside : dict of str to str
        Tables that are stored with it -> the query of their rows.
    left_out : dict of str to int
        The rows that are not in it, by the condition of nextbuy.toml that left them out.
    """

    name: str
    select: str
    beside: dict[str, str]
    left_out: dict[str, int]


class KeptTables:
    """The kept tables of one shop, for one connection.

    Parameters
    ----------
    connection : DuckDBPyConnection
        The log's database; opened tables become views of it.
    shop : Shop
        Its workspace holds the copies.
    scratch : Path
        The folder of the log's database, on the same disk.

    Attributes
    ----------
    keys : dict of str to str
        Table -> what tells the content of the copy that is open; tables that are not kept are left
        out.
    left_out : dict of str to dict of str to int
        Table -> the rows that conditions of nextbuy.toml left out of it, by condition.
    reused_from : int or None
        When the tables of databases were read of which copies are open.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, shop: Shop, scratch: Path) -> None:
        self._connection, self._shop, self._scratch = connection, shop, scratch
        self._folder = shop.workspace / KEPT_FOLDER
        self.keys: dict[str, str] = {}
        self.left_out: dict[str, dict[str, int]] = {}
        self.reused_from: int | None = None

    def open_databases(self, now: int) -> dict[str, frozenset[str]]:
        """Open the copies of all tables of databases, if each of them is there and young enough.

        They are opened together or not at all, and only if one command has read them all: they are
        to be of one state of the shop.

        Parameters
        ----------
        now : int
            The present, in microseconds since 1970-01-01 UTC.

        Returns
        -------
        dict of str to frozenset of str
            The tables of databases with the columns that they give; empty if they have to be read.
        """
        tables = [name for name, source in self._shop.tables.items() if source.path is None]
        oldest = now - self._shop.section.reuse_hours * _HOUR
        found = {}
        for table in tables:
            kept = read_kept(self._folder, table)
            if kept is None or kept.read_at <= oldest or kept.key != self._database_key(table):
                return {}
            found[table] = kept
        instants = {kept.read_at for kept in found.values()}
        if len(instants) != 1:
            return {}
        if not all(self._open_copy(table, kept) for table, kept in found.items()):
            for table in self.keys.keys() & found.keys():
                self._close(table)
            return {}
        self.reused_from = instants.pop()
        return {table: frozenset(kept.columns) for table, kept in found.items()}

    def read_states(self, table: str, files: Sequence[Path]) -> list[FileState]:
        """Read the states of a table's files; those that are as they were kept are not hashed."""
        kept = read_kept(self._folder, table)
        return read_states(files, [] if kept is None else kept.files)

    def open(self, table: str, states: Sequence[FileState], select: str) -> bool:
        """Open a table that was kept, if its files and settings are what they were.

        Parameters
        ----------
        table : str
            A table of the contract.
        states : sequence of FileState
            The shop's files of it.
        select : str
            The query that makes the typed table from the files.

        Returns
        -------
        bool
            Whether there is one; otherwise the table has to be read.
        """
        kept = read_kept(self._folder, table)
        if kept is None or self._file_key(table, select, states) != kept.key:
            return False
        return self._open_copy(table, kept)

    def keep_of_database(self, typed: TypedTable, columns: Iterable[str], now: int) -> None:
        """Make a typed table of a database's rows that have been checked, and open it.

        It is kept if `reuse_hours` lets the next command use it.

        Parameters
        ----------
        typed : TypedTable
            What it is made of.
        columns : iterable of str
            The columns that the database gives.
        now : int
            When the reading of all tables began.
        """
        self.left_out[typed.name] = typed.left_out
        if self._shop.section.reuse_hours == 0:
            for name, select in ({typed.name: typed.select} | typed.beside).items():
                self._connection.execute(f"CREATE TABLE {name} AS {select}")
            return
        key = self._database_key(typed.name)
        kept = KeptTable(key, [], now, sorted(columns), typed.left_out)
        self._put(typed.name, kept, self._make(typed))

    def keep(self, typed: TypedTable, states: Sequence[FileState]) -> None:
        """Make a typed table of files that have been checked, open it, and keep it.

        Files that were changed since their states were read are not kept.

        Parameters
        ----------
        typed : TypedTable
            What it is made of.
        states : sequence of FileState
            The files as they were before they were checked.
        """
        self.left_out[typed.name] = typed.left_out
        unfinished = self._make(typed)
        if read_states([Path(state.path) for state in states], states) == list(states):
            key = self._file_key(typed.name, typed.select, states)
            read_at = time.time_ns() // 1000
            kept = KeptTable(key, list(states), read_at, left_out=typed.left_out)
            self._put(typed.name, kept, unfinished)

    def _open_copy(self, table: str, kept: KeptTable) -> bool:
        """Open a copy; return whether it could be."""
        try:
            self._attach(table, self._path(table, kept))
        except duckdb.IOException as error:  # removed at this moment, or damaged
            _LOG.warning("the kept copy of %s cannot be used and is made again: %s", table, error)
            return False
        self.keys[table] = _content(kept)
        self.left_out[table] = kept.left_out
        return True

    def _make(self, typed: TypedTable) -> Path:
        """Make a typed table as a file of the log's folder, and open it."""
        unfinished = self._scratch / f"{typed.name}.duckdb"
        self._connection.execute(f"ATTACH {quote(str(unfinished))} AS unfinished")
        try:
            for name, select in ({typed.name: typed.select} | typed.beside).items():
                self._connection.execute(f"CREATE TABLE unfinished.{name} AS {select}")
            self._connection.execute("CHECKPOINT unfinished")
        finally:
            self._connection.execute("DETACH unfinished")
        self._attach(typed.name, unfinished)  # which stays open when the file is renamed
        return unfinished

    def _key(self, select: str, states: Sequence[FileState]) -> str:
        """Hash all that a typed table depends on."""
        section = self._shop.section
        parts = [str(_FORMAT), version("nextbuy"), duckdb.__version__, select, section.timezone]
        parts += [str(key_fingerprint(self._shop)), self._shop.fold, section.currency]
        parts += [f"{state.path} {state.sha256}" for state in states]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]

    def _file_key(self, table: str, select: str, states: Sequence[FileState]) -> str:
        """Hash all that a table of files depends on, the shop's names of its columns included."""
        what = msgspec.structs.replace(self._shop.tables[table], path=None)  # a path is no content
        return self._key(f"{msgspec.json.encode(what).decode()} {select}", states)

    def _database_key(self, table: str) -> str:
        """Hash all that a table of a database depends on beside its rows; no password is in it."""
        source = self._shop.tables[table]
        what = msgspec.structs.replace(source, database=None, database_env=None)
        return self._key(f"{database_identity(source)} {msgspec.json.encode(what).decode()}", [])

    def _path(self, table: str, kept: KeptTable) -> Path:
        return self._folder / f"{table}-{_content(kept)}.duckdb"

    def _put(self, table: str, kept: KeptTable, finished: Path) -> None:
        """Put a copy and its description into the workspace, and remove those of other files."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        copy = self._path(table, kept)
        _flush_and_rename(finished, copy)
        write_kept(self._folder, table, kept, self._scratch)
        self.keys[table] = _content(kept)
        for path in self._folder.glob(f"{table}-*.duckdb"):
            if path != copy:
                path.unlink(missing_ok=True)  # who has opened it goes on reading it

    def _close(self, table: str) -> None:
        for name in self._names(table):
            self._connection.execute(f"DROP VIEW {name}")
        self._connection.execute(f"DETACH kept_{table}")
        del self.keys[table]

    def _attach(self, table: str, path: Path) -> None:
        self._connection.execute(f"ATTACH {quote(str(path))} AS kept_{table} (READ_ONLY)")
        for name in self._names(table):
            self._connection.execute(f"CREATE VIEW {name} AS FROM kept_{table}.{name}")

    def _names(self, table: str) -> list[str]:
        """Return the names of the tables in the open copy of a table."""
        names = "SELECT table_name FROM duckdb_tables() WHERE database_name = ?"
        return [name for (name,) in self._connection.execute(names, [f"kept_{table}"]).fetchall()]


def _content(kept: KeptTable) -> str:
    """Return what tells the rows of a copy: of a database, the same query gives others later."""
    return kept.key if kept.files else f"{kept.key}-{kept.read_at}"


def read_kept(folder: Path, table: str) -> KeptTable | None:
    """Read what the kept copy of a table was made of; None where there is none that can be used."""
    try:
        return msgspec.json.decode(_description(folder, table).read_bytes(), type=KeptTable)
    except (FileNotFoundError, msgspec.DecodeError):  # of another version
        return None


def write_kept(folder: Path, table: str, kept: KeptTable, scratch: Path) -> None:
    """Write what the kept copy of a table was made of, after the copy itself."""
    unfinished = scratch / f"{table}.json"
    unfinished.write_bytes(msgspec.json.encode(kept))
    _flush_and_rename(unfinished, _description(folder, table))


def _flush_and_rename(source: Path, target: Path) -> None:
    """Put a finished file where others read it, for its owner alone."""
    source.chmod(0o600)
    flush(source)
    source.replace(target)


def flush(path: Path) -> None:
    """Wait until a file or the entries of a folder are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def list_kept(shop: Shop) -> list[tuple[str, int, int]]:
    """List what is kept of a shop: table, bytes, and when it was read (microseconds UTC)."""
    folder = shop.workspace / KEPT_FOLDER
    kept = {path.stem: read_kept(folder, path.stem) for path in sorted(folder.glob("*.json"))}
    return [
        (table, _size(folder, table), found.read_at)
        for table, found in kept.items()
        if found is not None
    ]


def _size(folder: Path, table: str) -> int:
    """Add up the bytes of a table's copy, which may be a folder of files."""
    copies = (*folder.glob(f"{table}-*"), *folder.glob(f"{table}-*/*"))
    return sum(path.stat().st_size for path in copies if path.is_file())


def remove_kept(shop: Shop) -> None:
    """Remove all that is kept of a shop."""
    folder = shop.workspace / KEPT_FOLDER
    if folder.exists():
        shutil.rmtree(folder)


def _description(folder: Path, table: str) -> Path:
    return folder / f"{table}.json"
