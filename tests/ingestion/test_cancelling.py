"""Stopping the reading of a document and going on with it; what was read by then can be studied all the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient
from tests.claimed import embed_claimed, read_claimed
from tests.ingestion.hashing_parts import hashing_parts
from tests.versions import MEMORY, PARTS, add, client_of, long_text, read_all, read_some

from hellotutor.accounts.models import User
from hellotutor.config import composition
from hellotutor.documents.models import DocumentVersion
from hellotutor.ingestion.claim import ClaimLost
from hellotutor.ingestion.progress import describe_progress
from hellotutor.ingestion.retries import retry_ingestion
from hellotutor.ingestion.services import cancel_ingestion
from hellotutor.tutoring.selectors import Scope
from hellotutor.tutoring.services import start_session
from hellotutor.tutoring.sittings import next_question

pytestmark = pytest.mark.django_db
Status = DocumentVersion.Status
EVERY_STATE = [Status.READING, Status.QUEUED, Status.CANCELLED, Status.FAILED]


@pytest.fixture
def alice() -> User:
    return User.objects.create_user("alice@example.org", name="Alice")


@pytest.fixture
def api(alice: User) -> APIClient:
    return client_of(alice)


@pytest.fixture
def version(alice: User, tmp_path: Path) -> DocumentVersion:
    """A long document that waits for being read."""
    return add(alice, tmp_path, long_text())


def address(version: DocumentVersion, action: str = "") -> str:
    return f"/api/v1/documents/{version.document.public_id}/{action}"


def test_what_is_being_read_is_stopped_with_what_has_been_read(version: DocumentVersion) -> None:
    reading = read_claimed(version, composition.ingestion_parts())
    next(reading)
    read = version.passages_read
    assert cancel_ingestion(version)
    with pytest.raises(ClaimLost):
        list(reading)
    version.refresh_from_db()
    assert (version.status, version.passages_read) == (Status.CANCELLED, read)
    assert 0 < version.passages.count() == read < PARTS


def test_it_goes_on_from_there_and_doubles_nothing(version: DocumentVersion) -> None:
    read_some(version)
    first = list(version.passages.values_list("pk", flat=True))
    cancel_ingestion(version)
    retry_ingestion(version)
    read_all(version)
    version.refresh_from_db()
    assert (version.status, version.passages_read, version.passages.count()) == (Status.EMBEDDING, PARTS, PARTS)
    assert set(first) < set(version.passages.values_list("pk", flat=True))


def test_making_its_vectors_is_stopped_and_gone_on_with_too(version: DocumentVersion) -> None:
    read_all(version)
    assert cancel_ingestion(version)
    version.refresh_from_db()
    told = describe_progress(version, is_search_by_words=False)
    assert (told.label, told.is_usable, told.is_retryable) == ("Stopped", True, True)
    retry_ingestion(version)
    read_all(version)
    for _ in embed_claimed(version, hashing_parts()):
        pass
    assert (version.status, version.passages_embedded) == (Status.INDEXED, PARTS)


def test_a_program_stops_a_document_and_goes_on_with_it(
    api: APIClient, version: DocumentVersion, django_capture_on_commit_callbacks: Any
) -> None:
    read_some(version)
    stopped = api.post(address(version, "cancel/"))
    assert (stopped.status_code, stopped.json()["status"], stopped.json()["error"]) == (202, "cancelled", None)
    assert "You can study what was read before that" in stopped.json()["progress"]["sentence"]
    again = api.post(address(version, "cancel/"))
    assert (again.status_code, again.json()["code"]) == (409, "not_being_read")
    with django_capture_on_commit_callbacks() as rings:
        gone_on = api.post(address(version, "retry/"))
    assert (gone_on.status_code, gone_on.json()["status"], len(rings)) == (202, "queued", 1)


def test_what_is_ready_is_not_stopped(api: APIClient, version: DocumentVersion) -> None:
    read_all(version)
    DocumentVersion.objects.update(status=Status.INDEXED)
    assert api.post(address(version, "cancel/")).json()["code"] == "not_being_read"
    version.refresh_from_db()
    assert version.status == Status.INDEXED


@pytest.mark.parametrize("status", EVERY_STATE)
def test_what_has_been_read_is_searched_and_quoted(api: APIClient, version: DocumentVersion, status: Status) -> None:
    read_some(version)
    DocumentVersion.objects.update(status=status, error_message="The file ends early.")
    said = api.post("/api/v1/chat/", {"message": "Which organ keeps the aaaabbium?"}, format="json").json()
    assert said["grounded"], said
    assert said["citations"][0]["page_ordinal"] == 1
    assert "Organ number 1 keeps the aaaabbium" in said["citations"][0]["quote"]
    assert "Organ number 1" in api.get(address(version, "pages/1/")).json()["text"]
    assert api.get(address(version, f"pages/{PARTS}/")).status_code == 404
    far = api.post("/api/v1/chat/", {"message": "Which organ keeps the aajjaaium?"}, format="json").json()
    assert "number 90" not in far["reply"]


@pytest.mark.parametrize("status", EVERY_STATE)
def test_what_has_been_read_is_asked_about(alice: User, tmp_path: Path, status: Status) -> None:
    version = add(alice, tmp_path, f"{MEMORY}\n\n{long_text()}")
    read_some(version)
    DocumentVersion.objects.update(status=status)
    scope = Scope(sections=("Three steps of a memory",))
    session = start_session(owner=alice, versions=[version], count=1, scope=scope, tutor=composition.tutor())
    asked = next_question(session=session, tutor=composition.tutor(), search=composition.search())
    assert asked
    assert asked.quote in " ".join(MEMORY.split())


def test_a_document_that_failed_in_the_middle_is_said_to_be_incomplete(version: DocumentVersion) -> None:
    read_some(version)
    version.status, version.error_message = Status.FAILED, "The file ends early."
    told = describe_progress(version, is_search_by_words=False)
    assert (told.label, told.is_usable, told.is_retryable, told.is_working) == ("Incomplete", True, True, False)
    assert told.line == f"The file ends early. You can study what was read before that: {version.pages_read} sections."
