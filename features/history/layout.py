"""Histories: all rows of some customers as numpy columns, and one customer's as a record.

Numbers, instants and truth values are float64 with NaN for missing (exact up to 2^53); texts
are object arrays with None for missing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Array = NDArray[Any]
Table = Mapping[str, Array]  # the columns of one customer's rows
Tables = Mapping[str, Table]  # one customer's history


@dataclass(frozen=True)
class HistoryTable:
    """One table of a history, as the log and the store both hold it.

    Attributes
    ----------
    contract : str
        The table of the contract that it is made from.
    happened : str
        The column that says when a row happened, and the order in which rows stand.
    columns : dict of str to str or None
        Its columns, and the optional column of the contract that each one needs
        (`orders.discount`); None where it is always there.
    """

    contract: str
    happened: str
    columns: Mapping[str, str | None]


def _own(table: str, *names: str) -> dict[str, str | None]:
    return {name: f"{table}.{name}" for name in names}


def _late(table: str, *names: str) -> dict[str, str | None]:
    """Give instants of a row's own, each with the clock from which it is known."""
    return {
        f"{name}_{clock}": f"{table}.{name}_at" for name in names for clock in ("at", "known_at")
    }


def _always(*names: str) -> dict[str, str | None]:
    return dict.fromkeys(names)


# What is known of a product, without a clock: it stands in the rows that name one.
PRODUCT_TEXTS = ("category", "subcategory", "brand", "color", "size")
PRODUCT = (*PRODUCT_TEXTS, "price")

# What a history holds: the columns that a relation or the eligibility rules read.
# `attributes` and `reachability` are the table customers turned long: a row per statement.
HISTORY: dict[str, HistoryTable] = {
    "orders": HistoryTable(
        "orders",
        "ordered_at",
        _always("ordered_at", "known_at", "local_day", "amount", "store")
        | _own("orders", "discount", "sales_channel")
        | _always("cancelled_at", "cancelled_known_at"),
    ),
    "lines": HistoryTable(
        "order_lines",
        "ordered_at",
        _always("ordered_at", "known_at", "local_day", "cancelled_known_at")
        | _own("order_lines", "product_id", "quantity", "unit_price")
        | _own("products", *PRODUCT_TEXTS),
    ),
    "returns": HistoryTable(
        "returns",
        "returned_at",
        _always("returned_at", "known_at", "local_day", "amount")
        | _own("returns", "product_id")
        | _own("products", "category"),
    ),
    "events": HistoryTable(
        "events",
        "occurred_at",
        _always("occurred_at", "known_at", "local_day", "event_type", "store")
        | _own("events", "product_id", "device")
        | _own("products", "category", "price"),
    ),
    "messages": HistoryTable(
        "messages",
        "sent_at",
        _always("sent_at", "known_at", "channel", "machine_opened")
        | _late("messages", "delivered", "opened", "clicked", "converted", "unsubscribed")
        | _own("messages", "campaign_id", "store", "revenue"),
    ),
    "profile": HistoryTable(
        "customers",
        "known_at",
        _always("known_at") | _late("customers", "first_seen") | _own("customers", "birth_year"),
    ),
    "attributes": HistoryTable(
        "customers", "known_at", _always("known_at", "attribute", "value", "statement")
    ),
    "consents": HistoryTable(
        "consents", "changed_at", _always("changed_at", "known_at", "scope", "granted", "store")
    ),
    "reachability": HistoryTable(
        "customers", "known_at", _always("known_at", "channel", "reachable")
    ),
    # of an account, whose customer it is; of a customer, the accounts
    "identities": HistoryTable("identities", "known_at", _always("known_at", "customer")),
    "links": HistoryTable("identities", "known_at", _always("known_at", "account")),
}
LAYOUT: dict[str, tuple[str, ...]] = {name: tuple(t.columns) for name, t in HISTORY.items()}
TEXTS = frozenset(
    "channel sales_channel scope store event_type product_id device category subcategory brand "
    "color size campaign_id attribute value statement customer account".split()
)
# Which row it is (`features.contract.row_keys`), so that a posted one is not taken twice.
ROW_KEY = "row_key"

_CODEC = "lz4_raw"
_SIZE_BYTES = 4


@dataclass(frozen=True)
class Rows:
    """Rows of `n` customers, sorted by customer.

    Attributes
    ----------
    customer : int array
        For each row the customer's place in the batch, never decreasing.
    columns : dict of str to array
        Columns of equal length.
    """

    customer: NDArray[np.intp]
    columns: Mapping[str, Array]
    n: int

    def __getitem__(self, name: str) -> Array:
        return self.columns[name]

    def where(self, mask: NDArray[np.bool_], names: Iterable[str] | None = None) -> "Rows":
        """Keep the rows where the mask is true, and of the columns the named ones."""
        columns = self.columns if names is None else {name: self.columns[name] for name in names}
        places = mask.nonzero()[0]
        if len(places) == len(mask):
            return Rows(self.customer, columns, self.n)
        return Rows(self.customer, columns, self.n).take(places)

    def take(self, places: NDArray[np.intp]) -> "Rows":
        """Keep the rows at some places, in that order."""
        columns = {name: values.take(places) for name, values in self.columns.items()}
        return Rows(self.customer.take(places), columns, self.n)

    @cached_property
    def starts(self) -> NDArray[np.intp]:
        """Place of the first row of each customer that has rows."""
        return run_starts(self.customer)

    @cached_property
    def present(self) -> NDArray[np.intp]:
        """The customers that have rows, in order."""
        return self.customer[self.starts]


