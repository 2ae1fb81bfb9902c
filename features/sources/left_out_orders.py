"""Orders that `leave_out` keeps out of a log, whose lines and returns are kept out with them."""

import duckdb

from features.contract.casts import value_sql
from features.contract.raw_table import RawTable
from features.shop.shop import Shop
from features.sources.open_tables import left_out_rows

LEFT_OUT_ORDERS = "left_out_orders"  # the table of their ids
_OF_ORDERS = ("order_lines", "returns")


def left_out_orders_sql(shop: Shop, raw_table: RawTable) -> dict[str, str]:
    """Return the queries of what is stored beside a table: the ids of orders that are left out.

    Returns
    -------
    dict of str to str
        `left_out_orders` -> SELECT of the column `order_id`; empty for other tables, and where all
        orders are read.
    """
    if raw_table.table.name != "orders" or not shop.tables["orders"].leave_out:
        return {}
    if shop.tables["orders"].order_per is not None:
        return {}  # no other table names such orders
    value = value_sql(raw_table.table["order_id"], raw_table["order_id"], shop.minor_digits)
    ids = f"SELECT DISTINCT {value} AS order_id FROM {left_out_rows('orders')}"
    return {LEFT_OUT_ORDERS: f"SELECT * FROM ({ids}) WHERE order_id IS NOT NULL"}


def without_left_out_orders(
    connection: duckdb.DuckDBPyConnection, raw_table: RawTable, select: str
) -> str:
    """Return a typed table's SELECT without the rows of orders that are left out.

    The text names the orders by their hash, so that what is kept of a table is made again when
    other orders are left out.

    Parameters
    ----------
    connection : DuckDBPyConnection
        The connection in which the table orders has been read.
    raw_table : RawTable
        The table, its rows unchecked.
    select : str
        The SELECT of the typed table.
    """
    if raw_table.table.name not in _OF_ORDERS or "order_id" not in raw_table.types:
        return select
    names = "SELECT count(*) FROM information_schema.tables WHERE table_name = ?"
    if not connection.execute(names, [LEFT_OUT_ORDERS]).fetchall()[0][0]:
        return select
    digest = f"SELECT count(*) || ' ' || coalesce(sum(hash(order_id)), 0) FROM {LEFT_OUT_ORDERS}"
    content = connection.execute(digest).fetchall()[0][0]
    return (
        f"SELECT * FROM ({select}) WHERE order_id IS NULL OR order_id NOT IN "
        f"(FROM {LEFT_OUT_ORDERS}) /* {content} */"
    )
