"""Errors of the service: their form, what they give away, and what is too large."""

import asyncio
import json
import logging
from typing import Any

import pytest
from bentoml.exceptions import InternalServerError, InvalidArgument, ServiceUnavailable
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from features.errors import NextbuyError, refuse
from serving.http.http_errors import ErrorMiddleware, errors_as_statuses, log_server_faults_only


class Wire:
    """Sends a request in chunks to an application that gives a prepared response."""

    def __init__(self, chunks: list[bytes], path: str = "/v1/predict", **headers: str) -> None:
        self.got = b""
        self.sent: list[dict[str, Any]] = []
        self._chunks = [
            {"type": "http.request", "body": chunk, "more_body": position < len(chunks) - 1}
            for position, chunk in enumerate(chunks)
        ]
        named = [(n.replace("_", "-").encode(), v.encode()) for n, v in headers.items()]
        self._scope = {"type": "http", "path": path, "headers": named}

    def send(self, status: int, *answer: bytes, limit: int = 100) -> tuple[int, bytes]:
        async def app(_: Any, receive: Any, send: Any) -> None:
            more = True
            while more:
                message = await receive()
                self.got += message["body"]
                more = message["more_body"]
            headers = [(b"content-length", b"1"), (b"x-bentoml-request-id", b"abc")]
            await send({"type": "http.response.start", "status": status, "headers": headers})
            for position, part in enumerate(answer):
                more = position < len(answer) - 1
                await send({"type": "http.response.body", "body": part, "more_body": more})

        async def receive() -> dict[str, Any]:
            return self._chunks.pop(0)

        async def send_back(message: dict[str, Any]) -> None:
            self.sent.append(message)

        asyncio.run(ErrorMiddleware(app, limit)(self._scope, receive, send_back))
        body = b"".join(message.get("body", b"") for message in self.sent)
        return self.sent[0]["status"], body


@given(st.lists(st.binary(max_size=30), min_size=1), st.lists(st.binary(max_size=9), min_size=1))
def test_what_is_small_enough_and_right_passes_as_it_is(
    chunks: list[bytes], answer: list[bytes]
) -> None:
    wire = Wire(chunks)
    size = sum(map(len, chunks))
    assert wire.send(200, *answer, limit=size) == (200, b"".join(answer))
    assert wire.got == b"".join(chunks)
    if size:
        status, body = Wire(chunks).send(200, limit=size - 1)
        assert status == 413
        assert json.loads(body)["error"]["message"].startswith(f"at most {size - 1} bytes")


def test_what_is_announced_as_too_large_is_not_read() -> None:
    wire = Wire([], content_length="101")
    assert wire.send(200)[0] == 413
    assert wire.got == b""


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (400, b'[{"error": "key: expected more"}]', "key: expected more"),
        (400, b'{"error": "x", "detail": [{"loc": ["a", 3], "msg": "bad"}]}', "a.3: bad"),
        (404, b"Not Found", "Not Found"),
        (429, b'"much"', "Too Many Requests"),
        (500, b'{"error": "secret"}', "an error of the service"),
        (503, b'[{"error": "secret"}]', "nothing of it was done"),
        (504, b"secret", "an error of the service"),
    ],
)
def test_every_error_has_one_form_and_ours_no_details(status: int, body: bytes, says: str) -> None:
    wire = Wire([b"{}"])
    got_status, reply = wire.send(status, body[:2], body[2:])
    assert got_status == status
    error = json.loads(reply)["error"]
    assert error.keys() == {"message", "request_id"}
    assert says in error["message"]
    assert "secret" not in error["message"]
    assert error["request_id"] == "abc"
    headers = wire.sent[0]["headers"]
    assert dict(headers)[b"content-length"] == str(len(reply)).encode()
    assert len(dict(headers)) == len(headers)


def test_other_pages_are_left_alone() -> None:
    assert Wire([b"x"], "/readyz").send(503, b"Not ready", limit=0) == (503, b"Not ready")


class Form(BaseModel):
    number: int


def test_each_error_gets_its_status() -> None:
    with pytest.raises(InvalidArgument, match="as_of: expected now"), errors_as_statuses():
        raise refuse("as_of", "now", "then", "Wait.")
    with pytest.raises(ServiceUnavailable, match="the disk is full"), errors_as_statuses():
        raise NextbuyError("the disk is full")
    with pytest.raises(InternalServerError, match="not of the form"), errors_as_statuses():
        Form.model_validate({"number": "x"})


def test_the_log_has_our_errors_and_no_request_that_was_refused(
    caplog: pytest.LogCaptureFixture,
) -> None:
    log_server_faults_only()
    logger = logging.getLogger("bentoml._internal.server.http_app")
    for error in (InvalidArgument("c-1"), KeyError("ours")):
        try:
            raise error
        except Exception:
            logger.exception("Exception on /v1/predict [POST]")
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [KeyError]
