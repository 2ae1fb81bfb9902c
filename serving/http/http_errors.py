"""Puts every error of the HTTP API into one form, and keeps customers out of the log.

The body of an error is `{"error": {"message": ..., "request_id": ...}}`.
"""

import json
import logging
import uuid
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from bentoml.exceptions import InternalServerError, InvalidArgument, ServiceUnavailable
from pydantic import ValidationError

from features.errors import InputError, NextbuyError

# Largest body of a request. 5,000 decisions with the longest allowed names have 4 MiB.
MAX_BYTES = 16 * 2**20
ERROR_STATUSES = {
    HTTPStatus.BAD_REQUEST: "The request is not of the documented form, or a value cannot be used; "
    "the message names the field, what was expected and what came.",
    HTTPStatus.NOT_FOUND: "There is no such endpoint.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is larger than the service takes; send it in "
    "parts.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "The service has a fault; its log says which.",
    HTTPStatus.SERVICE_UNAVAILABLE: "The request is not possible at present and nothing of it was "
    "done; the service's log says why.",
    HTTPStatus.GATEWAY_TIMEOUT: "The answer was not ready within 30 seconds; ask for fewer "
    "customers at once.",
}
_ROUTES = "/v1/"
_REQUEST_ID = b"x-bentoml-request-id"  # stands in the access log as `span`

AsgiMessage = MutableMapping[str, Any]
AsgiReceive = Callable[[], Awaitable[AsgiMessage]]
AsgiSend = Callable[[AsgiMessage], Awaitable[None]]
AsgiApp = Callable[[MutableMapping[str, Any], AsgiReceive, AsgiSend], Awaitable[None]]


@contextmanager
def errors_as_statuses() -> Iterator[None]:
    """Turn the errors of a `with` block into those that BentoML gives a status.

    Raises
    ------
    InvalidArgument
        The request cannot be answered as it is (`InputError`): status 400.
    ServiceUnavailable
        The service cannot answer at present (another `NextbuyError`): status 503.
    InternalServerError
        The response has not the documented form: status 500.
    """
    try:
        yield
    except InputError as error:
        raise InvalidArgument(str(error)) from None
    except NextbuyError as error:
        raise ServiceUnavailable(str(error)) from None
    except ValidationError as error:  # of a response; BentoML would blame the request
        raise InternalServerError("the response is not of the form that is promised") from error


class ErrorMiddleware:
    """ASGI middleware that refuses large requests and puts every error into one form.

    Paths outside `/v1/` are passed on unchanged.

    Parameters
    ----------
    app : ASGI application
        Answers the requests.
    max_bytes : int
        Largest body of a request in bytes; a larger one is answered with status 413.
    """

    def __init__(self, app: AsgiApp, max_bytes: int = MAX_BYTES) -> None:
        self._app, self._max_bytes = app, max_bytes

    async def __call__(
        self, scope: MutableMapping[str, Any], receive: AsgiReceive, send: AsgiSend
    ) -> None:
        """Pass a request on to the application, and its response back to the caller."""
        if scope["type"] != "http" or not scope["path"].startswith(_ROUTES):
            await self._app(scope, receive, send)
            return
        body = await self._read(scope, receive)
        if body is None:
            sentence = f"at most {self._max_bytes:,} bytes in a request: send it in parts"
            await _send_error(send, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, sentence, [])
            return
        await self._app(scope, _receive_again_from(body, receive), _ErrorRewriter(send))

    async def _read(self, scope: MutableMapping[str, Any], receive: AsgiReceive) -> bytes | None:
        """Read the body of a request to its end; None as soon as it is known to be too large."""
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if int(announced) > self._max_bytes:
            return None
        body = bytearray()
        more = True
        while more:
            message = await receive()
            # A body that was cut off is no JSON, and is refused as such.
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > self._max_bytes:
                return None
        return bytes(body)


def _receive_again_from(body: bytes, receive: AsgiReceive) -> AsgiReceive:
    """Make a `receive` that gives a body again that has been read, and then later messages."""
    waiting: list[AsgiMessage] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> AsgiMessage:
        return waiting.pop() if waiting else await receive()

    return receive_again


class _ErrorRewriter:
    """Passes a response on to the caller, and rewrites it into our form where it is an error."""

    def __init__(self, send: AsgiSend) -> None:
        self._send = send
        self._error: AsgiMessage | None = None
        self._body = bytearray()

    async def __call__(self, message: AsgiMessage) -> None:
        if message["type"] == "http.response.start" and message["status"] >= 400:
            self._error = message  # its body has to be read first
            return
        if self._error is None:
            await self._send(message)
            return
        self._body += message.get("body", b"")
        if not message.get("more_body", False):
            status = HTTPStatus(self._error["status"])
            sentence = _error_sentence(status, bytes(self._body))
            await _send_error(self._send, status, sentence, self._error["headers"])


def _error_sentence(status: HTTPStatus, body: bytes) -> str:
    """Extract the sentence for the caller from the body that BentoML gives an error.

    Errors of the service itself (status 500 and above) get a sentence without details.

    >>> _error_sentence(HTTPStatus.BAD_REQUEST, b'{"detail": [{"loc": ["key"], "msg": "Long"}]}')
    'key: Long'
    """
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        return "not possible at present, and nothing of it was done; the server's log says why"
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return "an error of the service; the server's log says more"
    try:
        error = json.loads(body)
    except ValueError:
        return status.phrase
    match error:
        case {"detail": [*details]}:
            return "\n".join(f"{'.'.join(map(str, d['loc']))}: {d['msg']}" for d in details)
        case {"error": str(text)} | [{"error": str(text)}]:
            return text
    return status.phrase


async def _send_error(
    send: AsgiSend, status: HTTPStatus, sentence: str, headers: list[tuple[bytes, bytes]]
) -> None:
    """Send an error in our form, with the other headers of the response that it replaces."""
    request_id = dict(headers).get(_REQUEST_ID, uuid.uuid4().hex[:16].encode())
    error = {"message": sentence, "request_id": request_id.decode()}
    body = json.dumps({"error": error}, ensure_ascii=False).encode()
    replaced = {b"content-type": b"application/json", b"content-length": str(len(body)).encode()}
    kept = [(name, value) for name, value in headers if name.lower() not in replaced]
    start = {"type": "http.response.start", "status": int(status)}
    await send({**start, "headers": [*kept, *replaced.items()]})
    await send({"type": "http.response.body", "body": body})


class _ServerFaultFilter(logging.Filter):
    """Keeps errors of a request out of the log, because their text may hold a customer's id."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        return not isinstance(error, InvalidArgument | ValidationError)


def log_server_faults_only() -> None:
    """Leave the tracebacks of refused requests out of BentoML's log; faults of ours stay in it."""
    logging.getLogger("bentoml._internal.server.http_app").addFilter(_ServerFaultFilter())
