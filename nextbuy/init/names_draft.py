"""Proposes the settings of a shop from the names of the columns of its files."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Literal

from features.contract.tables import ORDER_LINES, ORDERS, TABLES, TABLES_BY_NAME, Table
from features.contract.value_format import ValueFormat
from features.errors import refuse
from features.shop.settings_file import TableSource
from nextbuy.init.column_names import candidates, count_required, is_price, plain_name
from nextbuy.init.given_tables import GivenTable
from nextbuy.init.question import Answering, Question, pick
from nextbuy.init.shop_draft import ShopDraft, TableDraft

ASSUMED = {"timezone": "UTC", "currency": "EUR"}  # where nothing tells them
_NO_AMOUNT = "none: the shop only counts"
_ONLY_COUNTS = "orders.amount: no column holds an amount, so that no spend is predicted"
_ORDER_HEAD = replace(
    ORDERS, columns=tuple(ORDERS[name] for name in ("order_id", "customer_id", "ordered_at"))
)
_BASKET = ("product_id", "quantity", "unit_price")
_LINES = """\
SELECT {order} AS order_id, any_value({customer}) AS customer_id, min({instant}) AS ordered_at,
  sum({quantity}::DECIMAL(18, 4) * {price}::DECIMAL(18, 4)) AS amount
