"""A page asks the database as often for 200 documents and 10,000 answers as for a handful."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from benchmarks.library_of_200 import Library, build_library
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from hellotutor.accounts.models import User

pytestmark = pytest.mark.django_db

# How often each page asks; the visitor's session and account are two of them.
QUERIES: dict[str, tuple[int, Callable[[Library], str]]] = {
    "home": (7, lambda library: "/"),
    "document": (7, lambda library: f"/documents/{library.document.public_id}/"),
    "progress": (4, lambda library: f"/documents/{library.document.public_id}/progress/"),
    "reader": (8, lambda library: f"/documents/{library.document.public_id}/pages/1/"),
    "sessions": (4, lambda library: "/study/"),
    "sessions of a document": (5, lambda library: f"/study/?document={library.document.public_id}"),
    "start": (4, lambda library: "/study/start/"),
    "session": (7, lambda library: f"/study/{library.open_session.public_id}/"),
    "finished session": (8, lambda library: f"/study/{library.finished_session.public_id}/"),
    "chat": (6, lambda library: "/chat/"),
    "conversation": (8, lambda library: f"/chat/{library.conversation.public_id}/"),
    "insights": (7, lambda library: "/insights/"),
    "insights of a session": (8, lambda library: f"/insights/{library.finished_session.public_id}/"),
    "account": (3, lambda library: "/account/"),
}


def count_queries(library: Library) -> dict[str, int]:
    """Return how often each page asks, of a client that has asked before."""
    client = Client(HTTP_HOST="localhost")
    client.force_login(library.owner)
    counts = {}
    for name, (_, address) in QUERIES.items():
        headers = {"HX-Request": "true"} if name == "progress" else {}
        client.get(address(library), headers=headers)
        with CaptureQueriesContext(connection) as asked:
            response: Any = client.get(address(library), headers=headers)
        assert response.status_code == 200, name
        counts[name] = len(asked)
    return counts


def test_pages_ask_as_often_with_many_rows_as_with_few() -> None:
    few = build_library(User.objects.create_user("few@example.org"), documents=3, answers=60, pages=3, conversations=2)
    many = build_library(User.objects.create_user("many@example.org"), pages=5)
    pinned = {name: count for name, (count, _) in QUERIES.items()}
    assert count_queries(few) == pinned
    assert count_queries(many) == pinned
