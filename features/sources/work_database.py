"""The work database: a DuckDB file in the shop's workspace that exists while a log is in use.

It is on disk so that a log may be larger than memory, and compressed. What a process that
died has left behind is removed when the next log is opened.
"""

import errno
import fcntl
import os
import shutil
import tempfile
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from features.errors import Fault, InputError, refuse
from features.shop.shop import Shop

_GIB = 2**30
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES)
_MEMORY_GIB = 2.0  # the most memory DuckDB takes unless nextbuy.toml sets another limit
_SHARE = 0.6  # the most it takes of the memory of the machine, or of its container


@dataclass(frozen=True)
class WorkDatabase:
    """An open work database.

    Attributes
    ----------
    connection : DuckDBPyConnection
        Its connection; the database is removed when nobody holds the connection any more.
    folder : Path
        Where it is.
    remove : callable
        Removes the folder of the database at once.
    """

    connection: duckdb.DuckDBPyConnection
    folder: Path
    remove: Callable[[], object]

    def close(self) -> None:
        """Close the database and remove its folder; a second call does nothing."""
        self.connection.close()
        self.remove()


def open_work_database(shop: Shop) -> WorkDatabase:
    """Open an empty database in a new folder of the shop's workspace.

    The folder is removed when the connection is no longer used, at the latest when the process
    ends. The connection reads naive times in the shop's zone.

    Raises
    ------
    InputError
        The workspace cannot be written.
    """
    try:
        shop.workspace.mkdir(parents=True, exist_ok=True)
        _remove_left_behind(shop.workspace)
        folder, lock = _make_folder(shop.workspace)
    except OSError as error:
        raise _unwritable(shop, error) from None
    try:
        connection = duckdb.connect(
            str(folder / "log.duckdb"), config={"autoinstall_known_extensions": False}
        )
        configure_connection(connection, shop, folder)
    except duckdb.Error as error:
        _remove(folder, lock)
        raise _unwritable(shop, error) from None
    return WorkDatabase(connection, folder, weakref.finalize(connection, _remove, folder, lock))


def out_of_room_fault(shop: Shop, error: Exception) -> Fault | None:
    """Return the fault that disk or memory ran out if an error is about that, else None.

    Parameters
    ----------
    shop : Shop
        The shop whose workspace the fault names.
    error : Exception
        An error of DuckDB or of a file that is written. DuckDB's errors come as OSError without a
        number from rows that are read as Arrow.
    """
    first_line = str(error).splitlines()[0]
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        return _unwritable(shop, first_line).faults[0]
    if isinstance(error, duckdb.OutOfMemoryException) or first_line.startswith("Out of Memory"):
        return Fault(
            "shop.memory_gib",
            "memory and disk for the log",
            first_line,
            f"Give it more memory in nextbuy.toml, or make room in {shop.workspace}.",
        )
    workspace = f"{shop.workspace}{os.sep}"
    of_log = f"{workspace}log-" in str(error)
    written = "write file" in str(error) and workspace in str(error)
    if of_log or written or isinstance(error, duckdb.FatalException):
        return _unwritable(shop, first_line).faults[0]
    return None


def configure_connection(connection: duckdb.DuckDBPyConnection, shop: Shop, folder: Path) -> None:
    """Set a connection's memory limit, time zone and spill folder as the shop wants them."""
    default = connection.execute(
        # DuckDB's default limit is 80 % of the memory.
        "SELECT parse_formatted_bytes(current_setting('memory_limit')) / 0.8"
    ).fetchall()[0][0]
    limit = shop.section.memory_gib or min(_MEMORY_GIB, _SHARE * default / _GIB)
    connection.execute(f"SET memory_limit = '{round(limit * 1024)}MiB'")
    connection.execute("SET temp_directory = $folder", {"folder": str(folder / "spilled")})
    connection.execute("PRAGMA disable_checkpoint_on_shutdown")  # the file is not opened again
    connection.execute("SET TimeZone = $zone", {"zone": shop.section.timezone})
    if shop.section.pseudonymise:
        # Files that DuckDB spills to may hold raw ids. It calls its built-in cipher unsafe because
        # of the way random numbers are drawn; these files exist for minutes only.
        connection.execute("SET force_mbedtls_unsafe = 'true'")
        connection.execute("SET temp_file_encryption = true")


def _make_folder(workspace: Path) -> tuple[Path, int]:
    """Make a folder and lock it; return both. The lock tells others that this process is alive."""
    unlocked = Path(tempfile.mkdtemp(prefix="new-log-", dir=workspace))
    try:
        lock = os.open(unlocked / "lock", os.O_CREAT | os.O_RDWR)
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = workspace / unlocked.name.removeprefix("new-")
        unlocked.rename(folder)
    except OSError:
        shutil.rmtree(unlocked, ignore_errors=True)
        raise
    return folder, lock


def _remove(folder: Path, lock: int) -> None:
    """Remove a folder and give up its lock."""
    shutil.rmtree(folder, ignore_errors=True)
    os.close(lock)


def _remove_left_behind(workspace: Path) -> None:
    """Remove the folders in the workspace whose lock nobody holds any more."""
    for path in workspace.glob("log-*/lock"):
        try:
            lock = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            continue  # its process has just removed it
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
        else:
            _remove(path.parent, lock)


def _unwritable(shop: Shop, error: object) -> InputError:
    """Return the error that the workspace cannot be written."""
    return refuse(
        "shop.workspace",
        f"room to write in {shop.workspace}",
        str(error).splitlines()[0],
        "Free disk space, or name another folder as shop.workspace.",
    )