_NO_NUMBERS, _NO_TEXTS = np.empty(0), np.empty(0, object)


def run_starts(*keys: Array) -> NDArray[np.intp]:
    """Find where runs of equal keys begin.

    >>> run_starts(np.array([1, 1, 2, 2]), np.array([5, 6, 6, 6])).tolist()
    [0, 1, 2]
    """
    changes = np.empty(len(keys[0]), bool)
    changes[:1] = True
    np.not_equal(keys[0][1:], keys[0][:-1], out=changes[1:])
    for key in keys[1:]:
        changes[1:] |= key[1:] != key[:-1]
    return changes.nonzero()[0]


def run_lengths(starts: NDArray[np.intp], total: int) -> NDArray[np.intp]:
    """Count the rows of runs that begin at `starts`.

    >>> run_lengths(np.array([0, 1, 2]), 4).tolist()
    [1, 1, 2]
    """
    lengths = np.empty(len(starts), np.intp)
    np.subtract(starts[1:], starts[:-1], out=lengths[:-1])
    lengths[-1:] = total - starts[-1:]
    return lengths


Histories = Mapping[str, Rows]  # the tables of a batch of customers


def batch(tables: Sequence[Tables]) -> Histories:
    """Put the tables of several customers into one batch, in the order given.

    Parameters
    ----------
    tables : one mapping of table name to columns for each customer
        A table in which a customer has no rows may be left out; in the batch every table of
        `LAYOUT` is there, empty or not.
    """
    return {name: _stack([t.get(name) for t in tables], names) for name, names in LAYOUT.items()}


def _stack(parts: Sequence[Table | None], names: Sequence[str]) -> Rows:
    lengths = [0 if part is None else len(next(iter(part.values()))) for part in parts]
    given = [part for part in parts if part is not None]
    if len(given) == 1:
        columns = given[0]
    elif given:
        columns = {name: np.concatenate([part[name] for part in given]) for name in names}
    else:
        columns = {name: _NO_TEXTS if name in TEXTS else _NO_NUMBERS for name in names}
    return Rows(np.arange(len(parts)).repeat(lengths), columns, len(parts))


def record_columns(table: str) -> tuple[list[str], list[str]]:
    """Name the columns of a table as a record holds them: key and numbers, then texts.

    >>> record_columns("reachability")
    (['row_key', 'known_at', 'reachable'], ['channel'])
    """
    numbers = [name for name in LAYOUT[table] if name not in TEXTS]
    return [ROW_KEY, *numbers], [name for name in LAYOUT[table] if name in TEXTS]


_columns = cache(record_columns)


def pack(blocks: Sequence[NDArray[np.float64]]) -> bytes:
    """Pack one customer's rows into a record.

    Parameters
    ----------
    blocks : one float array (rows x `record_columns`) for each table of `LAYOUT`, in its order
        Texts are places in the build's `words`, -1 where missing.

    Returns
    -------
    bytes
        The size, then the numbers of rows and the columns, one after the other, compressed:
        columns that are mostly missing or repeated cost next to nothing.
    """
    counts = np.array([len(block) for block in blocks], dtype=float).tobytes()
    plain = counts + b"".join([block.tobytes("F") for block in blocks])
    packed: bytes = pa.compress(plain, codec=_CODEC, asbytes=True)
    return len(plain).to_bytes(_SIZE_BYTES, "little") + packed


def unpack(record: bytes, words: Array) -> dict[str, dict[str, Array]]:
    """Unpack a record made by `pack`.

    Parameters
    ----------
    words : object array
        The texts of the build; the last one is None.

    Returns
    -------
    dict of dict
        Table -> column -> array, float64 or objects; tables without rows are left out.
    """
    size = int.from_bytes(record[:_SIZE_BYTES], "little")
    plain = pa.decompress(memoryview(record)[_SIZE_BYTES:], size, codec=_CODEC)
    values = np.frombuffer(plain)
    place = len(LAYOUT)
    tables = {}
    for name, count in zip(LAYOUT, values[:place].astype(int).tolist(), strict=True):
        if count:
            numbers, texts = _columns(name)
            end = place + count * len(numbers)
            table = dict(zip(numbers, values[place:end].reshape(-1, count), strict=True))
            place = end
            if texts:
                end += count * len(texts)
                found = words[values[place:end].astype(np.intp)].reshape(-1, count)
                table.update(zip(texts, found, strict=True))
                place = end
            tables[name] = table
    return tables


def object_array(values: Iterable[Any]) -> Array:
    """Make an object array of texts, missing ones as None."""
    return np.array([None if value is None else str(value) for value in values], dtype=object)
