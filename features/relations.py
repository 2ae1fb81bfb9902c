"""The relations that features sum up: a customer's rows as known at a cutoff, in two forms.

`sql` and `rows` of a relation say the same thing, once for DuckDB over the whole log and once
for numpy over histories; they stand side by side so that a change is made to both, and the
parity tests hold them together.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from features.contract import MESSAGES
from features.history import Rows
from features.log import clock_of
from features.windows import Window


@dataclass(frozen=True)
class Relation:
    """A customer's rows of one kind.

    Attributes
    ----------
    table : str
        The table of the contract that it reads.
    columns : dict of str to str or None
        Its columns, and the optional column of the table that each one needs.
    order : str or None
        A column in which no two rows of a customer are equal.
    sql : callable
        Window -> SELECT with `customer_id`, `happened_at` and the columns.
    rows : callable
        (rows of the table, window) -> rows of the relation, sorted by customer.
    """

    name: str
    table: str
    columns: dict[str, str | None]
    order: str | None
    sql: Callable[[Window], str]
    rows: Callable[[Rows, Window], Rows]

    @property
    def definition(self) -> str:
        """The SQL at cutoff 0: what a feature's hash covers of its relation."""
        return self.sql(Window(cutoff=0))

    def readable(self, inputs: set[str], provided: Mapping[str, frozenset[str]]) -> bool:
        """Say whether a shop that gives these columns gives all that `inputs` need."""
        if self.table not in provided:
            return False
        needed = {self.columns.get(name) for name in inputs} - {None}
        return needed <= provided[self.table]


def _purchases_sql(window: Window) -> str:
    known = window.known_sql("ordered_at", "known_at")
    cancelled = f"cancelled_at IS NOT NULL AND cancelled_known_at <= {window.cutoff}"
    return (
        "SELECT customer_id, ordered_at AS happened_at, local_day AS day, amount, discount "
        f"FROM orders WHERE {known} AND NOT ({cancelled})"
    )


def _purchases_rows(orders: Rows, window: Window) -> Rows:
    known = window.known(orders["ordered_at"], orders["known_at"])
    cancelled = ~np.isnan(orders["cancelled_at"]) & (orders["cancelled_known_at"] <= window.cutoff)
    kept = orders.where(known & ~cancelled)
    names = {
        "ordered_at": "happened_at",
        "local_day": "day",
        "amount": "amount",
        "discount": "discount",
    }
    return Rows(kept.customer, {ours: kept[theirs] for theirs, ours in names.items()}, kept.n)


def _purchase_days_sql(window: Window) -> str:
    return (
        "SELECT customer_id, day, min(happened_at) AS happened_at, sum(amount) AS amount, "
        "day - lag(day) OVER (PARTITION BY customer_id ORDER BY day) AS gap_days, "
        "day - min(day) OVER (PARTITION BY customer_id) AS age_days "
        f"FROM ({_purchases_sql(window)}) GROUP BY customer_id, day"
    )


def _purchase_days_rows(orders: Rows, window: Window) -> Rows:
    purchases = _purchases_rows(orders, window)
    customer, day = purchases.customer, purchases["day"]
    first = np.ones(len(customer), bool)  # first purchase of its customer's day
    first[1:] = (customer[1:] != customer[:-1]) | (day[1:] != day[:-1])
    starts = np.flatnonzero(first)
    if len(starts) == 0:
        empty = np.empty(0)
        names = ("day", "happened_at", "amount", "gap_days", "age_days")
        return Rows(customer, dict.fromkeys(names, empty), purchases.n)
    customer, day = customer[starts], day[starts]
    opens = np.ones(len(customer), bool)  # first day of its customer
    opens[1:] = customer[1:] != customer[:-1]
    gap = np.full(len(day), np.nan)
    gap[1:] = day[1:] - day[:-1]
    gap[opens] = np.nan
    columns = {
        "day": day,
        "happened_at": np.minimum.reduceat(purchases["happened_at"], starts),
        "amount": np.add.reduceat(purchases["amount"], starts),
        "gap_days": gap,
        "age_days": day - day[opens][np.cumsum(opens) - 1],
    }
    return Rows(customer, columns, purchases.n)


_MESSAGE_FIELDS = ("opened_at", "machine_opened", "clicked_at", "unsubscribed_at")


def _message_clock(name: str) -> str:
    """Name the clock of a field that comes after its message."""
    return clock_of(MESSAGES[name].known_with or name)


def _messages_sql(window: Window) -> str:
    fields = ", ".join(
        f"CASE WHEN {_message_clock(name)} <= {window.cutoff} THEN {name} END AS {name}"
        for name in _MESSAGE_FIELDS
    )
    known = window.known_sql("sent_at", "known_at")
    return (
        f"SELECT customer_id, sent_at AS happened_at, channel, {fields} "
        f"FROM messages WHERE {known} AND channel <> 'none'"
    )


def _messages_rows(messages: Rows, window: Window) -> Rows:
    known = window.known(messages["sent_at"], messages["known_at"])
    kept = messages.where(known & (messages["channel"] != "none"))
    columns = {"happened_at": kept["sent_at"], "channel": kept["channel"]}
    for name in _MESSAGE_FIELDS:
        told = kept[_message_clock(name)] <= window.cutoff
        columns[name] = np.where(told, kept[name], np.nan)
    return Rows(kept.customer, columns, kept.n)


_PURCHASES = Relation(
    "purchases",
    "orders",
    {"happened_at": None, "day": None, "amount": None, "discount": "discount"},
    None,
    _purchases_sql,
    _purchases_rows,
)
_PURCHASE_DAYS = Relation(
    "purchase_days",
    "orders",
    dict.fromkeys(("day", "happened_at", "amount", "gap_days", "age_days")),
    "day",
    _purchase_days_sql,
    _purchase_days_rows,
)
_MESSAGES = Relation(
    "messages",
    "messages",
    {"happened_at": None, "channel": None} | {name: name for name in _MESSAGE_FIELDS},
    None,
    _messages_sql,
    _messages_rows,
)

RELATIONS: dict[str, Relation] = {r.name: r for r in (_PURCHASES, _PURCHASE_DAYS, _MESSAGES)}
