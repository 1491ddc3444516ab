"""`Idempotency-Key`: done once, answered alike."""

from __future__ import annotations

from datetime import timedelta

import pytest
from rest_framework.test import APIClient
from tests.api.conftest import MEMORY, DocumentFactory, answer, assert_problem, start, upload

from hellotutor.api.models import IdempotentRequest
from hellotutor.core import clock
from hellotutor.documents.models import Document
from hellotutor.tutoring.models import Conversation, Session

KEY = {"HTTP_IDEMPOTENCY_KEY": "one"}
SESSIONS = "/api/v1/sessions/"


@pytest.mark.django_db
def test_a_session_is_started_once(api: APIClient, document: DocumentFactory) -> None:
    body = {"document_ids": [str(document().public_id)], "count": 2}
    first = api.post(SESSIONS, body, format="json", **KEY)
    again = api.post(SESSIONS, dict(reversed(body.items())), format="json", **KEY)
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert Session.objects.count() == 1
    other = api.post(SESSIONS, {**body, "count": 3}, format="json", **KEY)
    assert_problem(other, 422, "idempotency_key_reused")


@pytest.mark.django_db
def test_an_upload_is_known_by_its_bytes(api: APIClient) -> None:
    first = upload(api, **KEY)
    again = upload(api, **KEY)
    assert (again.status_code, again.json()) == (202, first.json())
    assert again.headers["Idempotent-Replayed"] == "true"
    assert_problem(upload(api, text=MEMORY + "more", **KEY), 422, "idempotency_key_reused")
    assert_problem(upload(api, name="other.md", **KEY), 422, "idempotency_key_reused")
    assert Document.objects.count() == 1


@pytest.mark.django_db
def test_an_answer_a_hint_and_a_message_are_kept_once(api: APIClient, document: DocumentFactory) -> None:
    started = start(api, document())
    url, body = f"{SESSIONS}{started['id']}/answers/", {"question_id": started["question"]["id"], "text": "x"}
    first = api.post(url, body, format="json", **KEY)
    assert api.post(url, body, format="json", **KEY).json() == first.json()
    hint = {"question_id": first.json()["next_question"]["id"]}
    three = {"HTTP_IDEMPOTENCY_KEY": "three"}
    hinted = api.post(f"{SESSIONS}{started['id']}/hints/", hint, format="json", **three).json()
    assert hinted["rung"] == 1
    assert api.post(f"{SESSIONS}{started['id']}/hints/", hint, format="json", **three).json() == hinted
    said = {"message": "Why do we forget?"}
    two = {"HTTP_IDEMPOTENCY_KEY": "two"}
    reply = api.post("/api/v1/chat/", said, format="json", **two).json()
    assert api.post("/api/v1/chat/", said, format="json", **two).json() == reply
    assert Conversation.objects.count() == 1


@pytest.mark.django_db
def test_the_same_key_of_somebody_else_is_another_key(
    api: APIClient, charlies_api: APIClient, document: DocumentFactory
) -> None:
    body = {"document_ids": [str(document().public_id)], "count": 2}
    api.post(SESSIONS, body, format="json", **KEY)
    assert_problem(charlies_api.post(SESSIONS, body, format="json", **KEY), 404, "document_not_found")


@pytest.mark.django_db
def test_what_was_refused_may_be_sent_again(api: APIClient, document: DocumentFactory) -> None:
    body = {"document_ids": [str(document(is_read=False).public_id)]}
    assert_problem(api.post(SESSIONS, body, format="json", **KEY), 422, "not_read_yet")
    assert not IdempotentRequest.objects.exists()


@pytest.mark.django_db
def test_while_the_first_is_at_work_the_second_waits_and_a_dead_one_is_taken_over(
    api: APIClient, document: DocumentFactory
) -> None:
    body = {"document_ids": [str(document().public_id)], "count": 2}
    api.post(SESSIONS, body, format="json", **KEY)
    IdempotentRequest.objects.update(status=None, body=None)
    problem = assert_problem(api.post(SESSIONS, body, format="json", **KEY), 409, "request_in_progress")
    assert problem["retryable"] is True
    IdempotentRequest.objects.update(created_at=clock.now() - timedelta(minutes=6))
    assert api.post(SESSIONS, body, format="json", **KEY).status_code == 201
    assert Session.objects.count() == 2


@pytest.mark.django_db
def test_a_key_lasts_a_day(api: APIClient, document: DocumentFactory) -> None:
    body = {"document_ids": [str(document().public_id)], "count": 2}
    api.post(SESSIONS, body, format="json", **KEY)
    IdempotentRequest.objects.update(created_at=clock.now() - timedelta(hours=25))
    assert api.post(SESSIONS, {**body, "count": 1}, format="json", **KEY).status_code == 201
    assert IdempotentRequest.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["x" * 201, "tab\there", "umläut"])
def test_what_is_no_key_is_refused(api: APIClient, document: DocumentFactory, key: str) -> None:
    body = {"document_ids": [str(document().public_id)]}
    answered = api.post(SESSIONS, body, format="json", HTTP_IDEMPOTENCY_KEY=key)
    assert_problem(answered, 422, "idempotency_key_not_valid")


@pytest.mark.django_db
def test_no_key_keeps_nothing(api: APIClient, document: DocumentFactory) -> None:
    started = start(api, document())
    answer(api, started, started["question"], text="x")
    assert not IdempotentRequest.objects.exists()
