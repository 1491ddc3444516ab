"""Chat over the API: whole, and as it is said."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient
from rest_framework.test import APIClient
from tests.api.conftest import DocumentFactory, assert_problem
from tests.refusals import Refuse

from hellotutor.accounts.models import User
from hellotutor.accounts.tokens import create_token
from hellotutor.api.models import IdempotentRequest
from hellotutor.core import clock
from hellotutor.tutoring.models import Conversation, Message

pytestmark = pytest.mark.django_db
CHAT = "/api/v1/chat/"
ASKED = "What is the testing effect?"

Stream = Callable[..., list[tuple[str, dict[str, Any]]]]


def ask(api: APIClient, message: str = ASKED, **more: Any) -> Any:
    return api.post(CHAT, {"message": message, **more}, format="json")


async def read_events(content: AsyncIterator[bytes], most: int | None = None) -> list[tuple[str, dict[str, Any]]]:
    """Read events; after `most` of them go away."""
    events: list[tuple[str, dict[str, Any]]] = []
    if most == 0:
        return events
    async for block in content:
        name, data = block.decode().removesuffix("\n\n").split("\n")
        events.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
        if most is not None and len(events) == most:
            await content.aclose()  # type: ignore[attr-defined]
            break
    return events


@pytest.fixture
def stream(alice: User) -> Stream:
    """Ask Alice's documents; return the events."""
    _, token = create_token(owner=alice, name="stream")

    @async_to_sync
    async def ask_as_stream(most: int | None = None, key: str = "", **body: Any) -> list[tuple[str, dict[str, Any]]]:
        headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
        if key:
            headers["Idempotency-Key"] = key
        response = await AsyncClient().post(
            CHAT, json.dumps({"message": ASKED, **body}), content_type="application/json", headers=headers
        )
        if not response.streaming:
            return [("problem", response.json())]
        assert response.headers["Content-Type"] == "text/event-stream"
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Accel-Buffering"] == "no"
        return await read_events(aiter(response), most)

    return ask_as_stream


def test_a_reply_is_cited_and_its_citations_lead_to_their_page(api: APIClient, document: DocumentFactory) -> None:
    shown = document()
    answered = ask(api)
    assert answered.status_code == 200, answered.content
    reply = answered.json()
    assert set(reply) == {"reply", "citations", "session_id", "grounded", "notice", "tutor"}
    assert reply["grounded"] is True
    assert reply["citations"]
    for citation in reply["citations"]:
        assert citation["document_id"] == str(shown.public_id)
        page = api.get(f"/api/v1/documents/{shown.public_id}/pages/{citation['page_ordinal']}/").json()
        assert page["text"][citation["start"] : citation["end"]]


def test_a_conversation_goes_on_is_listed_read_and_deleted(api: APIClient, document: DocumentFactory) -> None:
    shown = document()
    first = ask(api, document_ids=[str(shown.public_id)]).json()
    second = ask(api, "Why do we forget?", session_id=first["session_id"]).json()
    assert second["session_id"] == first["session_id"]
    (listed,) = api.get(CHAT).json()["results"]
    assert (listed["id"], listed["document_ids"]) == (first["session_id"], [str(shown.public_id)])
    url = f"{CHAT}{first['session_id']}/"
    talk = api.get(url).json()
    assert [message["role"] for message in talk["messages"]] == ["learner", "tutor", "learner", "tutor"]
    assert talk["messages"][1]["citations"] == first["citations"]
    assert api.delete(url).status_code == 204
    assert_problem(api.get(url), 404, "not_found")
    assert not Message.objects.exists()


def test_a_conversation_keeps_its_documents(api: APIClient, document: DocumentFactory) -> None:
    shown = document()
    first = ask(api).json()
    again = ask(api, session_id=first["session_id"], document_ids=[str(shown.public_id)])
    assert_problem(again, 422, "conversation_fixed")


def test_the_list_takes_the_same_queries_however_long_it_is(
    api: APIClient, document: DocumentFactory, django_assert_num_queries: Any
) -> None:
    document()
    for number in range(3):
        ask(api, f"What is memory number {number}?")
    with django_assert_num_queries(4):  # the token, the count, the page, its documents
        assert len(api.get(CHAT).json()["results"]) == 3


@pytest.mark.parametrize("message", ["", "   ", "x" * 4_001, None, []])
def test_a_message_that_cant_be_used_is_refused(api: APIClient, document: DocumentFactory, message: Any) -> None:
    document()
    assert_problem(ask(api, message), 422, "invalid")
    assert not Message.objects.exists()


