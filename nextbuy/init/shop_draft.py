"""Holds the settings that `nextbuy init` proposes, and writes them as a `nextbuy.toml`."""

from collections.abc import Iterator, Mapping
from textwrap import wrap
from typing import Any

import msgspec

from features.contract.value_format import ValueFormat
from features.shop.settings_file import TableSource

_WIDTH = 98


class TableDraft(msgspec.Struct, frozen=True):
    """A proposed section `[tables.NAME]`.

    Attributes
    ----------
    table : str
        The table of the contract.
    source : TableSource
        Its settings.
    says : str
        What a reader should know about it.
    """

    table: str
    source: TableSource
    says: str = ""


class ShopDraft(msgspec.Struct, frozen=True):
    """A proposed `nextbuy.toml`.

    Attributes
    ----------
    title : str
        What it was made from.
    tables : list of TableDraft
        The tables, in the contract's order.
    shop : dict of str to str
        Settings of the section `[shop]`.
    fold : str
        The setting of `[customers]` that says which ids are one.
    gaps : list of str
        What could not be mapped, and what that costs.
    """

    title: str
    tables: list[TableDraft]
    shop: dict[str, str] = {}
    fold: str = "none"
    gaps: list[str] = []


def render_shop(draft: ShopDraft) -> str:
    """Write a draft as the text of a `nextbuy.toml`, with comments."""
    parts = ["\n".join(_comment(draft.title)), "\n".join(_shop_lines(draft))]
    parts += ["\n".join(_table_lines(table)) for table in draft.tables]
    if draft.fold != "none":
        parts.append(
            f'[customers]\nfold = "{draft.fold}"  # ids that differ in upper and lower case are one'
        )
    if draft.gaps:
        gaps = [line for gap in draft.gaps for line in _comment(f"- {gap}")]
        parts.append("\n".join(["# What the export does not hold:", *gaps]))
    return "\n\n".join(parts) + "\n"


def _comment(text: str) -> Iterator[str]:
    for line in wrap(" ".join(text.split()), _WIDTH - 2):
        yield f"# {line}"


def _shop_lines(draft: ShopDraft) -> Iterator[str]:
    yield "[shop]"
    for name, value in draft.shop.items():
        yield f"{name} = {_value(value)}"


def _table_lines(draft: TableDraft) -> Iterator[str]:
    """Yield the lines of a table's section."""
    source = draft.source
    yield f"[tables.{draft.table}]"
    yield from _comment(draft.says)
    for name in ("path", "database", "database_env", "table", "encoding", "delimiter"):
        if (value := getattr(source, name)) is not None:
            yield f"{name} = {_value(value)}"
    inline = {"columns": source.columns, "order_per": source.order_per}
    inline |= {"format": _given(source.format)}
    yield from (f"{name} = {_value(value)}" for name, value in inline.items() if value)
    if not source.has_amounts:
        yield "has_amounts = false"
    for column, how in source.formats.items():
        yield f"formats.{column} = {_value(_given(how))}"
    if source.query is not None:
        yield f"query = '''\n{source.query}'''"
    if source.leave_out:
        yield ""
        yield f"[tables.{draft.table}.leave_out]"
        for name, condition in source.leave_out.items():
            yield f"{_value(name)} = {_value(condition)}"


def _given(how: ValueFormat) -> dict[str, Any]:
    """Return what a format says, without what it leaves open."""
    return {name: v for name, v in msgspec.structs.asdict(how).items() if v is not None}


def _value(value: Any) -> str:
    """Write a value in TOML: texts, lists of texts, and tables of them in one line.

    >>> _value({"orders": "a.csv", "order items": ["b", "c"]})
    '{orders = "a.csv", "order items" = ["b", "c"]}'
    """
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return msgspec.json.encode(value).decode()  # its texts and numbers are TOML's, too


def _key(name: str) -> str:
    is_bare = name.replace("_", "").replace("-", "").isalnum() and name.isascii()
    return name if is_bare else _value(name)
