"""The journal: every posted row, written to the disk before the post is answered.

Posted rows are read from the journal when an answer is asked for, beside the build of the
history store, and by the next build: there is no second copy that could miss one. A build
states up to which row it holds the journal (`StoreInfo.journal_seq`); a reader adds the rows
after that.

Writers of all processes take turns, so that rows become visible in the order of their numbers
and a reader that has seen row n has seen all rows before it.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from features.contract.row_keys import account_of, row_key
from features.contract.tables import TABLES_BY_NAME, known_at_column
from features.errors import refuse
from features.history.layout import ROW_KEY
from features.ledgers.ledger import Ledger, LedgerDatabase, open_ledger
from features.ledgers.posted_rows import CheckedRow
from features.shop.shop import Shop

_AT_ONCE = 500  # values in one SQL statement

JOURNAL_LEDGER = Ledger(
    name="journal",
    what="the journal of posted rows",
    unaccepted="Nothing of this request was accepted.",
    schema={
        "posted": "CREATE TABLE IF NOT EXISTS posted (seq {seq}, received_at BIGINT NOT NULL, "
        "table_name TEXT NOT NULL, row_key BIGINT NOT NULL, customer_id TEXT NOT NULL, "
        "body {bytes} NOT NULL)",
        "posted_of_customer": "CREATE INDEX IF NOT EXISTS posted_of_customer "
        "ON posted (customer_id, seq)",
        "posted_of_key": "CREATE INDEX IF NOT EXISTS posted_of_key ON posted (table_name, row_key)",
    },
)


class Receipt(msgspec.Struct, frozen=True):
    """The outcome of a post.

    Attributes
    ----------
    accepted, duplicates : int
        Number of rows that were written down, and of rows that brought nothing new.
    received_at : int
        Instant (microseconds UTC) from which the accepted rows are known.
    """

    accepted: int
    duplicates: int
    received_at: int


@dataclass(frozen=True)
class JournalRow:
    """One row of the journal.

    Attributes
    ----------
    seq : int
        Its number, in the order in which rows were received.
    received_at : int
        Microseconds since 1970, UTC.
    table : str
        The table of the contract.
    key : int
        The key of the row, as in `features.contract.row_keys`.
    customer_id : str
        The account of the row.
    body : dict
        The values that were posted, in the contract's types, by column.
    """

    seq: int
    received_at: int
    table: str
    key: int
    customer_id: str
    body: dict[str, Any]

    @property
    def known_at(self) -> int:
        """Instant at which the row was known: its receipt, or when it happened if that is later."""
        happened = self.body.get(TABLES_BY_NAME[self.table].happened or "", 0)
        return max(self.received_at, int(happened))

    def typed_values(self) -> dict[str, object]:
        """Return the row as the log holds rows of its table.

        Returns
        -------
        dict of str to value
            The posted values by column, in the contract's types, with the row key and the
            instants (microseconds UTC) at which the row and its late fields were known.
        """
        table = TABLES_BY_NAME[self.table]
        values = self.body | {ROW_KEY: self.key}
        if table.happened is not None:
            values["known_at"] = self.known_at
        for clock in map(known_at_column, table.late_instants):
            if clock in values:
                values[clock] = max(values[clock], self.received_at)
        return values


class Journal:
    """The posted rows of a shop, to which rows are only added."""

    def __init__(self, database: LedgerDatabase) -> None:
        self._database = database

    def append(self, posted: Sequence[CheckedRow]) -> Receipt:
        """Write rows down, all or none; they are durable when this returns.

        A row whose key was posted before is written down if it brings a value that was missing (a
        click, a cancellation), and is a duplicate if it does not.

        Parameters
        ----------
        posted : sequence of CheckedRow
            The rows of one request.

        Raises
        ------
        InputError
            Order lines come without their order, or a key was posted for another customer.
        NextbuyError
            The journal could not be written; then none of the rows was accepted.
        """
        with self._database.write() as run:
            last = run("SELECT max(received_at) FROM posted", ())[0][0] or 0
            received_at = max(time.time_ns() // 1000, last + 1)
            batch = _Batch(received_at, posted)
            batch.add_known(lambda query, values: run(query, values))
            for number, row in enumerate(posted):
                batch.add(number, row)
            for values in batch.rows:
                run(
                    "INSERT INTO posted (received_at, table_name, row_key, customer_id, body) "
                    "VALUES (?, ?, ?, ?, ?)",
                    values,
                )
        return Receipt(len(batch.rows), len(posted) - len(batch.rows), received_at)

    def read(self, customer_ids: Sequence[str], after: int) -> dict[str, list[JournalRow]]:
        """Return the rows of some customers that were received after a row.

        Parameters
        ----------
        customer_ids : sequence of str
            Accounts.
        after : int
            Number of a row; 0 reads from the beginning.

        Returns
        -------
        dict of str to list of JournalRow
            Account -> its rows in the order of receipt; accounts without rows are left out.
        """
        rows_of: dict[str, list[JournalRow]] = {}
        for start in range(0, len(customer_ids), _AT_ONCE):
            some = customer_ids[start : start + _AT_ONCE]
            condition = f"customer_id IN ({', '.join('?' * len(some))}) AND seq > ?"
            for row in self._select(condition, [*some, after]):
                rows_of.setdefault(row.customer_id, []).append(row)
        return rows_of

    def rows(self, size: int) -> Iterator[list[JournalRow]]:
        """Yield all rows in the order in which they were received, in lists of at most `size`."""
        last = 0
        while rows := self._select("seq > ?", [last], f"LIMIT {size}"):
            yield rows
            last = rows[-1].seq

    def _select(self, condition: str, values: Sequence[Any], limit: str = "") -> list[JournalRow]:
        rows = self._database.select(
            "SELECT seq, received_at, table_name, row_key, customer_id, body FROM posted "
            f"WHERE {condition} ORDER BY seq {limit}",
            values,
        )
        return [
            JournalRow(seq, at, table, key, customer_id, msgspec.json.decode(body))
            for seq, at, table, key, customer_id, body in rows
        ]

    def customer_ids(self, after: int) -> list[str]:
        """Return the accounts of the rows that were received after the row with number `after`."""
        query = "SELECT DISTINCT customer_id FROM posted WHERE seq > ?"
        return [row[0] for row in self._database.select(query, [after])]

    def last_received_at(self) -> int | None:
        """Return when the last row was received (microseconds UTC); None for an empty journal."""
        query = "SELECT received_at FROM posted ORDER BY seq DESC LIMIT 1"
        rows = self._database.select(query)
        return rows[0][0] if rows else None

    def last_seq(self, until: int, at_most: int) -> int:
        """Return the number of the last row received until an instant; 0 if there is none.

        Parameters
        ----------
        until : int
            Microseconds since 1970, UTC.
        at_most : int
            Rows with larger numbers do not count.
        """
        query = "SELECT max(seq) FROM posted WHERE received_at <= ? AND seq <= ?"
        return self._database.select(query, [until, at_most])[0][0] or 0

    def close(self) -> None:
        """Close the journal."""
        self._database.close()


class _Batch:
    """The rows of one post, compared with the rows that were written down before."""

    def __init__(self, received_at: int, posted: Sequence[CheckedRow]) -> None:
        self.rows: list[tuple[int, str, int, str, bytes]] = []
        self._received_at = received_at
        self._posted = posted
        self._keys = [self._key(number, row) for number, row in enumerate(posted)]
        self._known: dict[tuple[str, int], dict[str, Any]] = {}  # values of a row so far
        # Keys of the orders in earlier posts, and their lines by key.
        self._orders: set[int] = set()
        self._lines: dict[int, list[dict[str, Any]]] = {}

    def add_known(self, run: Any) -> None:
        """Read what was posted before about the same rows, and about the orders of lines."""
        wanted: dict[str, set[int]] = {}
        for key, row in zip(self._keys, self._posted, strict=True):
            wanted.setdefault(row.table.name, set()).add(key)
            if row.table.name == "order_lines":  # an order has the key of its lines
                wanted.setdefault("orders", set()).add(key)
        for name, keys in wanted.items():
            ordered = sorted(keys)
            for start in range(0, len(ordered), _AT_ONCE):
                some = ordered[start : start + _AT_ONCE]
                query = (
                    "SELECT row_key, body FROM posted WHERE table_name = ? AND row_key IN "
                    f"({', '.join('?' * len(some))}) ORDER BY seq"
                )
                for key, encoded in run(query, [name, *some]):
                    body = msgspec.json.decode(encoded)
                    if name == "order_lines":
                        self._lines.setdefault(key, []).append(body)
                    known = self._known.setdefault((name, key), {})
                    known.update(body | known)
        self._orders = {key for name, key in self._known if name == "orders"}

    def add(self, number: int, row: CheckedRow) -> None:
        """Add a row to the batch unless it brings nothing new."""
        name, body = row.table.name, row.body
        key = self._keys[number]
        if name == "order_lines":
            if body in self._lines.get(key, []):
                return
            customer_id = self._customer_of_order(key, body["order_id"])
        else:
            customer_id = account_of(body)
            known = self._known.get((name, key))
            if known is not None:
                _check_customer(row, known)
                if body.keys() <= known.keys():
                    return
            self._known[name, key] = body | (known or {})
        received_at = self._received_at + number
        self.rows.append((received_at, name, key, customer_id, msgspec.json.encode(body)))

    def _key(self, number: int, row: CheckedRow) -> int:
        """Compute the key of a row; what is a statement happens when it is received."""
        statement = {"known_at": self._received_at + number}
        return row_key(
            row.table, row.body | (statement if row.table.happened == "known_at" else {})
        )

    def _customer_of_order(self, key: int, order_id: str) -> str:
        """Return the customer of an order, which must be in the same request as its lines."""
        order = self._known.get(("orders", key))
        if order is None or key in self._orders:
            raise refuse(
                "order_lines.order_id",
                "an order of the same request, that was not posted before",
                f"'{order_id}'",
                "Post an order once, together with all of its lines.",
            )
        return account_of(order)


def _check_customer(row: CheckedRow, known: Mapping[str, Any]) -> None:
    if row.body["customer_id"] != known["customer_id"]:
        (column, *_) = row.table.key or ("customer_id",)
        raise refuse(
            f"{row.table.name}.{column}",
            "the customer that it was posted with before",
            f"another for '{row.body.get(column)}'",
            "Ids are given once; correct the id or the customer.",
        )


def journal_path(shop: Shop) -> Path:
    """Return the file of a shop's journal, which is used if no database is set."""
    return shop.workspace / "journal.sqlite"


def open_journal(shop: Shop) -> Journal:
    """Open a shop's journal; it is made if it does not exist.

    It is in the database of `[journal] url`, else in a file of the workspace.
    """
    return Journal(
        open_ledger(JOURNAL_LEDGER, shop.journal.url, journal_path(shop), shop.section.name)
    )


def has_journal(shop: Shop) -> bool:
    """Return whether a shop has a journal: a database that is set, or a file that exists."""
    return shop.journal.url is not None or journal_path(shop).is_file()
