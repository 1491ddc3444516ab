"""A body past the limit is refused before it is kept, whether its length is announced or not."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, MutableMapping
from typing import Any

import pytest

from hellotutor.config.bodies import Application, Receive, Send, limit_bodies


async def read_all(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
    """Answer whatever came, also to a client that has gone."""
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"read"})


async def answer_first(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await read_all(scope, receive, send)


def ask(
    path: str,
    chunks: list[bytes],
    announced: bytes | None,
    *,
    method: str = "POST",
    application: Application = read_all,
) -> tuple[int, bytes, int]:
    """Return the status, the body, and how many chunks were read; uploads may have 10 bytes, all else 5."""
    sent: list[MutableMapping[str, Any]] = []
    waiting: Iterator[bytes] = iter(chunks)
    read = 0

    async def receive() -> MutableMapping[str, Any]:
        nonlocal read
        read += 1
        return {"type": "http.request", "body": next(waiting), "more_body": read < len(chunks)}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    headers = [] if announced is None else [(b"content-length", announced)]
    scope = {"type": "http", "method": method, "path": path, "headers": headers}
    asyncio.run(limit_bodies(application, most_bytes=5, most_upload_bytes=10)(scope, receive, send))
    assert len([message for message in sent if message["type"] == "http.response.start"]) == 1
    return sent[0]["status"], sent[1]["body"] if len(sent) > 1 else b"", read


def test_a_body_within_the_limit_is_read() -> None:
    of_one = "documents/6f1c1f0e-5d0b-4c57-9c0f-2f2a4f4f9b1e"
    for path in ("/documents/", "/api/v1/documents/", f"/{of_one}/versions/", f"/api/v1/{of_one}/versions/"):
        assert ask(path, [b"12345", b"12345"], b"10") == (200, b"read", 2)
    assert ask(f"/{of_one}/retry/", [b"12345", b"12345"], b"10")[0] == 413


def test_an_announced_larger_body_is_not_read_at_all() -> None:
    status, body, read = ask("/documents/", [b"x" * 11], b"11")
    assert (status, read) == (413, 0)
    assert b"MAX_FILE_MB" in body


@pytest.mark.parametrize("announced", [None, b"5", b"nonsense"])
def test_a_larger_body_that_was_not_announced_is_cut_off(announced: bytes | None) -> None:
    status, body, read = ask("/api/v1/documents/", [b"12345", b"123456", b"x"], announced)
    assert (status, read) == (413, 2)
    assert b'"code": "file_too_large"' in body


def test_only_documents_may_be_large() -> None:
    status, body, read = ask("/api/v1/sessions/", [b"123456"], b"6")
    assert (status, read) == (413, 0)
    assert b'"code": "body_too_large"' in body
    assert ask("/api/v1/documents/", [b"123456"], b"6", method="PUT")[0] == 413
    assert ask("/chat/", [b"123", b"456", b"x"], None) == (
        413,
        b"This is more than can be sent at once: go back and send less.",
        2,
    )
    assert ask("/chat/", [b"123", b"45"], None) == (200, b"read", 2)


def test_an_answer_that_had_begun_is_cut_off_and_not_answered_again() -> None:
    assert ask("/chat/", [b"123", b"456", b"x"], None, application=answer_first) == (200, b"", 2)
