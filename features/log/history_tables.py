"""Makes the tables of the history in the log's database, which features and the store read.

`history_<table>` has the columns of `features.history.layout.HISTORY_TABLES`. Order lines carry
their order's clocks and their product's attributes. Sensitive categories and attributes are left
out here.
"""

from collections.abc import Callable, Iterable, Mapping

from features.contract.casts import SQL_TYPES, name_sql, quote
from features.contract.row_keys import key_sql, statement_key_sql
from features.contract.tables import TABLES_BY_NAME
from features.history.layout import (
    HISTORY_TABLES,
    PRODUCT_COLUMNS,
    PRODUCT_TEXT_COLUMNS,
    ROW_KEY,
    TEXT_COLUMNS,
)
from features.log.identity_chains import KNOWN_ALWAYS
from features.log.log_connection import LogConnection
from features.shop.sensitive_words import find_sensitive_names
from features.shop.shop import Shop

ProvidedColumns = Mapping[str, frozenset[str]]
SelectWriter = Callable[[Shop, ProvidedColumns], str]


def make_history_tables(
    connection: LogConnection, shop: Shop, provided: ProvidedColumns
) -> list[str]:
    """Make every table of the history from the checked tables of the contract.

    Parameters
    ----------
    connection : LogConnection
        The log's database; it gets the views `history_<table>` and `account_messages`.
    shop : Shop
        Its settings say what is sensitive and which attributes are static.
    provided : mapping of str to frozenset of str
        Table of the contract -> the columns that the shop gives. A table that is not given makes
        a history table without rows.

    Returns
    -------
    list of str
        The SQL that was run: with the checked tables, all that the rows of the history depend on.
    """
    statements = [_product_attributes_sql(connection, shop, provided)]
    for table, declared in HISTORY_TABLES.items():
        columns = ", ".join(name_sql(name) for name in (*declared.columns, ROW_KEY))
        query = _SELECTS[table](shop, provided) if declared.contract in provided else None
        account = _account_sql(declared.contract, provided)
        statements.append(
            f"CREATE VIEW history_{table} AS "
            f"SELECT {account} AS customer_id, {columns} FROM ({query or _nothing(table)})"
        )
    if "messages" in provided:
        account = _account_sql("messages", provided)
        statements.append(
            "CREATE VIEW account_messages AS "
            f"SELECT * REPLACE ({account} AS customer_id) FROM messages"
        )
    for statement in statements:
        connection.execute(statement)
    return statements


# A line has its order's customer and instants.
_JOINED_LINES = (
    "SELECT orders.* EXCLUDE (amount, discount), product_id, quantity, unit_price, "
    f"{', '.join(PRODUCT_TEXT_COLUMNS)} "
    "FROM order_lines JOIN orders USING (order_id) LEFT JOIN product_attributes USING (product_id)"
)


def _account_sql(table: str, provided: ProvidedColumns) -> str:
    """Return the SQL of a row's account; ids of different systems are different accounts."""
    table = "orders" if table == "order_lines" else table
    if "source" not in provided.get(table, ()) or table == "identities":
        return "customer_id"
    return "CASE WHEN source IS NULL THEN customer_id ELSE source || ':' || customer_id END"


def sensitive_categories(
    connection: LogConnection, shop: Shop, provided: ProvidedColumns
) -> dict[str, str]:
    """Return the sensitive categories and subcategories: name -> the word that makes it so."""
    if "products" not in provided:
        return {}
    rows = connection.execute(
        "SELECT category FROM products UNION SELECT subcategory FROM products"
    ).fetchall()
    names = sorted(row[0] for row in rows if row[0] is not None)
    return find_sensitive_names(names, shop.sensitive)


def profile_columns(shop: Shop, provided: ProvidedColumns) -> frozenset[str]:
    """Return the columns of the table customers that may become features.

    If its rows have no `known_at`, these are only the columns that `nextbuy.toml` calls static,
    and instants that are clocks themselves.
    """
    given = provided.get("customers", frozenset())
    names = {name for name in given if not name.startswith("reachable_")} - {"customer_id"}
    if "known_at" not in given:
        names &= {*shop.static, "first_seen_at"}
    return frozenset(names - find_sensitive_names(names, shop.sensitive).keys())


def attribute_names(shop: Shop, provided: ProvidedColumns) -> list[str]:
    """Return the names of the customers' texts that may become features, `attr_` ones included."""
    named = ("country", "city", "acquisition_channel", "preferred_channel")
    return sorted(n for n in profile_columns(shop, provided) if n in named or n.startswith("attr_"))


def _product_attributes_sql(
    connection: LogConnection, shop: Shop, provided: ProvidedColumns
) -> str:
    """Write the table of what rows take over from their products, without what is sensitive.

    A product of a sensitive category has no subcategory either.
    """
    if "products" not in provided:
        columns = "".join(
            f", CAST(NULL AS {history_column_type(name)}) AS {name}" for name in PRODUCT_COLUMNS
        )
        query = f"SELECT CAST(NULL AS VARCHAR) AS product_id{columns} WHERE FALSE"
    else:
        kept_out = f"IN ({_list(sensitive_categories(connection, shop, provided))})"
        columns = ", ".join(PRODUCT_COLUMNS[2:])
        query = (
            f"SELECT product_id, CASE WHEN NOT category {kept_out} THEN category END AS category, "
            f"CASE WHEN NOT subcategory {kept_out} AND NOT coalesce(category {kept_out}, FALSE) "
            f"THEN subcategory END AS subcategory, {columns} FROM products"
        )
    return f"CREATE TABLE product_attributes AS {query}"