def test_without_a_document_there_is_nothing_to_ask(api: APIClient, stream: Stream) -> None:
    assert_problem(ask(api), 404, "no_document")
    ((name, problem),) = stream()
    assert (name, problem["code"]) == ("problem", "no_document")


def test_a_stream_says_the_same_as_the_plain_answer(api: APIClient, document: DocumentFactory, stream: Stream) -> None:
    document()
    events = stream()
    assert events[0][0] == "start"
    assert events[-1][0] == "done"
    texts = [data for name, data in events if name == "text"]
    assert len(texts) == len(events) - 2
    done = events[-1][1]
    assert done["session_id"] == events[0][1]["session_id"]
    assert " ".join(part["text"] for part in texts) == done["reply"]
    assert [citation for part in texts for citation in part["citations"]] == done["citations"]
    plain = ask(api).json()
    assert {**plain, "session_id": ""} == {**done, "session_id": ""}


def test_whoever_goes_away_stops_the_reply_and_what_was_said_is_kept(document: DocumentFactory, stream: Stream) -> None:
    document()
    events = stream(most=2)
    assert [name for name, _ in events] == ["start", "text"]
    said = Message.objects.get(role="tutor")
    assert (said.state, said.text) == ("stopped", events[1][1]["text"])


def test_a_failure_on_the_way_is_told_in_the_stream(document: DocumentFactory, stream: Stream, refuse: Refuse) -> None:
    document()
    refuse("update", "tutoring_message")
    events = stream()
    assert [name for name, _ in events] == ["start", "text", "error"]
    problem = events[-1][1]
    assert (problem["status"], problem["code"]) == (500, "internal_error")
    assert "secret" not in json.dumps(problem)


def test_errors_before_the_stream_are_problems(document: DocumentFactory, stream: Stream) -> None:
    document()
    ((name, problem),) = stream(message="")
    assert (name, problem["code"]) == ("problem", "invalid")
    ((name, problem),) = stream(document_ids=["00000000-0000-4000-8000-000000000000"])
    assert (name, problem["code"]) == ("problem", "document_not_found")


def test_a_stream_with_a_key_is_said_once_and_repeated(document: DocumentFactory, stream: Stream) -> None:
    document()
    first, again = stream(key="one"), stream(key="one")
    assert again[-1] == first[-1]
    assert [name for name, _ in again] == ["start", "text", "done"]
    assert Conversation.objects.count() == 1
    stream(key="two", most=2)
    assert stream(key="two")[-1][0] == "done"  # what was stopped may be asked again


def test_a_stream_that_nobody_reads_changes_nothing_and_its_key_can_be_used_at_once(
    document: DocumentFactory, stream: Stream
) -> None:
    document()
    assert stream(key="one", most=0) == []
    assert not Conversation.objects.exists()
    assert not IdempotentRequest.objects.exists()
    assert stream(key="one")[-1][0] == "done"


def test_a_key_of_another_stream_is_refused_before_the_stream(document: DocumentFactory, stream: Stream) -> None:
    document()
    stream(key="one")
    ((name, problem),) = stream(key="one", message="Why do we forget?")
    assert (name, problem["code"]) == ("problem", "idempotency_key_reused")
    IdempotentRequest.objects.update(status=None)
    ((name, problem),) = stream(key="one")
    assert (name, problem["code"]) == ("problem", "request_in_progress")


def test_of_two_streams_with_one_key_one_is_said_and_the_other_told(document: DocumentFactory, alice: User) -> None:
    document()
    _, token = create_token(owner=alice, name="two")
    headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream", "Idempotency-Key": "one"}

    @async_to_sync
    async def ask_thrice() -> list[list[tuple[str, dict[str, Any]]]]:
        body = json.dumps({"message": ASKED})
        posts = [
            await AsyncClient().post(CHAT, body, content_type="application/json", headers=headers) for _ in range(3)
        ]
        first, second, third = (aiter(post) for post in posts)
        await anext(first)
        return [await read_events(events) for events in (second, first, third)]

    told, said, again = ask_thrice()
    assert [(name, data["code"]) for name, data in told] == [("error", "request_in_progress")]
    assert said[-1][0] == "done"
    assert again[-1] == said[-1]
    assert Conversation.objects.count() == 1


def test_a_reply_that_was_begun_long_ago_has_failed(api: APIClient, document: DocumentFactory) -> None:
    document()
    url = f"{CHAT}{ask(api).json()['session_id']}/"
    Message.objects.filter(role="tutor").update(state="writing")
    assert api.get(url).json()["messages"][1]["state"] == "writing"
    Message.objects.update(created_at=clock.now() - timedelta(minutes=11))
    assert [message["state"] for message in api.get(url).json()["messages"]] == ["complete", "failed"]
