"""The page of the JSON keys: all that the service's responses hold."""

from pydantic import BaseModel

from docs.generator.json_schema import JsonObject, read_objects
from docs.generator.markdown import MADE, write_table
from serving.schemas.answer_schemas import PredictResponse
from serving.schemas.decision_schemas import DecisionsResponse
from serving.schemas.event_schemas import EventsResponse
from serving.schemas.reason_schemas import ExplainResponse

RESPONSES: dict[str, type[BaseModel]] = {
    "/v1/predict": PredictResponse,
    "/v1/explain": ExplainResponse,
    "/v1/decisions": DecisionsResponse,
    "/v1/events": EventsResponse,
}

_HEAD = """\
# JSON keys

All keys of the responses of the [HTTP API](http-api.md), object by object. An instant is text in
ISO 8601, in UTC. A key that can be null is always there. `nextbuy predict` and
`nextbuy explain --json` print the same documents."""


def write_json_keys() -> str:
    """Write every key of every response, with its type and its meaning."""
    sections = [_write_response(path, model) for path, model in RESPONSES.items()]
    return "\n\n".join([MADE, _HEAD, *sections]) + "\n"


def _write_response(path: str, model: type[BaseModel]) -> str:
    objects = list(read_objects(model.model_json_schema(mode="serialization")))
    return "\n\n".join([f"## {path}", *map(_write_object, objects)])


def _write_object(described: JsonObject) -> str:
    rows = [(f"`{key.name}`", key.kind, key.meaning) for key in described.keys]
    heading = [f"### `{described.path}`"] if described.path else []
    table = write_table(["key", "type", "meaning"], rows)
    return "\n\n".join([*heading, described.meaning, table])
