"""Charlie may see nothing of Alice's: every address of the API that names a thing, with every method that it takes."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import URLPattern
from rest_framework.test import APIClient
from tests.api.conftest import MEMORY, DocumentFactory, answer, start

from hellotutor.accounts.models import User
from hellotutor.api.urls import v1
from hellotutor.documents.models import Document
from hellotutor.tutoring.models import Answer, Contest, Conversation, Message, Question, Session

pytestmark = pytest.mark.django_db
METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Things:
    """Alice's things, by what an address calls them."""

    document_id: str
    session_id: str
    conversation_id: str
    answer_id: str
    question_id: str

    def texts(self) -> list[str]:
        """Return what of Alice's may stand in no answer to Charlie."""
        question = Question.objects.all()[0]
        reply = Message.objects.get(role="tutor")
        return ["memory.md", "Alice", "alice", question.prompt, question.quote, question.answer, reply.text]


@pytest.fixture
def things(api: APIClient, document: DocumentFactory) -> Things:
    shown = document()
    started = start(api, shown)
    given = answer(api, started, started["question"], text="x").json()
    talk = api.post("/api/v1/chat/", {"message": "Why do we forget?"}, format="json").json()
    return Things(
        document_id=str(shown.public_id),
        session_id=started["id"],
        conversation_id=talk["session_id"],
        answer_id=given["id"],
        question_id=given["next_question"]["id"],
    )


# What each call sends: the row of every address and method. A new one without its row fails the suite.
BODIES: dict[tuple[str, str], Any] = {
    ("document", "get"): None,
    ("document", "delete"): None,
    ("versions", "post"): lambda things: {"file": SimpleUploadedFile("mine.md", b"Other words of one's own.\n")},
    ("replacement", "delete"): None,
    ("cancel", "post"): {},
    ("retry", "post"): {},
    ("page", "get"): None,
    ("conversation", "get"): None,
    ("conversation", "delete"): None,
    ("session", "get"): None,
    ("answers", "post"): lambda things: {"question_id": things.question_id, "text": "x"},
    ("hints", "post"): lambda things: {"question_id": things.question_id},
    ("finish", "post"): {},
    ("insights", "get"): None,
    ("answer", "get"): None,
    ("contest", "post"): {"verdict": "correct", "reason": "mine"},
    ("self_grade", "post"): {"verdict": "correct"},
}
LISTS = {("documents", "get"), ("chat", "get"), ("sessions", "get")}
# Addresses that name nothing, but whose bodies can.
NAMING: dict[tuple[str, str], Any] = {
    ("sessions", "post"): [lambda things: {"document_ids": [things.document_id]}],
    ("chat", "post"): [
        lambda things: {"message": "Why?", "document_ids": [things.document_id]},
        lambda things: {"message": "Why?", "session_id": things.conversation_id},
    ],
}
NAMELESS = {("documents", "post"), ("google", "post")}


def routes() -> list[tuple[str, str, str]]:
    """Return name, method and route of every address of the API."""
    found = []
    for pattern in v1:
        assert isinstance(pattern, URLPattern)
        view: Any = pattern.callback
        methods = [method for method in METHODS if hasattr(view.view_class, method)]
        found += [(str(pattern.name), method, str(pattern.pattern)) for method in methods]
    return found


def url_of(route: str, things: Things) -> str:
    parts = [_part(part, things) for part in route.strip("/").split("/")]
    return "/api/v1/" + "/".join(parts) + "/"


def _part(part: str, things: Things) -> str:
    if not part.startswith("<"):
        return part
    return "1" if part == "<int:number>" else str(getattr(things, part.removeprefix("<uuid:").removesuffix(">")))


def call(client: APIClient, name: str, method: str, url: str, things: Things) -> Any:
    """Send what the row of an address and method says."""
    given = BODIES[name, method]
    body = given(things) if callable(given) else given
    how = None if body is None else "multipart" if "file" in body else "json"
    return getattr(client, method)(url, body, format=how)


def rows() -> tuple[int, ...]:
    kinds = (Document, Session, Question, Answer, Contest, Conversation, Message)
    return tuple(kind.objects.count() for kind in kinds)


def test_every_address_has_its_row() -> None:
    named = {(name, method) for name, method, route in routes() if "<" in route}
    assert named == set(BODIES)
    assert {(name, method) for name, method, route in routes() if "<" not in route} == LISTS | set(NAMING) | NAMELESS


@pytest.mark.parametrize(("name", "method", "route"), [one for one in routes() if "<" in one[2]])
def test_what_is_alices_is_not_there_for_charlie(
    name: str, method: str, route: str, things: Things, api: APIClient, charlies_api: APIClient
) -> None:
    before = rows()
    answered = call(charlies_api, name, method, url_of(route, things), things)
    assert answered.status_code == 404, answered.content
    assert not [text for text in things.texts() if text in answered.content.decode()]
    assert rows() == before
    theirs = call(charlies_api, name, method, url_of(route, _nobodys()), things)
    assert theirs.json() == answered.json()  # nor can it be told from what doesn't exist
    mine = call(api, name, method, url_of(route, things), things)
    assert mine.status_code != 404, mine.content  # the row is right: it is there for Alice


def _nobodys() -> Things:
    return Things(*(str(uuid.uuid4()) for _ in range(5)))


@pytest.mark.parametrize(("name", "method"), sorted(LISTS))
def test_lists_show_charlie_nothing_of_alices(
    name: str, method: str, things: Things, api: APIClient, charlies_api: APIClient
) -> None:
    route = next(route for other, _, route in routes() if other == name)
    assert getattr(api, method)(f"/api/v1/{route}").json()["count"] == 1
    answered = getattr(charlies_api, method)(f"/api/v1/{route}")
    assert (answered.json()["count"], answered.json()["results"]) == (0, [])


@pytest.mark.parametrize(
    ("name", "number"), [(name, number) for (name, _), bodies in NAMING.items() for number in range(len(bodies))]
)
def test_bodies_cant_name_what_is_alices(name: str, number: int, things: Things, charlies_api: APIClient) -> None:
    before = rows()
    body = NAMING[name, "post"][number](things)
    answered = charlies_api.post(f"/api/v1/{name}/", body, format="json")
    assert answered.status_code == 404, answered.content
    assert not [text for text in things.texts() if text in answered.content.decode()]
    assert rows() == before


def test_alices_question_cant_be_asked_about_in_charlies_session(
    things: Things, document: DocumentFactory, charlie: User, charlies_api: APIClient
) -> None:
    own = start(charlies_api, document(owner=charlie))
    for kind, more in (("answers", {"text": "x"}), ("hints", {})):
        body = {"question_id": things.question_id, **more}
        answered = charlies_api.post(f"/api/v1/sessions/{own['id']}/{kind}/", body, format="json")
        assert answered.status_code == 404, answered.content
    assert Question.objects.get(public_id=things.question_id).hints_given == 0


def test_filters_and_bytes_dont_tell_what_alice_has(things: Things, charlies_api: APIClient) -> None:
    assert charlies_api.get("/api/v1/sessions/", {"document": things.document_id}).json()["count"] == 0
    same_bytes = SimpleUploadedFile("mine.md", MEMORY.encode())
    answered = charlies_api.post("/api/v1/documents/", {"file": same_bytes}, format="multipart").json()
    assert answered["is_new"] is True
    assert answered["id"] != things.document_id
