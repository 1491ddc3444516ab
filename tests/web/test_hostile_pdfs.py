"""What a learner sees of a PDF whose pages can't be drawn."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.test import Client
from django.urls import reverse
from tests.claimed import read_claimed
from tests.hostile_pdfs import WORDS, draw_for_ever, take_all_memory

from hellotutor.accounts.models import User
from hellotutor.config.composition import ingestion_parts
from hellotutor.documents.models import Document
from hellotutor.ingestion.services import add_document


@pytest.fixture
def endless(alice: User, tmp_path: Path) -> Document:
    """A PDF that is read like any other, but whose page is drawn for ever."""
    path, parts = tmp_path / "endless.pdf", ingestion_parts()
    path.write_bytes(draw_for_ever())
    added = add_document(
        owner=alice, path=path, filename=path.name, storage=parts.storage, readers=parts.readers, max_bytes=10**6
    )
    for _ in read_claimed(added.version, parts):
        pass
    return added.version.document


def test_a_page_whose_picture_takes_for_ever_shows_its_text(client: Client, endless: Document) -> None:
    page = client.get(reverse("web:page", args=[endless.public_id, 1]))
    assert page.status_code == 200
    assert WORDS in page.content.decode()
    assert client.get(reverse("web:page_image", args=[endless.public_id, 1])).status_code == 503
    assert WORDS in client.get(reverse("web:page", args=[endless.public_id, 1])).content.decode()


def test_a_page_whose_measuring_ends_the_child_shows_its_text_and_says_so(client: Client, endless: Document) -> None:
    storage, key = storages["default"], endless.current_version.storage_key
    storage.save(key, ContentFile(take_all_memory()))
    body = client.get(reverse("web:page", args=[endless.public_id, 1])).content.decode()
    assert WORDS in body
    assert "can&#x27;t be drawn" in body
    assert "<img" not in body
