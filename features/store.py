"""The history store: one packed record per customer, read at ask time.

A SQLite file, written beside and renamed into place, so that a reader sees the old build or
the new one and never a mixture.
"""

import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from features.build import read_channels
from features.faults import InputError, refuse
from features.history import LAYOUT, TEXTS, Array, object_array, pack, unpack
from features.log import Log, check_observed, clock_of
from features.shop import Shop
from features.sources import name_sql, quote

_FORMAT = 1
_MAX_VARIABLES = 500  # ids asked for in one statement
_ORDER = {
    "orders": "local_day, ordered_at, order_id",
    "messages": "sent_at, message_id",
    "consents": "changed_at, known_at",
    "reachability": "known_at NULLS FIRST, channel",
}

_NEVER_CUT = frozenset({"consents", "reachability"})


def store_path(shop: Shop) -> Path:
    """Say where a shop's store is."""
    return shop.workspace / "history.sqlite"


class StoreInfo(msgspec.Struct, frozen=True):
    """What a build of the store says of itself.

    Attributes
    ----------
    data_cutoff : int
        Last instant known to the build.
    provided : dict of str to list of str
        The columns that the shop gave, by table: decides which features exist.
    channels : list of str
        The channels of the shop's messages.
    """

    format: int
    data_cutoff: int
    timezone: str
    currency: str
    provided: dict[str, list[str]]
    channels: list[str]


class HistoryStore:
    """Read access to one build of the store.

    Raises
    ------
    InputError
        There is no file at the path, or it is not a history store of this version.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise refuse(
                str(path),
                "a history store",
                "no such file",
                "Build it with `nextbuy features --online`.",
            )
        self._path = path
        self._connection = sqlite3.connect(
            f"{path.resolve().as_uri()}?mode=ro", uri=True, check_same_thread=False
        )
        try:
            row = self._connection.execute("SELECT value FROM about").fetchone()
            self.info = msgspec.json.decode(row[0], type=StoreInfo)
        except (sqlite3.DatabaseError, msgspec.DecodeError, TypeError) as error:
            raise self._broken(error) from None
        if self.info.format != _FORMAT:
            raise refuse(
                str(path),
                f"a history store of format {_FORMAT}",
                f"format {self.info.format}",
                "Build it again with `nextbuy features --online`.",
            )

    def read(self, customer_ids: Sequence[str]) -> dict[str, dict[str, dict[str, Array]]]:
        """Read the tables of the customers that the store knows; unknown ones are left out."""
        found: dict[str, dict[str, dict[str, Array]]] = {}
        for start in range(0, len(customer_ids), _MAX_VARIABLES):
            some = customer_ids[start : start + _MAX_VARIABLES]
            marks = ", ".join("?" * len(some))
            query = f"SELECT customer_id, record FROM history WHERE customer_id IN ({marks})"
            try:
                for customer_id, record in self._connection.execute(query, list(some)):
                    found[customer_id] = unpack(record)
            except (sqlite3.DatabaseError, msgspec.DecodeError) as error:
                raise self._broken(error) from None
        return found

    def customer_ids(self) -> list[str]:
        """List all customers of the store."""
        query = "SELECT customer_id FROM history ORDER BY customer_id"
        return [row[0] for row in self._connection.execute(query)]

    def _broken(self, error: Exception) -> InputError:
        return refuse(
            str(self._path),
            "a history store",
            f"a file that cannot be read as one ({error})",
            "Build it again with `nextbuy features --online`.",
        )

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def build_store(log: Log, path: Path, data_cutoff: int | None = None) -> StoreInfo:
    """Build the store of a log and put it in place of the one at `path`.

    Parameters
    ----------
    data_cutoff : int, optional
        Leave out what was known after this instant; default: everything observed. Consents
        and reachability are never left out: a withdrawal may come after the last order.

    Returns
    -------
    StoreInfo
        What was written.
    """
    if data_cutoff is None:
        data_cutoff = log.observed_until
    check_observed(log, data_cutoff)
    section = log.shop.section
    info = StoreInfo(
        format=_FORMAT,
        data_cutoff=data_cutoff,
        timezone=section.timezone,
        currency=section.currency,
        provided={table: sorted(columns) for table, columns in log.provided.items()},
        channels=read_channels(log, data_cutoff),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    try:
        _write(unfinished, info, read_records(log, data_cutoff))
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
    return info


def _write(path: Path, info: StoreInfo, records: Iterator[tuple[str, bytes]]) -> None:
    connection = sqlite3.connect(path)
    try:
        connection.execute("CREATE TABLE about (value BLOB)")
        connection.execute("INSERT INTO about VALUES (?)", [msgspec.json.encode(info)])
        connection.execute(
            "CREATE TABLE history (customer_id TEXT PRIMARY KEY, record BLOB) WITHOUT ROWID"
        )
        connection.executemany("INSERT INTO history VALUES (?, ?)", records)
        connection.commit()
    finally:
        connection.close()


def read_records(log: Log, data_cutoff: int) -> Iterator[tuple[str, bytes]]:
    """Read every customer's record, as far as known at the cutoff, in the order of their ids."""
    tables = {name: _read_table(log, name, data_cutoff) for name in LAYOUT if _has(log, name)}
    customers = sorted(set().union(*tables.values()))
    for customer_id in customers:
        yield (
            customer_id,
            pack({name: t[customer_id] for name, t in tables.items() if customer_id in t}),
        )


