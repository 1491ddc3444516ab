"""Charlie is signed in and owns nothing of Alice's: no page, form or list shows or changes any of it.

The cases come from the URL map: a route that isn't in `ROUTES` fails the suite until it says what it is.
"""

from __future__ import annotations

import uuid
from itertools import product
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from benchmarks.library_of_200 import Library, build_library
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, reverse
from fpdf import FPDF

from hellotutor.accounts.models import ApiToken, User
from hellotutor.documents.models import Document, DocumentVersion
from hellotutor.tutoring.models import Answer, Contest, Conversation, Message, Question, Session
from hellotutor.web import urls

pytestmark = pytest.mark.django_db

MARK = "quokkaquokka"
METHODS = ("get", "post", "put", "patch", "delete", "head", "options")
# `public` lets anybody in; `list` shows the visitor's rows; `row` names one by its id; `form` makes something new.
ROUTES = {
    "home": "list",
    "sign_in": "public",
    "use_link": "public",
    "sign_out": "public",
    "upload": "form",
    "add_sample": "form",
    "document": "row",
    "progress": "row",
    "replace": "row",
    "discard": "row",
    "cancel": "row",
    "retry": "row",
    "delete": "row",
    "original": "row",
    "page": "row",
    "page_image": "row",
    "sessions": "list",
    "start": "form",
    "session": "row",
    "next": "row",
    "finish": "row",
    "answer": "row",
    "hint": "row",
    "self_grade": "row",
    "contest": "row",
    "chat": "list",
    "conversation": "row",
    "delete_conversation": "row",
    "insights": "list",
    "session_insights": "row",
    "account": "list",
    "create_token": "form",
    "revoke_token": "row",
}
PATTERNS = {str(pattern.name): pattern for pattern in urls.urlpatterns if isinstance(pattern, URLPattern)}
ALICES_ROWS = (Document, DocumentVersion, Session, Question, Answer, Contest, Conversation, Message, ApiToken)
# enough for any of the forms to be taken
FIELDS = {
    "text": "Through a membrane.",
    "choice": "1",
    "attempt": "1",
    "count": "5",
    "verdict": "correct",
    "reason": "It is.",
    "message": f"What is osmosis? {MARK[:2]}",
    "name": "laptop",
}


def names(kind: str) -> list[str]:
    return [name for name, is_kind in ROUTES.items() if is_kind == kind]


def arguments(name: str) -> list[str]:
    return list(PATTERNS[name].pattern.converters)


def ids(library: Library) -> dict[str, Any]:
    """Return a value for each argument of a route."""
    answer = Answer.objects.filter(question__session=library.open_session)[0]
    return {
        "document_id": library.document.public_id,
        "ordinal": 1,
        "session_id": library.open_session.public_id,
        "question_id": library.waiting_question.public_id,
        "answer_id": answer.public_id,
        "conversation_id": library.conversation.public_id,
        "token_id": ApiToken.objects.for_user(library.owner)[0].public_id,
    }


def address(name: str, values: dict[str, Any]) -> str:
    return reverse(f"web:{name}", kwargs={argument: values[argument] for argument in arguments(name)})


def body(response: Any) -> bytes:
    """Return what was sent, streamed or not."""
    if not response.streaming:
        return bytes(response.content)

    async def gather() -> bytes:
        return b"".join([part async for part in response.streaming_content])

    return async_to_sync(gather)()


def assert_nothing_of_alices(response: HttpResponse) -> None:
    everything = body(response) + repr(response.headers).encode()
    assert MARK.encode() not in everything
    assert b"alice@" not in everything


def rows() -> list[Any]:
    return [list(model.objects.order_by("pk").values()) for model in ALICES_ROWS]


@pytest.fixture
def alices(alice: User) -> Library:
    return build_library(alice, documents=2, answers=30, pages=2, conversations=1, mark=MARK, original=pdf())


@pytest.fixture
def charlies(charlie: User) -> Library:
    return build_library(charlie, documents=1, answers=2, pages=1, conversations=1)


def pdf() -> bytes:
    document = FPDF()
    document.add_page()
    document.set_font("helvetica", size=12)
    document.cell(text=f"A page of Alice's, {MARK}.")
    return bytes(document.output())


def test_every_route_says_what_it_is() -> None:
    assert set(PATTERNS) == set(ROUTES)
    assert [name for name in ROUTES if arguments(name) and name not in names("row")] == ["use_link"]
    assert len(PATTERNS) == len(urls.urlpatterns)


