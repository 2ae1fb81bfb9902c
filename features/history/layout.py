"""Histories: all rows of some customers as numpy columns, and one customer's as a record.

Numbers, instants and truth values are float64 with NaN for missing (exact up to 2^53); texts
are object arrays with None for missing.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class HistoryTable:
    """One table of a history, as the log and the store both hold it.

    Attributes
    ----------
    contract : str
        The table of the contract that it is made from.
    happened : str
        The column that says when a row happened, and the order in which rows stand.
    columns : dict of str to tuple of str
        Its columns, and the optional columns of the contract that each one needs
        (`orders.discount`); none where it is always there.
    """

    contract: str
    happened: str
    columns: Mapping[str, tuple[str, ...]]


def _own(table: str, *names: str) -> dict[str, tuple[str, ...]]:
    return {name: (f"{table}.{name}",) for name in names}


def _late(table: str, *names: str) -> dict[str, tuple[str, ...]]:
    """Give instants of a row's own, each with the clock from which it is known."""
    return {
        f"{name}_{clock}": (f"{table}.{name}_at",) for name in names for clock in ("at", "known_at")
    }


def _of_product(table: str, *names: str) -> dict[str, tuple[str, ...]]:
    """Give what rows take of the product that they name, if the table has a column for it."""
    return {name: (f"{table}.product_id", f"products.{name}") for name in names}


def _always(*names: str) -> dict[str, tuple[str, ...]]:
    return dict.fromkeys(names, ())


# What is known of a product, without a clock: it stands in the rows that name one.
PRODUCT_TEXT_COLUMNS = ("category", "subcategory", "brand", "color", "size")
PRODUCT_COLUMNS = (*PRODUCT_TEXT_COLUMNS, "price")

# What a history holds: the columns that a relation or the eligibility rules read.
# `attributes` and `reachability` are the table customers turned long: a row per statement.
HISTORY_TABLES: dict[str, HistoryTable] = {
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
        | _of_product("order_lines", *PRODUCT_TEXT_COLUMNS),
    ),
    "returns": HistoryTable(
        "returns",
        "returned_at",
        _always("returned_at", "known_at", "local_day", "amount")
        | _own("returns", "product_id")
        | _of_product("returns", "category"),
    ),
    "events": HistoryTable(
        "events",
        "occurred_at",
        _always("occurred_at", "known_at", "local_day", "event_type", "store")
        | _own("events", "product_id", "device")
        | _of_product("events", "category", "price"),
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
HISTORY_COLUMNS: dict[str, tuple[str, ...]] = {
    name: tuple(t.columns) for name, t in HISTORY_TABLES.items()
}
TEXT_COLUMNS = frozenset(
    "channel sales_channel scope store event_type product_id device category subcategory brand "
    "color size campaign_id attribute value statement customer account".split()
)
# Which row it is (`features.contract.row_keys`), so that a posted one is not taken twice.
ROW_KEY = "row_key"
