"""What the tests of the API share: learners with tokens, and documents that were really read."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient
from tests.document_factory import DocumentFactory, document_factory

from hellotutor.accounts.models import User
from hellotutor.accounts.tokens import create_token
from hellotutor.documents.models import Document

MEMORY = resources.files("hellotutor.documents").joinpath("samples/how-memory-works.md").read_text(encoding="utf-8")


@pytest.fixture
def alice(db: None) -> User:
    return User.objects.create_user("alice@example.org", name="Alice")


@pytest.fixture
def charlie(db: None) -> User:
    return User.objects.create_user("charlie@example.org", name="Charlie")


def client_of(user: User, *, is_read_only: bool = False) -> APIClient:
    """Return a client with a token of `user`."""
    _, text = create_token(owner=user, name="tests", is_read_only=is_read_only)
    client = APIClient(HTTP_HOST="localhost")
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    return client


@pytest.fixture
def api(alice: User) -> APIClient:
    """Alice's client."""
    return client_of(alice)


@pytest.fixture
def charlies_api(charlie: User) -> APIClient:
    return client_of(charlie)


@pytest.fixture
def document(alice: User, tmp_path: Path) -> DocumentFactory:
    """Make documents, Alice's by default; they can be studied and searched by words."""
    return document_factory(tmp_path, alice, MEMORY, "memory.md")


def upload(api: APIClient, text: str = MEMORY, name: str = "memory.md", **headers: str) -> Any:
    """Send a file; return the answer."""
    file = SimpleUploadedFile(name, text.encode())
    return api.post("/api/v1/documents/", {"file": file}, format="multipart", **headers)


def start(api: APIClient, document: Document, count: int = 2, **more: Any) -> dict[str, Any]:
    """Start a session; return it."""
    body = {"document_ids": [str(document.public_id)], "count": count, **more}
    answer = api.post("/api/v1/sessions/", body, format="json")
    assert answer.status_code == 201, answer.content
    started: dict[str, Any] = answer.json()
    return started


def answer(api: APIClient, session: dict[str, Any], question: dict[str, Any], **given: Any) -> Any:
    """Answer a question; return the answer."""
    body = {"question_id": question["id"], **given}
    return api.post(f"/api/v1/sessions/{session['id']}/answers/", body, format="json")


def assert_problem(response: Any, status: int, code: str) -> dict[str, Any]:
    """Check that a problem was told as RFC 9457 has it; return it."""
    assert response.status_code == status, response.content
    assert response.headers["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["type"] == f"/api/docs/#problem-{code}"
    assert problem["title"] and problem["detail"]
    return problem
