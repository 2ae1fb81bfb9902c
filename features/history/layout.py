"""The tables and columns of a history: the rows of a customer that features and rules read.

Numbers, instants and flags are float64 with NaN for missing values (exact up to 2^53); texts
are objects with None for missing values.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class HistoryTable:
    """The declaration of one table of a history, as both the log and the store hold it.

    Attributes
    ----------
    contract : str
        The table of the contract that it is made from.
    happened : str
        The column with the instant at which a row happened; rows are in its order.
    columns : mapping of str to tuple of str
        Column -> the optional columns of the contract that it needs (`orders.discount`); none if
        it always has values.
    """

    contract: str
    happened: str
    columns: Mapping[str, tuple[str, ...]]


def _optional(table: str, *names: str) -> dict[str, tuple[str, ...]]:
    """Return columns that have the name of the contract's column which they need."""
    return {name: (f"{table}.{name}",) for name in names}


def _late(table: str, *names: str) -> dict[str, tuple[str, ...]]:
    """Return the columns of instants that come after their row, each with its clock `_known_at`."""
    return {
        f"{name}_{clock}": (f"{table}.{name}_at",) for name in names for clock in ("at", "known_at")
    }


def _of_product(table: str, *names: str) -> dict[str, tuple[str, ...]]:
    """Return what rows take of the product that they name, if the table has a column for it."""
    return {name: (f"{table}.product_id", f"products.{name}") for name in names}


def _always(*names: str) -> dict[str, tuple[str, ...]]:
    """Return columns that need no optional column of the contract."""
    return dict.fromkeys(names, ())


# Attributes of a product have no clock: they stand in every row that names the product.
PRODUCT_TEXT_COLUMNS = ("category", "subcategory", "brand", "color", "size")
PRODUCT_COLUMNS = (*PRODUCT_TEXT_COLUMNS, "price")

# The columns of a history that a relation or the eligibility rules read, by table.
# `attributes` and `reachability` hold the table customers with one row for each statement.
HISTORY_TABLES: dict[str, HistoryTable] = {
    "orders": HistoryTable(
        "orders",
        "ordered_at",
        _always("ordered_at", "known_at", "local_day")
        | _optional("orders", "amount")
        | _always("store")
        | _optional("orders", "discount", "sales_channel")
        | _always("cancelled_at", "cancelled_known_at"),
    ),
    "lines": HistoryTable(
        "order_lines",
        "ordered_at",
        _always("ordered_at", "known_at", "local_day", "cancelled_known_at")
        | _optional("order_lines", "product_id", "quantity", "unit_price")
        | _of_product("order_lines", *PRODUCT_TEXT_COLUMNS),
    ),
    "returns": HistoryTable(
        "returns",
        "returned_at",
        _always("returned_at", "known_at", "local_day", "amount")
        | _optional("returns", "product_id")
        | _of_product("returns", "category"),
    ),
    "events": HistoryTable(
        "events",
        "occurred_at",
        _always("occurred_at", "known_at", "local_day", "event_type", "store")
        | _optional("events", "product_id", "device")
        | _of_product("events", "category", "price"),
    ),
    "messages": HistoryTable(
        "messages",
        "sent_at",
        _always("sent_at", "known_at", "channel", "machine_opened")
        | _late("messages", "delivered", "opened", "clicked", "converted", "unsubscribed")
        | _optional("messages", "campaign_id", "store", "revenue"),
    ),
    "profile": HistoryTable(
        "customers",
        "known_at",
        _always("known_at")
        | _late("customers", "first_seen")
        | _optional("customers", "birth_year"),
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
    # `identities` names the customer of an account, `links` the accounts of a customer.
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
# The key of a row (`features.contract.row_keys`), by which a row that was posted twice is known.
ROW_KEY = "row_key"
