"""What the service says when it does not answer: one form of body, and no customer in the log."""

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

MAX_BYTES = 16 * 2**20  # of a request; 5,000 decisions with names as long as may be have 4
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

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]


@contextmanager
def refusing() -> Iterator[None]:
    """Give each error of an answer its status: 400 for the caller's, 503 and 500 for ours."""
    try:
        yield
    except InputError as error:
        raise InvalidArgument(str(error)) from None
    except NextbuyError as error:
        raise ServiceUnavailable(str(error)) from None
    except ValidationError as error:  # of a response: BentoML would blame the request
        raise InternalServerError("the response is not of the form that is promised") from error


class HttpErrors:
    """Middleware: refuses what is too large, and puts every error into one form."""

    def __init__(self, app: App, max_bytes: int = MAX_BYTES) -> None:
        self._app, self._max_bytes = app, max_bytes

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Pass a request on, and its answer back."""
        if scope["type"] != "http" or not scope["path"].startswith(_ROUTES):
            await self._app(scope, receive, send)
            return
        body = await self._read(scope, receive)
        if body is None:
            said = f"at most {self._max_bytes:,} bytes in a request: send it in parts"
            await _send_error(send, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, said, [])
            return
        await self._app(scope, _replay(body, receive), _Reply(send))

    async def _read(self, scope: MutableMapping[str, Any], receive: Receive) -> bytes | None:
        """Read a body to its end; None as soon as it is known to be too large."""
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if int(announced) > self._max_bytes:
            return None
        body = bytearray()
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")  # cut off, it is no JSON, and is refused as that
            more = message.get("more_body", False)
            if len(body) > self._max_bytes:
                return None
        return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    """Give a body that has been read as if it had not, and then what else comes."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return waiting.pop() if waiting else await receive()

    return receive_again


class _Reply:
    """Sends what is sent, but errors in our form."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._error: Message | None = None
        self._body = bytearray()

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] >= 400:
            self._error = message  # its body has to be read first
            return
        if self._error is None:
            await self._send(message)
            return
        self._body += message.get("body", b"")
        if not message.get("more_body", False):
            status = HTTPStatus(self._error["status"])
            said = _what_is_said(status, bytes(self._body))
            await _send_error(self._send, status, said, self._error["headers"])


def _what_is_said(status: HTTPStatus, body: bytes) -> str:
    """Find the sentence of an error in BentoML's bodies; of our own errors only that there is one.

    >>> _what_is_said(HTTPStatus.BAD_REQUEST, b'{"detail": [{"loc": ["key"], "msg": "Too long"}]}')
    'key: Too long'
    """
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        return "not possible at present, and nothing of it was done; the server's log says why"
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return "an error of the service; the server's log says more"
    try:
        said = json.loads(body)
    except ValueError:
        return status.phrase
    match said:
        case {"detail": [*details]}:
            return "\n".join(f"{'.'.join(map(str, d['loc']))}: {d['msg']}" for d in details)
        case {"error": str(text)} | [{"error": str(text)}]:
            return text
    return status.phrase


async def _send_error(
    send: Send, status: HTTPStatus, said: str, headers: list[tuple[bytes, bytes]]
) -> None:
    request_id = dict(headers).get(_REQUEST_ID, uuid.uuid4().hex[:16].encode())
    error = {"message": said, "request_id": request_id.decode()}
    body = json.dumps({"error": error}, ensure_ascii=False).encode()
    own = {b"content-type": b"application/json", b"content-length": str(len(body)).encode()}
    kept = [(name, value) for name, value in headers if name.lower() not in own]
    start = {"type": "http.response.start", "status": int(status)}
    await send({**start, "headers": [*kept, *own.items()]})
    await send({"type": "http.response.body", "body": body})


class _OurErrors(logging.Filter):
    """Lets no error of a request through: its text may hold a customer's id."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        return not isinstance(error, InvalidArgument | ValidationError)


def log_our_errors_only() -> None:
    """Leave out of BentoML's log the tracebacks of requests that were refused."""
    logging.getLogger("bentoml._internal.server.http_app").addFilter(_OurErrors())
