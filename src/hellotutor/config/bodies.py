"""A limit on what a request may send, before any of it is kept.

Django's ASGI handler writes a whole body to a file before a view, an upload handler or the check of who calls is asked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

UPLOAD_PATHS = re.compile(r"(/api/v1)?/documents/([0-9a-f-]{36}/versions/)?")


@dataclass(frozen=True, slots=True)
class _Limit:
    """How much is taken, and what whoever sends more is told: `code` to programs, `sentence` to people."""

    most_bytes: int
    code: str
    sentence: str


def limit_bodies(application: Application, *, most_bytes: int, most_upload_bytes: int) -> Application:
    """Return the application behind a limit: a larger body is answered with 413 and not read.

    Args:
        application: an ASGI application; it is told that a client who sends too much has gone.
        most_bytes: of a request's body, whether its length was announced or not.
        most_upload_bytes: the same where documents are sent to (`UPLOAD_PATHS`).
    """
    body = _Limit(most_bytes, "body_too_large", "This is more than can be sent at once: go back and send less.")
    upload = _Limit(
        most_upload_bytes,
        "file_too_large",
        "The upload is larger than this service takes (MAX_FILE_MB): go back and send less at once.",
    )

    async def limited(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await application(scope, receive, send)
            return
        is_upload = scope["method"] == "POST" and UPLOAD_PATHS.fullmatch(scope["path"]) is not None
        limit = upload if is_upload else body
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > limit.most_bytes:
            await _refuse(scope, send, limit)
            return
        exchange = _Exchange(scope, receive, send, limit)
        await application(scope, exchange.receive, exchange.send)

    return limited


class _Exchange:
    """One request and its answer; past the limit the client is answered here, and gone for the application."""

    def __init__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send, limit: _Limit) -> None:
        self._scope, self._receive, self._send, self._limit = scope, receive, send, limit
        self._received = 0
        self._is_over = self._has_begun = False

    async def receive(self) -> Message:
        if self._is_over:
            return {"type": "http.disconnect"}
        message = await self._receive()
        self._received += len(message.get("body", b""))
        if self._received <= self._limit.most_bytes:
            return message
        self._is_over = True
        if not self._has_begun:
            await _refuse(self._scope, self._send, self._limit)
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if self._is_over:
            return
        self._has_begun = True
        await self._send(message)


async def _refuse(scope: MutableMapping[str, Any], send: Send, limit: _Limit) -> None:
    is_api = str(scope["path"]).startswith("/api/")
    headers = [
        (b"content-type", b"application/problem+json" if is_api else b"text/plain; charset=utf-8"),
        (b"connection", b"close"),
        (b"x-content-type-options", b"nosniff"),
    ]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": _problem(limit) if is_api else limit.sentence.encode()})


def _problem(limit: _Limit) -> bytes:
    problem = {
        "type": f"/api/docs/#problem-{limit.code}",
        "title": "Request Entity Too Large",
        "status": 413,
        "detail": limit.sentence,
        "code": limit.code,
        "retryable": False,
    }
    return json.dumps(problem).encode()
