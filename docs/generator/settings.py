"""The page of the settings, from the types and docstrings of nextbuy.toml and the environment."""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import inspect

from docs.generator.markdown import MADE, read_attributes, read_summary, write_table
from features.contract.tables import TABLES
from features.contract.value_format import ValueFormat
from features.shop.pseudonyms import KEY_VARIABLE
from features.shop.settings_file import ShopFile
from features.shop.shop import CONTACT_POINTS
from serving.service_settings import SETTINGS

_HEAD = """\
# nextbuy.toml and the environment

A shop is described by one file, `nextbuy.toml`. Only `[tables.orders]` is required; a setting that
is left out has the default given here, and one that is not listed here is refused. Paths are
relative to the folder of the file."""

_ENVIRONMENT = """\
## Environment variables

Addresses with passwords stay in the environment too, under names that `database_env` chooses."""

_SHARED_VARIABLES = [
    (
        f"`{KEY_VARIABLE}`",
        "",
        "The key of the pseudonyms, where `[shop] pseudonymise` is true; 32 bytes.",
    ),
    ("`NEXTBUY_STORE`", "", "Address of the history store; it comes before `[store] url`."),
]

_NAMES: dict[type, str] = {
    inspect.StrType: "text",
    inspect.IntType: "whole number",
    inspect.FloatType: "number",
    inspect.BoolType: "true or false",
}


def write_settings() -> str:
    """Write every section and setting, with its type, its default and its meaning."""
    sections = [_write_section(field) for field in msgspec.structs.fields(ShopFile)]
    variables = write_table(["variable", "default", "meaning"], list(_variables()))
    return "\n\n".join([MADE, _HEAD, *sections, _ENVIRONMENT, variables]) + "\n"


def _write_section(field: Any) -> str:
    """Write one section: a row per setting, or one row where the names are the shop's own."""
    kind = inspect.type_info(field.type)
    if isinstance(kind, inspect.StructType):
        return _write_struct(f"[{field.name}]", kind.cls)
    if isinstance(kind, inspect.DictType) and isinstance(kind.value_type, inspect.StructType):
        names = ", ".join(f"`{table.name}`" for table in TABLES)
        section = _write_struct(f"[{field.name}.<table>]", kind.value_type.cls)
        tables = f"`<table>` is one of {names} ([input tables](input-tables.md))."
        formats = f"[{field.name}.<table>.format]` and `[{field.name}.<table>.formats.<column>]"
        return "\n\n".join([section, tables, _write_struct(formats, ValueFormat)])
    meaning = read_attributes(ShopFile)[field.name]
    defaults = ", ".join(f"`{name}` {points}" for name, points in CONTACT_POINTS.items())
    row = ("`<kind of interaction>`", _name_type(kind), defaults, meaning)
    return f"## `[{field.name}]`\n\n{write_table(_COLUMNS, [row])}"


_COLUMNS = ["setting", "type", "default", "meaning"]


def _write_struct(name: str, section: type[msgspec.Struct]) -> str:
    meanings = read_attributes(section)
    rows = [
        (
            f"`{field.name}`",
            _name_type(inspect.type_info(field.type)),
            _write_default(field),
            meanings[field.name],
        )
        for field in msgspec.structs.fields(section)
    ]
    return f"## `{name}`\n\n{read_summary(section)}\n\n{write_table(_COLUMNS, rows)}"


def _name_type(kind: inspect.Type) -> str:
    """Name a type as somebody who writes TOML calls it."""
    match kind:
        case inspect.UnionType():
            types = [t for t in kind.types if not isinstance(t, inspect.NoneType)]
            return " or ".join(map(_name_type, types))
        case inspect.LiteralType():
            return ", ".join(f'`"{value}"`' for value in kind.values)
        case inspect.ListType():
            return f"list of {_name_type(kind.item_type)}"
        case inspect.DictType():
            return f"one {_name_type(kind.value_type)} per name"
        case inspect.StructType():
            return "table"
    return _NAMES[type(kind)]


def _write_default(field: Any) -> str:
    """Write a default as TOML; a setting that may be left out without one has none."""
    value = field.default
    if value is msgspec.NODEFAULT:
        value = field.default_factory()
    if value is None or isinstance(value, msgspec.Struct):
        return ""
    return f"`{msgspec.json.encode(value).decode()}`"


def _variables() -> Iterator[tuple[str, str, str]]:
    """List the variables of the service, and those that the commands read too."""
    for name, (meaning, default) in SETTINGS.items():
        yield f"`{name}`", f"`{default}`", f"{meaning[0].upper()}{meaning[1:]}."
    yield from _SHARED_VARIABLES
