"""The keys of a JSON object, read from its JSON schema: names, types, meanings, what is inside."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]

_NAMES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
}


@dataclass(frozen=True)
class Key:
    """One key of a JSON object."""

    name: str
    kind: str
    is_required: bool
    meaning: str


@dataclass(frozen=True)
class JsonObject:
    """One JSON object: where it stands in the document, what it is, and its keys.

    Attributes
    ----------
    path : str
        As in `answers[].churn`; empty for the document itself.
    """

    path: str
    meaning: str
    keys: list[Key]


def read_objects(
    schema: Schema, path: str = "", within: Schema | None = None
) -> Iterator[JsonObject]:
    """Go through an object and all that are inside it, depth first.

    Parameters
    ----------
    within : mapping or None
        The document whose `$defs` the schema refers to; default: the schema itself.
    """
    document = schema if within is None else within
    properties = schema["properties"]
    required = schema.get("required", ())
    keys = [
        Key(name, name_type(value, document), name in required, value.get("description", ""))
        for name, value in properties.items()
    ]
    yield JsonObject(path, schema.get("description", ""), keys)
    for name, value in properties.items():
        for inner, suffix in _find_inner(value, document):
            yield from read_objects(inner, f"{path}.{name}{suffix}".lstrip("."), document)


def _find_inner(value: Schema, document: Schema) -> Iterator[tuple[Schema, str]]:
    """Find the objects with keys of their own that a value is, may be, or lists."""
    if "$ref" in value:
        yield resolve(value, document), ""
    for choice in value.get("anyOf", ()):
        yield from _find_inner(choice, document)
    for inner, suffix in _find_inner(value["items"], document) if "items" in value else ():
        yield inner, f"[]{suffix}"


def resolve(value: Schema, document: Schema) -> Schema:
    """Give the schema that a reference names."""
    found: Any = document
    for part in value["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return found  # type: ignore[no-any-return]


def name_type(value: Schema, document: Schema) -> str:
    """Name a type in plain words.

    >>> name_type({"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]}, {})
    'instant or null'
    """
    if "anyOf" in value:
        return " or ".join(name_type(choice, document) for choice in value["anyOf"])
    if "$ref" in value:
        return "object"
    if "const" in value or "enum" in value:
        return ", ".join(f'`"{v}"`' for v in value.get("enum", [value.get("const")]))
    if value["type"] == "array":
        return _name_list(value, document)
    if value["type"] == "object":
        values = value.get("additionalProperties")
        return "object" if values in (None, True) else f"one {name_type(values, document)} per name"
    return "instant" if value.get("format") == "date-time" else _NAMES.get(value["type"], "null")


def _name_list(value: Schema, document: Schema) -> str:
    if "prefixItems" in value:
        return f"pair of {name_type(value['prefixItems'][0], document)}"
    return f"list of {name_type(value['items'], document)}"
