"""Writes the query that turns a table's raw rows into the contract's types and adds its clocks."""

from features.contract.casts import SQL_TYPES, known_at_sql, local_day_sql, name_sql, value_sql
from features.contract.raw_table import RawTable
from features.contract.tables import TABLES_WITH_LOCAL_DAY, known_at_column


def select_typed_sql(raw_table: RawTable, minor_digits: int) -> str:
    """Return the SELECT of a table in the contract's types, with its clocks, from its raw view."""
    table = raw_table.table
    columns = {}
    for name in [c.name for c in table.columns if not c.pattern] + sorted(raw_table.types):
        column = table[name]
        columns[name] = (
            value_sql(column, raw_table[name], minor_digits)
            if name in raw_table.types
            else f"CAST(NULL AS {SQL_TYPES[column.kind]})"
        )
    if table.happened is not None:
        columns["known_at"] = _row_known_sql(raw_table)
    if table.name == "orders":
        columns["currency"] = f"upper({columns['currency']})"
    if table.name in TABLES_WITH_LOCAL_DAY:
        columns["local_day"] = local_day_sql(columns[table.happened or ""])
    select = ", ".join(f"{expression} AS {name_sql(n)}" for n, expression in columns.items())
    clocks = "".join(
        f", {_late_clock_sql(raw_table, name, columns)} AS {known_at_column(name)}"
        for name in table.late_instants
    )
    order = " ORDER BY customer_id" if "customer_id" in columns else ""
    return f"SELECT {select}{clocks} FROM {raw_table.view}{order}"


def merge_days_sql(select: str) -> str:
    """Return the SELECT of the orders of a shop whose orders are the days of its customers.

    Parameters
    ----------
    select : str
        The SELECT of typed rows of the table orders.

    Returns
    -------
    str
        Rows of the same columns, one for each account and local day: the amounts and discounts are
        added up, and the order is known once its last row is. It is cancelled where all of its rows
        are. Texts that differ are those of the first row.
    """
    texts = ", ".join(
        f"arg_min({name}, (ordered_at, order_id)) AS {name}"
        for name in ("store", "sales_channel", "currency")
    )
    late = ", ".join(
        f"if(count({name}) = count(*), max({name}), NULL) AS {name}"
        for name in ("cancelled_at", known_at_column("cancelled_at"))
    )
    day = "concat_ws('/', source, customer_id, CAST(make_date(local_day) AS VARCHAR))"
    return (
        f"SELECT {day} AS order_id, customer_id, source, min(ordered_at) AS ordered_at, "
        "CAST(sum(amount) AS BIGINT) AS amount, max(known_at) AS known_at, "
        f"{texts}, CAST(sum(discount) AS BIGINT) AS discount, {late}, local_day "
        f"FROM ({select}) GROUP BY customer_id, source, local_day ORDER BY customer_id"
    )


def _late_clock_sql(raw_table: RawTable, name: str, columns: dict[str, str]) -> str:
    """Return the SQL of when a late instant was known: the later of itself and its row's clock."""
    if name not in raw_table.types:
        return "CAST(NULL AS BIGINT)"
    instant = known_at_sql(raw_table[name])
    latest = f"greatest({instant}, {columns['known_at']})"
    return f"CASE WHEN {columns[name]} IS NOT NULL THEN {latest} END"


def _row_known_sql(raw_table: RawTable) -> str:
    """Return the SQL of when a row was known: its `known_at`, else when it happened."""
    options = [
        known_at_sql(raw_table[name])
        for name in ("known_at", raw_table.table.happened)
        if name in raw_table.types
    ]
    return f"coalesce({', '.join(options)})" if options else "CAST(NULL AS BIGINT)"