FROM source
GROUP BY {order}"""


def draft_from_names(
    given: Sequence[GivenTable], shop: dict[str, str], answering: Answering
) -> ShopDraft:
    """Propose the settings of a shop whose columns are known by their names.

    Parameters
    ----------
    given : sequence of GivenTable
        The shop's files.
    shop : dict of str to str
        Settings of the section `[shop]`.
    answering : Answering
        Answers where several columns could be meant.

    Raises
    ------
    InputError
        No file holds orders, or a file has no header.
    """
    drafts: dict[str, TableDraft] = {}
    for table in given:
        _refuse_headless(table)
        for draft in _draft_tables(table, answering, is_only=len(given) == 1):
            drafts.setdefault(draft.table, draft)
    if "orders" not in drafts:
        shown = "; ".join(f"{table.name}: {', '.join(table.columns)}" for table in given)
        raise refuse(
            "FILES", "orders: a customer, a time and an amount in each row", shown,
            "Name the columns in a nextbuy.toml: docs/how-to/own-data.md shows the smallest.",
        )  # fmt: skip
    tables = [drafts[name] for name in TABLES_BY_NAME if name in drafts]
    source = drafts["orders"].source
    gaps = [] if source.has_amounts else [_ONLY_COUNTS]
    title = "Proposed from the names of columns: look through it. All settings stand in "
    return ShopDraft(
        f"{title}docs/reference/nextbuy-toml.md.",
        tables,
        ASSUMED | shop,
        fold="case" if "mail" in source.mapping.get("customer_id", "").lower() else "none",
        gaps=[*gaps, *assumed_settings(shop)],
    )


def assumed_settings(told: Collection[str]) -> list[str]:
    """Say which settings of the section `[shop]` are assumed, since nothing told them."""
    return [
        f"shop.{name}: {value} is assumed: give --{name}"
        for name, value in ASSUMED.items()
        if name not in told
    ]


def _refuse_headless(table: GivenTable) -> None:
    """Refuse a file whose first line is data: nothing tells what its columns are."""
    if any(name.replace(".", "").replace("-", "").isdigit() for name in table.columns):
        raise refuse(
            table.argument, "a header that names the columns", ", ".join(table.columns),
            "Name them in nextbuy.toml, as in [tables.orders] columns = "
            '["customer_id", "ordered_at", "amount"].',
        )  # fmt: skip


def _draft_tables(given: GivenTable, answering: Answering, is_only: bool) -> list[TableDraft]:
    """Propose the tables that a file holds: one, or orders and their lines."""
    if given.path is None:
        raise refuse(
            "FILES", "files, or a system for a database", given.argument,
            "Name the system, as in --from woocommerce, or write nextbuy.toml by hand.",
        )  # fmt: skip
    table = ORDERS if is_only else _which_table(given)
    if table is None:
        return []
    if table is ORDERS and _is_line_file(given):
        return _draft_lines(given, answering)
    columns, lacking = _map_columns(table, given, answering)
    source = TableSource(
        path=given.path,
        columns=columns,
        encoding=given.encoding,
        order_per=_ask_order(answering) if "order_id" in lacking else None,
        has_amounts="amount" not in lacking,
    )
    return [TableDraft(table.name, source)]


def _which_table(given: GivenTable) -> Table | None:
    """Return the table that a file holds: the one that it is called, or whose columns it has."""
    for table in sorted(TABLES, key=lambda table: -len(table.name)):
        if plain_name(table.name) in plain_name(given.name) and count_required(
            table, given.columns
        ):
            return table
    if all(candidates(name, given.columns) for name in ("customer_id", "ordered_at")):
        return ORDERS
    fitting = [table for table in TABLES if count_required(table, given.columns)]
    return max(fitting, key=lambda table: count_required(table, given.columns), default=None)


def _is_line_file(given: GivenTable) -> bool:
    """Tell whether a file has a row for each line of an order, and no amount of the order."""
    basket = all(candidates(name, given.columns) for name in (*_BASKET, "order_id"))
    amounts = candidates("amount", given.columns)
    return basket and (not amounts or is_price(amounts))


def _map_columns(
    table: Table, given: GivenTable, answering: Answering
) -> tuple[dict[str, str], set[str]]:
    """Return the mapping of a table's columns, and the required ones that a file has not."""
    columns: dict[str, str] = {}
    lacking: set[str] = set()
    for column in table.columns:
        fitting = [c for c in candidates(column.name, given.columns) if c not in columns.values()]
        if not fitting:
            lacking |= {column.name} if column.required else set()
            continue
        asked = f"{given.name}: which column is {table.name}.{column.name}, {column.description}?"
        if table is ORDERS and column.name == "amount" and is_price(fitting):
            fitting = [*fitting, _NO_AMOUNT]
        columns[column.name] = pick(answering, asked, fitting)
    if columns.get("amount") == _NO_AMOUNT:
        del columns["amount"]
        lacking.add("amount")
    if unknown := lacking - ({"order_id", "amount"} if table is ORDERS else set()):
        name = sorted(unknown)[0]
        raise refuse(
            given.argument, f"a column for {table.name}.{name}, {table[name].description}",
            f"columns {', '.join(given.columns)}",
            f"Name it in nextbuy.toml: [tables.{table.name}] columns.{name} = \"...\".",
        )  # fmt: skip
    return {ours: theirs for ours, theirs in columns.items() if ours != theirs}, lacking


def _ask_order(answering: Answering) -> Literal["row", "day"]:
    choices = ("all rows of a customer on a day", "each row")
    asked = Question("The file has no order ids. What is one order?", choices)
    return "row" if answering.choose(asked) else "day"


def _draft_lines(given: GivenTable, answering: Answering) -> list[TableDraft]:
    """Propose orders and their lines from a file with a row for each line."""
    lines, _ = _map_columns(ORDER_LINES, given, answering)
    heads, _ = _map_columns(_ORDER_HEAD, given, answering)
    names = {
        part: _quoted(mapping.get(column, column))
        for part, column, mapping in (
            ("order", "order_id", heads),
            ("customer", "customer_id", heads),
            ("instant", "ordered_at", heads),
            ("quantity", "quantity", lines),
            ("price", "unit_price", lines),
        )
    }
    orders = TableSource(
        path=given.path,
        query=_LINES.format(**names),
        encoding=given.encoding,
        formats={"amount": ValueFormat(round=True)},  # prices of pieces may be parts of a cent
    )
    of_lines = TableSource(path=given.path, columns=lines, encoding=given.encoding)
    says = "The file has a row for each line of an order, whose amounts are added up here."
    return [TableDraft("orders", orders, says), TableDraft("order_lines", of_lines)]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