def _has(log: Log, name: str) -> bool:
    return ("customers" if name == "reachability" else name) in log.provided


def _read_table(log: Log, name: str, data_cutoff: int) -> dict[str, Mapping[str, Array]]:
    """Read one table of the layout, cut into one mapping of columns per customer."""
    columns = ", ".join(_column_sql(name, column, data_cutoff) for column in LAYOUT[name])
    known = "TRUE" if name in _NEVER_CUT else f"known_at <= {data_cutoff}"
    query = (
        f"SELECT customer_id, {columns} FROM ({_table_sql(log, name)}) "
        f"WHERE {known} ORDER BY customer_id, {_ORDER[name]}"
    )
    arrays = log.connection.execute(query).fetchnumpy()
    ids = np.asarray(arrays["customer_id"], dtype=object)
    values = {column: _plain(column, arrays[column]) for column in LAYOUT[name]}
    if len(ids) == 0:
        return {}
    starts = np.flatnonzero(np.r_[True, ids[1:] != ids[:-1]])
    ends = np.append(starts[1:], len(ids))
    return {
        ids[start]: {column: values[column][start:end] for column in LAYOUT[name]}
        for start, end in zip(starts, ends, strict=True)
    }


def _column_sql(table: str, column: str, data_cutoff: int) -> str:
    """Write a column; a late field is left out where it was known after the cutoff."""
    if column.endswith("_known_at"):
        clock = column
    elif clock_of(column) in LAYOUT[table]:
        clock = clock_of(column)
    else:
        return column
    return f"CASE WHEN {clock} <= {data_cutoff} THEN {column} END AS {column}"


def _table_sql(log: Log, name: str) -> str:
    if name != "reachability":
        return f"SELECT * FROM {name}"
    channels = sorted(
        column.removeprefix("reachable_")
        for column in log.provided["customers"]
        if column.startswith("reachable_")
    )
    parts = [
        f"SELECT customer_id, known_at, {quote(channel.lower())} AS channel, "
        f"{name_sql('reachable_' + channel)} AS reachable FROM customers"
        for channel in channels
    ]
    # a row that states nothing, so that a contact of whom nothing else is known is there
    contact = "SELECT customer_id, known_at, NULL AS channel, NULL AS reachable FROM customers"
    return " UNION ALL ".join([contact, *parts])


def _plain(column: str, values: Any) -> Array:
    """Turn a masked DuckDB column into float64 with NaN, or objects with None."""
    masked = np.ma.asarray(values)
    if column in TEXTS:
        texts = masked.data.astype(object)
        texts[np.ma.getmaskarray(masked)] = None  # `filled(None)` would fill in a default
        return object_array(texts)
    return np.asarray(np.ma.filled(masked.astype(float), np.nan))
