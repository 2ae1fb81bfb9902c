"""Histories: all rows of some customers as numpy columns, and one customer's as a record.

Numbers, instants and truth values are float64 with NaN for missing (exact up to 2^53); texts
are object arrays with None for missing. One customer is a batch of one, so that alone and in
a batch run the same code.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Table = Mapping[str, Array]  # the columns of one customer's rows

# What a history holds: the columns that a relation or the eligibility rules read.
# `reachability` is the table customers turned long: a row per statement about a channel.
LAYOUT: dict[str, tuple[str, ...]] = {
    "orders": (
        "ordered_at",
        "known_at",
        "local_day",
        "amount",
        "discount",
        "cancelled_at",
        "cancelled_known_at",
    ),
    "messages": (
        "sent_at",
        "known_at",
        "channel",
        "machine_opened",
        *(
            f"{what}_{clock}"
            for what in ("opened", "clicked", "unsubscribed")
            for clock in ("at", "known_at")
        ),
    ),
    "consents": ("changed_at", "known_at", "scope", "granted", "store"),
    "reachability": ("known_at", "channel", "reachable"),
}
TEXTS = frozenset({"channel", "scope", "store"})


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

    def where(self, mask: NDArray[np.bool_]) -> "Rows":
        """Keep the rows where the mask is true."""
        columns = {name: values[mask] for name, values in self.columns.items()}
        return Rows(self.customer[mask], columns, self.n)


Histories = Mapping[str, Rows]  # the tables of a batch of customers


def batch(tables: Sequence[Mapping[str, Table]]) -> Histories:
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
    columns = {
        name: np.concatenate([part[name] for part in given])
        if given
        else np.empty(0, object if name in TEXTS else float)
        for name in names
    }
    return Rows(np.repeat(np.arange(len(parts)), lengths), columns, len(parts))


def pack(tables: Mapping[str, Table]) -> bytes:
    """Pack one customer's tables into a record."""
    return msgspec.msgpack.encode(
        {
            table: {
                name: values.tolist() if values.dtype == object else values.tobytes()
                for name, values in columns.items()
            }
            for table, columns in tables.items()
        }
    )


def unpack(record: bytes) -> dict[str, dict[str, Array]]:
    """Unpack a record made by `pack`."""
    return {
        table: {name: _array(values) for name, values in columns.items()}
        for table, columns in msgspec.msgpack.decode(record).items()
    }


def _array(values: bytes | list[str | None]) -> Array:
    if isinstance(values, bytes):
        return np.frombuffer(values)
    return object_array(values)


def object_array(values: Iterable[Any]) -> Array:
    """Make an object array of texts, missing ones as None."""
    return np.array([None if value is None else str(value) for value in values], dtype=object)