@pytest.mark.parametrize("name", names("row"))
def test_charlie_gets_not_found_for_alices_row(name: str, alices: Library, charlies_client: Client) -> None:
    before = rows()
    url = address(name, ids(alices))
    answers = {method: getattr(charlies_client, method)(url, FIELDS) for method in METHODS}
    for response in answers.values():
        assert response.status_code in (404, 405)
        assert_nothing_of_alices(response)
    assert 404 in {answers["get"].status_code, answers["post"].status_code}
    assert rows() == before


@pytest.mark.parametrize("name", names("row"))
def test_charlie_sees_the_same_for_alices_row_as_for_none(name: str, alices: Library, charlies_client: Client) -> None:
    invented = {**dict.fromkeys(ids(alices), uuid.uuid4()), "ordinal": 1}
    for method in ("get", "post"):
        send = getattr(charlies_client, method)
        hers, nobodys = send(address(name, ids(alices)), FIELDS), send(address(name, invented), FIELDS)
        assert (hers.status_code, body(hers)) == (nobodys.status_code, body(nobodys))


@pytest.mark.parametrize("name", names("row"))
def test_htmx_shows_charlie_no_more(name: str, alices: Library, charlies_client: Client) -> None:
    url = address(name, ids(alices))
    for method in ("get", "post"):
        response = getattr(charlies_client, method)(url, FIELDS, headers={"HX-Request": "true"})
        assert response.status_code in (404, 405)
        assert_nothing_of_alices(response)


@pytest.mark.parametrize(
    "name", [name for name in names("row") if len(arguments(name)) > 1 and "ordinal" not in arguments(name)]
)
def test_charlies_own_id_opens_none_of_alices_beside_it(
    name: str, alices: Library, charlies: Library, charlies_client: Client
) -> None:
    hers, his = ids(alices), ids(charlies)
    wanted = [argument for argument in arguments(name) if argument != "ordinal"]
    before = rows()
    for sources in product((hers, his), repeat=len(wanted)):
        if all(source is his for source in sources):
            continue
        values = {
            "ordinal": 1,
            **{argument: source[argument] for argument, source in zip(wanted, sources, strict=True)},
        }
        for method in ("get", "post"):
            response = getattr(charlies_client, method)(address(name, values), FIELDS)
            assert response.status_code in (404, 405)
            assert_nothing_of_alices(response)
    assert rows() == before


@pytest.mark.parametrize("name", names("row"))
def test_alice_herself_is_let_in(name: str, alices: Library, client: Client) -> None:
    """Without this, an address that nobody can open would pass every test above."""
    url = address(name, ids(alices))
    statuses = set()
    for method in ("get", "post"):
        response = getattr(client, method)(url, FIELDS)
        body(response)  # a file that is sent is closed at its end
        statuses.add(response.status_code)
    assert statuses - {404, 405}
    assert max(statuses) < 500


@pytest.mark.parametrize("name", names("list"))
def test_charlies_lists_show_nothing_of_alices(
    name: str, alices: Library, charlies: Library, charlies_client: Client, client: Client
) -> None:
    response = charlies_client.get(reverse(f"web:{name}"))
    assert response.status_code == 200
    assert_nothing_of_alices(response)
    for value in ids(alices).values():
        assert not isinstance(value, uuid.UUID) or str(value).encode() not in body(response)
    assert MARK.encode() in body(client.get(reverse(f"web:{name}")))  # Alice's own list is not empty


@pytest.mark.parametrize("name", [name for name in ROUTES if ROUTES[name] != "public"])
def test_a_visitor_who_is_signed_out_is_sent_to_sign_in(name: str, alices: Library, visitors_client: Client) -> None:
    before = rows()
    for method in ("get", "post"):
        response = getattr(visitors_client, method)(address(name, ids(alices)), FIELDS)
        assert response.status_code in (302, 405)
        if response.status_code == 302:
            assert response["Location"].startswith(reverse("web:sign_in"))
        assert_nothing_of_alices(response)
    assert rows() == before


@pytest.mark.parametrize("name", ["start", "chat"])
@pytest.mark.parametrize("field", ["document", "documents", "document_id", "document_ids"])
def test_a_form_takes_none_of_alices_documents(
    name: str, field: str, alices: Library, charlies: Library, charlies_client: Client
) -> None:
    """Whatever a form calls its documents, Alice's are not taken from Charlie."""
    response = charlies_client.post(reverse(f"web:{name}"), {**FIELDS, field: str(alices.document.public_id)})
    assert response.status_code < 500
    assert_nothing_of_alices(response)
    assert not Session.objects.for_user(charlies.owner).filter(versions__owner=alices.owner).exists()
    assert not Conversation.objects.for_user(charlies.owner).filter(documents__owner=alices.owner).exists()
