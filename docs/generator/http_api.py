"""The page of the HTTP API, from the OpenAPI document of the service."""

from typing import Any

from pydantic import BaseModel

from docs.generator.json_keys import RESPONSES
from docs.generator.json_schema import JsonObject, Schema, read_objects
from docs.generator.markdown import MADE, read_summary, write_table
from serving.http.http_errors import ERROR_STATUSES, MAX_BYTES
from serving.http.service import NextbuyService
from serving.schemas.answer_schemas import ExplainRequest, PredictRequest
from serving.schemas.decision_schemas import DecisionsRequest
from serving.schemas.event_schemas import EventsRequest

REQUESTS: dict[str, type[BaseModel]] = {
    "/v1/predict": PredictRequest,
    "/v1/explain": ExplainRequest,
    "/v1/decisions": DecisionsRequest,
    "/v1/events": EventsRequest,
}

_HEAD = """\
# HTTP API

The service speaks JSON over HTTP, without authentication: reach it from inside your network only. A
request may have {mebibytes} MiB. The same is served as an OpenAPI document under `/docs.json`."""

_ERRORS = """\
## Errors

A request that is not answered gets one form of body:

```json
{"error": {"message": "customer_ids: expected ...", "request_id": "0f8a..."}}
```

The same `request_id` stands in the server's log, which holds no customer ids of requests that were
refused."""

_OPERATIONS = {
    "/healthz": "200 while the process is alive; the former name of `/livez`.",
    "/livez": "200 while the process is alive.",
    "/readyz": "200 once there is a model to answer with.",
    "/metrics": "Counts and durations of the requests, in the text format of Prometheus.",
}


def write_http_api() -> str:
    """Write every endpoint with its request and its response, the statuses and the error body."""
    service: Any = NextbuyService  # a class to the type checker, a service to BentoML
    document = service.openapi_spec.asdict()
    paths = document["paths"]
    endpoints = [_write_endpoint(path, paths[path]["post"], document) for path in RESPONSES]
    operations = [
        (f"`GET {path}`", _OPERATIONS[path]) for path, methods in paths.items() if "get" in methods
    ]
    statuses = [(f"{int(s)} {s.phrase}", meaning) for s, meaning in ERROR_STATUSES.items()]
    parts = [
        MADE,
        _HEAD.format(mebibytes=MAX_BYTES // 2**20),
        *endpoints,
        "## Operation",
        write_table(["endpoint", "what it answers"], operations),
        _ERRORS,
        write_table(["status", "when"], statuses),
    ]
    return "\n\n".join(parts) + "\n"


def _write_endpoint(path: str, operation: Schema, document: Schema) -> str:
    """Write one endpoint: what it does, the keys of its request, the outer keys of its response."""
    request = operation["requestBody"]["content"]["application/json"]["schema"]
    response = operation["responses"][200]["content"]["application/json"]["schema"]
    requested = [_write_request(o) for o in read_objects(request, within=document)]
    outer = next(read_objects(response, within=document))
    anchor = path.replace("/", "")
    taken = read_summary(REQUESTS[path])
    return "\n\n".join(
        [
            f"## POST {path}",
            operation["description"],
            f"The request {taken[0].lower()}{taken[1:]}",
            *requested,
            f"The response (200) has the keys {', '.join(f'`{k.name}`' for k in outer.keys)}; "
            f"[JSON keys](json-keys.md#{anchor}) lists them with all that is inside.",
        ]
    )


def _write_request(described: JsonObject) -> str:
    rows = [
        (f"`{key.name}`", key.kind, "yes" if key.is_required else "", key.meaning)
        for key in described.keys
    ]
    table = write_table(["key", "type", "required", "meaning"], rows)
    return f"Each of `{described.path}`:\n\n{table}" if described.path else table
