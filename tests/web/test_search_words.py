"""What pages say of search while the vectors in force can't be asked."""

from __future__ import annotations

import pytest
from django.test import Client
from tests.document_factory import DocumentFactory

from hellotutor.config.vectors import find_serving
from hellotutor.retrieval import vector_sets
from hellotutor.retrieval.base import IndexStamp

OTHER = IndexStamp("somebody/large", "3", 1_024)


@pytest.mark.parametrize(
    ("place", "line", "notice"),
    [
        ("local", "your documents were prepared for search by meaning with another model", "hellotutor reindex"),
        ("pinecone/elsewhere", "search by meaning can’t be reached", "where this service can"),
    ],
)
def test_pages_and_replies_say_why_search_is_by_words(
    client: Client, document: DocumentFactory, place: str, line: str, notice: str
) -> None:
    document()
    vector_sets.enter(place, OTHER)
    find_serving(is_fresh=True)
    account = client.get("/account/").content.decode()
    assert "Search is by words only." in account
    assert line.replace("’", "&#x27;") in account
    reply = client.post("/chat/", {"message": "What holds the genetic material of a cell?"}, follow=True)
    text = reply.content.decode()
    assert "The nucleus is the part of a cell" in text
    assert notice in text