def _list(names: Iterable[str]) -> str:
    return ", ".join(quote(name) for name in ("", *names))


def _plain(table: str) -> SelectWriter:
    """Return a writer of the SELECT that takes all rows of a table, with their keys."""
    query = f"SELECT *, {key_sql(TABLES_BY_NAME[table])} AS {ROW_KEY} FROM {table}"
    return lambda _shop, _provided: query


def _nothing(table: str) -> str:
    """Return the SELECT of a history table without rows."""
    columns = "".join(
        f", CAST(NULL AS {history_column_type(name)}) AS {name}"
        for name in ("source", *HISTORY_TABLES[table].columns, ROW_KEY)
    )
    ids = "CAST(NULL AS VARCHAR) AS customer_id, CAST(NULL AS VARCHAR) AS source"
    return f"SELECT {ids}{columns} WHERE FALSE"


def history_column_type(column: str) -> str:
    """Return the SQL type of a column of the history; instants and money are whole numbers.

    >>> [history_column_type(name) for name in ("category", "ordered_at", "amount", "quantity")]
    ['VARCHAR', 'BIGINT', 'BIGINT', 'DOUBLE']
    """
    return SQL_TYPES["text"] if column in TEXT_COLUMNS else _TYPES.get(column, SQL_TYPES["instant"])


_TYPES = {"quantity": SQL_TYPES["number"]} | {
    "local_day": "INTEGER",
    "source": SQL_TYPES["text"],
    "birth_year": SQL_TYPES["year"],
    **dict.fromkeys(("machine_opened", "granted", "reachable"), SQL_TYPES["flag"]),
}


def _lines(_shop: Shop, _provided: ProvidedColumns) -> str:
    return f"SELECT *, {key_sql(TABLES_BY_NAME['order_lines'])} AS {ROW_KEY} FROM ({_JOINED_LINES})"


def _with_product(table: str) -> SelectWriter:
    """Return a writer of the SELECT that joins a table's rows with their products' attributes."""
    query = f"SELECT *, {key_sql(TABLES_BY_NAME[table])} AS {ROW_KEY} FROM {table}"
    joined = f"SELECT * FROM ({query}) LEFT JOIN product_attributes USING (product_id)"
    return lambda _shop, _provided: joined


def _profile(shop: Shop, provided: ProvidedColumns) -> str:
    given = {name.removesuffix("_at") for name in profile_columns(shop, provided)}
    columns = {
        name: name if name.removesuffix("_known_at").removesuffix("_at") in given else "NULL"
        for name in HISTORY_TABLES["profile"].columns
    } | {"known_at": _known_sql(provided)}
    select = ", ".join(f"{value} AS {name}" for name, value in columns.items())
    key = key_sql(TABLES_BY_NAME["customers"])
    return f"SELECT customer_id, source, {select}, {key} AS {ROW_KEY} FROM customers"


def _known_sql(provided: ProvidedColumns) -> str:
    """Return the SQL of when a statement about a customer was known.

    If the shop gives no clock, its statements are always known and posted ones from their receipt.
    """
    given = "known_at" in provided["customers"]
    return "known_at" if given else f"coalesce(known_at, {KNOWN_ALWAYS})"


def _attributes(shop: Shop, provided: ProvidedColumns) -> str:
    """Return the SELECT of customers' attributes, one row for each statement about one of them."""
    names = attribute_names(shop, provided)
    if not names:
        return _nothing("attributes")
    rows = " UNION ALL ".join(
        f"SELECT customer_id, source, {_known_sql(provided)} AS known_at, "
        f"{quote(name)} AS attribute, {name_sql(name)} AS value, "
        f"{quote(name + '=')} || {name_sql(name)} AS statement FROM customers"
        for name in names
    )
    return _keyed(rows, "attribute")


def _reachability(_shop: Shop, provided: ProvidedColumns) -> str:
    """Return the SELECT of the channels that reach a customer, a row per channel and statement."""
    names = sorted(n for n in provided["customers"] if n.startswith("reachable_"))
    statements = [
        f"SELECT customer_id, source, known_at, "
        f"{quote(name.removeprefix('reachable_').lower())} AS channel, "
        f"{name_sql(name)} AS reachable FROM customers"
        for name in names
    ]
    # A row without a statement, so that a contact about whom nothing else is known has a row.
    contact = (
        "SELECT customer_id, source, known_at, NULL AS channel, NULL AS reachable FROM customers"
    )
    return _keyed(" UNION ALL ".join([contact, *statements]), "channel")


def _identities(_shop: Shop, _provided: ProvidedColumns) -> str:
    """Return the SELECT of the customers of each account, one row for each change."""
    return _keyed("FROM account_steps", "customer")


def _links(shop: Shop, provided: ProvidedColumns) -> str:
    """Return the SELECT of the accounts of each customer: the identities in the other direction."""
    rows = _identities(shop, provided)
    return (
        f"SELECT customer AS customer_id, known_at, customer_id AS account, {ROW_KEY} FROM ({rows})"
    )


def _keyed(rows: str, column: str) -> str:
    """Return the SELECT of some rows with the key by which a posted row is recognised."""
    return f"SELECT *, {statement_key_sql(column)} AS {ROW_KEY} FROM ({rows})"


_SELECTS = {
    "orders": _plain("orders"),
    "lines": _lines,
    "returns": _with_product("returns"),
    "events": _with_product("events"),
    "messages": _plain("messages"),
    "profile": _profile,
    "attributes": _attributes,
    "consents": _plain("consents"),
    "reachability": _reachability,
    "identities": _identities,
    "links": _links,
}
