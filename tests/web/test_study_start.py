"""Starting a session on the web, and the list of sessions."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from hellotutor.accounts.models import User
from hellotutor.documents.models import Document, DocumentVersion
from hellotutor.tutoring.models import Session

from .conftest import DocumentFactory
from .study_steps import MEMORY, address, page, sit

pytestmark = pytest.mark.django_db


def test_the_form_starts_a_session_and_leads_to_its_first_question(client: Client, document: DocumentFactory) -> None:
    form = {"document": document().public_id, "count": "2", "scope": "everything"}
    response = client.post(reverse("web:start"), form)
    session = Session.objects.get()
    assert response.url == address("session", session)  # type: ignore[attr-defined]
    assert session.count == 2
    shown = page(client, session)
    assert session.questions.get().prompt in shown
    assert "Question 1 of 2" in shown


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"scope": "sections", "section": "Golgi"}, "No heading holds “Golgi”"),
        ({"scope": "pages", "page_first": "3", "page_last": "9"}, "This document has no pages"),
        ({"scope": "pages", "page_first": "9", "page_last": "3"}, "from and to, for example 12 and 30"),
        ({"scope": "pages", "page_first": "x"}, "from and to, for example 12 and 30"),
        ({"scope": "topic", "topic": ""}, "Write what the questions should be about"),
        ({"scope": "everything", "count": "101"}, "from 1 to 100"),
        ({"scope": "everything", "count": "0501"}, "from 1 to 100"),
    ],
)
def test_what_cannot_be_studied_is_told_on_the_form_which_keeps_what_was_chosen(
    fields: dict[str, str], words: str, client: Client, document: DocumentFactory
) -> None:
    chosen = document()
    response = client.post(reverse("web:start"), {"document": chosen.public_id, "count": "7", **fields})
    shown = response.content.decode()
    assert response.status_code == 422
    assert words in shown
    assert f'value="{chosen.public_id}" checked' in shown
    assert f'value="{fields["scope"]}" checked' in shown
    assert not Session.objects.exists()
    for name in ("section", "page_first", "page_last", "count"):
        assert f'name="{name}" value="{fields.get(name, "")}"' in shown or name == "count"


def test_a_document_that_is_still_being_read_is_not_started(client: Client, document: DocumentFactory) -> None:
    waiting = document(is_read=False)
    response = client.post(reverse("web:start"), {"document": waiting.public_id, "scope": "everything"})
    assert "still being read" in response.content.decode()


def test_a_text_without_fair_questions_is_told_in_words(client: Client, document: DocumentFactory) -> None:
    poem = document("La la la.\n\nLa la.\n", filename="la.md")
    response = client.post(reverse("web:start"), {"document": poem.public_id, "scope": "everything"})
    assert response.status_code == 422
    assert "No fair question" in response.content.decode()
    assert not Session.objects.exists()


def test_a_session_left_open_is_offered_before_another_one_is_made(client: Client, document: DocumentFactory) -> None:
    book = document()
    session = sit(book)
    form = {"document": book.public_id, "count": "3", "scope": "everything"}
    assert address("session", session) in client.post(reverse("web:start"), form).content.decode()
    assert Session.objects.count() == 1
    client.post(reverse("web:start"), {**form, "fresh": "1"})
    assert Session.objects.count() == 2


def test_the_form_says_how_many_documents_it_leaves_out(client: Client, alice: User, document: DocumentFactory) -> None:
    document()
    assert "not shown here" not in client.get(reverse("web:start")).content.decode()
    rows = Document.objects.bulk_create(Document(owner=alice, title=f"Book {number}") for number in range(201))
    fields = {"number": 1, "status": DocumentVersion.Status.INDEXED, "passages_read": 1, "size_bytes": 1}
    DocumentVersion.objects.bulk_create(
        DocumentVersion(document=row, owner=alice, filename="b.md", sha256=f"{number:064}", **fields)
        for number, row in enumerate(rows)
    )
    shown = client.get(reverse("web:start")).content.decode()
    assert "2 older documents not shown here" in shown
    assert shown.count('name="document"') == 200


def test_the_list_can_be_narrowed_to_a_document(client: Client, document: DocumentFactory) -> None:
    first = sit(document())
    other = document(MEMORY, filename="memory.md")
    second = sit(other)
    shown = client.get(f"{reverse('web:sessions')}?document={other.public_id}").content.decode()
    assert address("session", second) in shown
    assert address("session", first) not in shown


@pytest.mark.parametrize("number", [1, 15])
def test_the_list_costs_the_same_however_many_sessions(
    number: int, client: Client, alice: User, document: DocumentFactory, django_assert_num_queries: Any
) -> None:
    book = document()
    for _ in range(number):
        sit(book)
    with django_assert_num_queries(4):
        client.get(reverse("web:sessions"))
