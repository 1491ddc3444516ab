"""Streams of a document's progress: what they say, when they end, and how many there may be."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Iterator
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.test import AsyncClient
from tests.api.conftest import DocumentFactory, assert_problem, client_of

from hellotutor.accounts.models import User
from hellotutor.accounts.tokens import create_token
from hellotutor.api.streams import MOST_STREAMS
from hellotutor.api.views import documents
from hellotutor.config.stopping import stopping
from hellotutor.documents.models import Document, DocumentVersion
from hellotutor.tutoring.models import Message

pytestmark = pytest.mark.django_db
OPEN_AGAIN = ("", "open again to see more")

Watch = Callable[..., list[tuple[str, Any]]]


def parse(block: bytes) -> tuple[str, Any]:
    """Return an event's name and data; a comment has no name."""
    text = block.decode().removesuffix("\n\n")
    if text.startswith(": "):
        return "", text.removeprefix(": ")
    name, data = text.split("\n")
    return name.removeprefix("event: "), json.loads(data.removeprefix("data: "))


async def open_stream(token: str, document: Document) -> AsyncGenerator[bytes, None]:
    """Watch a document; return the stream."""
    headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
    response = await AsyncClient().get(f"/api/v1/documents/{document.public_id}/", headers=headers)
    assert response.status_code == 200, response.content
    return response.__aiter__()  # type: ignore[no-any-return]


@pytest.fixture
def token(alice: User) -> str:
    return create_token(owner=alice, name="watch")[1]


@pytest.fixture
def watch(token: str) -> Watch:
    """Watch a document of Alice's to the end; call back after the first event."""

    @async_to_sync
    async def watch_document(document: Document, then: Callable[[], object] = lambda: None) -> list[tuple[str, Any]]:
        blocks: list[bytes] = []
        async for block in await open_stream(token, document):
            blocks.append(block)
            if len(blocks) == 1:
                await sync_to_async(then)()
        return [parse(block) for block in blocks]

    return watch_document


@pytest.fixture
def stop() -> Iterator[Callable[[], None]]:
    """Tell the server to stop, for as long as the test lasts."""
    yield stopping.set
    stopping.clear()


def test_a_document_is_watched_until_it_is_read(document: DocumentFactory, watch: Watch) -> None:
    events = watch(document(is_read=False), lambda: DocumentVersion.objects.update(status="indexed", pages_read=4))
    assert [(name, data["status"]) for name, data in events] == [("progress", "queued"), ("done", "indexed")]
    assert events[1][1]["progress"]["pages_read"] == 4


@pytest.mark.parametrize("status", ["embedding", "failed"])
def test_a_document_that_was_given_up_ends_its_stream_and_says_why(
    document: DocumentFactory, watch: Watch, status: str
) -> None:
    def give_up() -> None:
        DocumentVersion.objects.update(status=status, error_code="embedding_failed", error_message="Try it again.")

    name, data = watch(document(is_read=False), give_up)[-1]
    assert (name, data["status"]) == ("done", status)
    assert data["error"] == {"code": "embedding_failed", "message": "Try it again."}


def test_a_document_deleted_meanwhile_ends_its_stream(document: DocumentFactory, watch: Watch) -> None:
    shown = document(is_read=False)
    public_id = str(shown.public_id)
    assert watch(shown, shown.delete)[-1] == ("done", {"id": public_id, "status": "gone"})


def test_a_stream_ends_after_a_while_and_asks_to_be_opened_again(
    document: DocumentFactory, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "_LONGEST_STREAM_S", 0.01)
    first, *rest = watch(document(is_read=False))
    assert (first[0], rest) == ("progress", [OPEN_AGAIN])


def test_streams_end_when_the_server_is_told_to_stop(
    document: DocumentFactory, watch: Watch, stop: Callable[[], None]
) -> None:
    shown = document(is_read=False)
    assert [name for name, _ in watch(shown, stop)] == ["progress"]


def test_a_reply_is_stopped_when_the_server_is_told_to_stop(
    document: DocumentFactory, token: str, stop: Callable[[], None]
) -> None:
    document()

    @async_to_sync
    async def ask() -> list[tuple[str, Any]]:
        headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
        body = json.dumps({"message": "What is the testing effect?"})
        response = await AsyncClient().post("/api/v1/chat/", body, content_type="application/json", headers=headers)
        events = []
        async for block in response.__aiter__():  # type: ignore[attr-defined]
            events.append(parse(block))
            if len(events) == 2:
                stop()
        return events

    assert [name for name, _ in ask()] == ["start", "text"]
    assert Message.objects.get(role="tutor").state == "stopped"


def test_one_learner_has_so_many_streams_and_no_more(
    document: DocumentFactory, token: str, alice: User, charlie: User
) -> None:
    shown = document(is_read=False)
    theirs = document("Their own words.\n", owner=charlie, filename="theirs.md", is_read=False)
    charlies = create_token(owner=charlie, name="watch")[1]
    reader = client_of(alice)
    url = f"/api/v1/documents/{shown.public_id}/"

    @async_to_sync
    async def fill_up() -> None:
        early = await open_stream(token, shown)
        streams = [await open_stream(token, shown) for _ in range(MOST_STREAMS)]
        assert {parse(await anext(stream))[0] for stream in streams} == {"progress"}
        name, problem = parse(await anext(early))  # it was let in when there was room, and began when there was none
        assert (name, problem["code"], problem["status"]) == ("error", "too_many_streams", 429)
        refused = await sync_to_async(reader.get)(url, headers={"Accept": "text/event-stream"})
        assert assert_problem(refused, 429, "too_many_streams")["retryable"]
        assert refused.headers["Retry-After"]
        assert (await sync_to_async(reader.get)(url)).status_code == 200
        charlies_stream = await open_stream(charlies, theirs)
        assert parse(await anext(charlies_stream))[0] == "progress"
        await streams.pop().aclose()
        again = await open_stream(token, shown)
        assert parse(await anext(again))[0] == "progress"
        for stream in (*streams, again, early, charlies_stream):
            await stream.aclose()

    fill_up()


def test_charlie_cant_watch(charlie: User, document: DocumentFactory) -> None:
    client = client_of(charlie)
    answered = client.get(f"/api/v1/documents/{document().public_id}/", HTTP_ACCEPT="text/event-stream")
    assert_problem(answered, 404, "not_found")
