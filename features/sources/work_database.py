"""The log's database: a DuckDB file in the shop's workspace that goes with its last user.

On disk, so that a log larger than memory can be read; compressed, so that it is small there.
What a process that died left behind is removed by the next one that opens a log.
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
_MEMORY_GIB = 4.0  # what DuckDB may hold of it at once, unless nextbuy.toml says otherwise
_SHARE = 0.6  # of the machine, or of what its container may use


@dataclass(frozen=True)
class WorkDatabase:
    """The database: its connection, and what removes its folder before that is collected."""

    connection: duckdb.DuckDBPyConnection
    remove: Callable[[], object]

    def close(self) -> None:
        """Close the database and remove its folder; a second time does nothing."""
        self.connection.close()
        self.remove()


def open_work_database(shop: Shop) -> WorkDatabase:
    """Open an empty database in a folder of its own in the shop's workspace.

    The folder is removed when the connection is no longer used, at the latest at exit. The
    connection's local time is the shop's.

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
    return WorkDatabase(connection, weakref.finalize(connection, _remove, folder, lock))


def out_of_room_fault(shop: Shop, error: Exception) -> Fault | None:
    """Say that disk or memory ran out, if an error of DuckDB, or of a file written, is about it.

    DuckDB's own errors come as OSError from rows that are read as Arrow, then without a number.
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
    """Set memory, time zone and where it spills over, as the shop wants them."""
    default = connection.execute(
        "SELECT parse_formatted_bytes(current_setting('memory_limit')) / 0.8"  # 80 % of it
    ).fetchall()[0][0]
    limit = shop.section.memory_gib or min(_MEMORY_GIB, _SHARE * default / _GIB)
    connection.execute(f"SET memory_limit = '{round(limit * 1024)}MiB'")
    connection.execute("SET temp_directory = $folder", {"folder": str(folder / "spilled")})
    connection.execute("PRAGMA disable_checkpoint_on_shutdown")  # nobody opens it again
    connection.execute("SET TimeZone = $zone", {"zone": shop.section.timezone})
    if shop.section.pseudonymise:
        # What spills over may hold ids as they came. The cipher that DuckDB ships is called
        # unsafe for how it draws random numbers; these files live for minutes.
        connection.execute("SET force_mbedtls_unsafe = 'true'")
        connection.execute("SET temp_file_encryption = true")


def _make_folder(workspace: Path) -> tuple[Path, int]:
    """Make a folder and hold its lock, which tells others that its process lives."""
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
    shutil.rmtree(folder, ignore_errors=True)
    os.close(lock)


def _remove_left_behind(workspace: Path) -> None:
    """Remove the folders whose lock nobody holds any more."""
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
    return refuse(
        "shop.workspace",
        f"room to write in {shop.workspace}",
        str(error).splitlines()[0],
        "Free disk space, or name another folder as shop.workspace.",
    )
