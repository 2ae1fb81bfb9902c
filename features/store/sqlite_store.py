"""Keeps the history store embedded: one SQLite file per build, renamed into place."""

import os
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from features.arrays import Array, History, object_array
from features.errors import InputError, NextbuyError
from features.history.record import unpack_history
from features.store.products import Product, unpack_product
from features.store.protocol import (
    PackedRows,
    StoreInfo,
    Unpacked,
    broken_store,
    check_info,
    missing_store,
)

_MAX_VARIABLES = 500  # ids asked for in one statement
_MAPPED_BYTES = 1 << 36  # the file is read through the page cache, shared by all processes


class SqliteStore:
    """Reads one SQLite file, also after a newer one was renamed into its place.

    Raises
    ------
    InputError
        There is no file at the path, or it is not a history store of this version.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise missing_store(str(path))
        self._path = path
        self._connection = sqlite3.connect(
            f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False
        )
        try:
            self._connection.execute(f"PRAGMA mmap_size = {_MAPPED_BYTES}")
            about, words = self._connection.execute("SELECT info, words FROM about").fetchall()[0]
            self.info = check_info(msgspec.json.decode(about, type=StoreInfo), str(path))
            self._words = object_array(msgspec.json.decode(words))
        except (sqlite3.DatabaseError, msgspec.MsgspecError, IndexError) as error:
            self.close()
            raise self._broken(error) from None
        except InputError:
            self.close()
            raise

    def read(self, customer_ids: Sequence[str]) -> dict[str, History]:
        """Read the histories of the customers that the store knows; others are left out."""
        query = "SELECT customer_id, record FROM history WHERE customer_id IN"
        return self._select(query, customer_ids, lambda record: unpack_history(record, self._words))

    def read_products(self, product_ids: Sequence[str]) -> dict[str, Product]:
        """Read the attributes of the products that the store knows; others are left out."""
        query = "SELECT product_id, product FROM products WHERE product_id IN"
        return self._select(query, product_ids, unpack_product)

    def _select(
        self, query: str, ids: Sequence[str], unpacked: Callable[[bytes], Unpacked]
    ) -> dict[str, Unpacked]:
        unpacked_by_id: dict[str, Unpacked] = {}
        for start in range(0, len(ids), _MAX_VARIABLES):
            some = list(ids[start : start + _MAX_VARIABLES])
            marks = ", ".join("?" * len(some))
            try:
                for row_id, packed in self._connection.execute(f"{query} ({marks})", some):
                    unpacked_by_id[row_id] = unpacked(packed)
            except (sqlite3.DatabaseError, ValueError, IndexError, OSError) as error:
                raise self._broken(error) from None
        return unpacked_by_id

    @property
    def data_cutoff(self) -> int:
        """Last instant known to the build, microseconds UTC."""
        return self.info.data_cutoff

    def customer_ids(self) -> list[str]:
        """List the ids of all customers of the store, sorted."""
        query = "SELECT customer_id FROM history ORDER BY customer_id"
        try:
            return [row[0] for row in self._connection.execute(query)]
        except sqlite3.DatabaseError as error:
            raise self._broken(error) from None

    def _broken(self, error: Exception) -> InputError:
        return broken_store(str(self._path), error)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


class SqliteTarget:
    """A path at which builds of the store are put, each replacing the last."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __str__(self) -> str:
        return str(self._path)

    def build_id(self) -> object:
        """Return the inode and change time of the file in place; None if there is none."""
        if not self._path.is_file():
            return None
        status = self._path.stat()
        return status.st_ino, status.st_mtime_ns

    def open(self) -> SqliteStore:
        """Open the file in place."""
        return SqliteStore(self._path)

    def write(
        self, info: StoreInfo, words: Array, products: PackedRows, records: PackedRows
    ) -> None:
        """Write a build into a file beside the one in place, and rename it at the end.

        Parameters are those of `features.store.protocol.StoreTarget.write`.

        Raises
        ------
        NextbuyError
            The build could not be written; the one in place is untouched.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self._path.with_suffix(f".{os.getpid()}.unfinished")
        unfinished.unlink(missing_ok=True)
        try:
            _write(unfinished, info, words, products, records)
            os.replace(unfinished, self._path)
        except (sqlite3.Error, OSError) as error:
            raise NextbuyError(
                f"{self._path}: the history store could not be written ({error}). The last build "
                "is still in place; make room on the disk and build again."
            ) from None
        finally:
            unfinished.unlink(missing_ok=True)


def _write(
    path: Path, info: StoreInfo, words: Array, products: PackedRows, records: PackedRows
) -> None:
    connection = sqlite3.connect(path)
    try:
        connection.execute("PRAGMA journal_mode = OFF")  # a file that is not finished is removed
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("CREATE TABLE about (info BLOB, words BLOB)")
        connection.execute(
            "INSERT INTO about VALUES (?, ?)",
            [msgspec.json.encode(info), msgspec.json.encode(words.tolist())],
        )
        connection.execute("CREATE TABLE products (product_id TEXT PRIMARY KEY, product BLOB)")
        connection.executemany("INSERT INTO products VALUES (?, ?)", products)
        connection.execute("CREATE TABLE history (customer_id TEXT PRIMARY KEY, record BLOB)")
        connection.executemany("INSERT INTO history VALUES (?, ?)", records)
        connection.commit()
    finally:
        connection.close()
    with path.open("rb") as written:
        os.fsync(written.fileno())  # on the disk before the name points at it
