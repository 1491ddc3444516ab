"""The reader: a page with the passage marked, its picture, and the way to other pages."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.files.storage import storages
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries
from tests.claimed import read_claimed

from hellotutor.accounts.models import User
from hellotutor.config.composition import ingestion_parts
from hellotutor.documents.models import Document
from hellotutor.ingestion.services import add_document

from .conftest import DocumentFactory

SCRIPT = "<script>alert(1)</script>"


def _address(document: Document, ordinal: int = 1, name: str = "page") -> str:
    return reverse(f"web:{name}", args=[document.public_id, ordinal])


@pytest.fixture
def book(alice: User, shared_data: Path) -> Document:
    """A real PDF of 352 pages, read."""
    parts = ingestion_parts()
    path = shared_data / "books" / "freeculture.pdf"
    added = add_document(
        owner=alice, path=path, filename=path.name, storage=parts.storage, readers=parts.readers, max_bytes=10**8
    )
    for _ in read_claimed(added.version, parts):
        pass
    return added.version.document


def test_a_section_is_shown_with_the_span_marked(client: Client, document: DocumentFactory) -> None:
    cells = document()
    page = cells.current_version.pages.get(ordinal=1)
    quote = "It is surrounded by a double membrane."
    start = page.text.index(quote)
    response = client.get(_address(cells, 2), {"start": start, "end": start + len(quote)})
    assert f'<mark id="passage" tabindex="-1">{quote}</mark>' in response.content.decode()
    assert "Section 2 of 3" in response.content.decode()


@pytest.mark.parametrize(
    ("start", "end"), [("9", "5"), ("0", "99999"), ("-1", "5"), ("a", "b"), ("", ""), ("²", "5"), ("1" * 50, "2" * 50)]
)
def test_offsets_that_name_no_span_mark_nothing(
    client: Client, document: DocumentFactory, start: str, end: str
) -> None:
    response = client.get(_address(document(), 2), {"start": start, "end": end})
    assert response.status_code == 200
    assert b"<mark" not in response.content


def test_paragraphs_stay_apart_and_no_text_is_lost(client: Client, document: DocumentFactory) -> None:
    text = "# One\n\nThe first paragraph\nruns on.\n\nThe second one.\n\n- an item\n- another item\n"
    body = client.get(_address(document(text))).content.decode()
    for paragraph in ("The first paragraph runs on.", "The second one.", "an item", "another item"):
        assert f'<p dir="auto">{paragraph}' in body


def test_hostile_text_and_titles_are_only_text(client: Client, document: DocumentFactory) -> None:
    hostile = document(f'# {SCRIPT} x\n\n&lt;b&gt; `{SCRIPT}` " onload=x\n', filename="a<img src=x>.md")
    body = client.get(_address(hostile)).content.decode()
    assert SCRIPT not in body
    assert "<img src=x>" not in body
    assert "onload=x" in body


def test_the_way_leads_to_the_neighbours_and_stops_at_the_ends(client: Client, document: DocumentFactory) -> None:
    cells = document()
    first, middle, last = (client.get(_address(cells, ordinal)).content.decode() for ordinal in (1, 2, 3))
    assert 'rel="prev"' not in first
    assert f'rel="next" href="{_address(cells, 2)}"' in first
    assert f'rel="prev" href="{_address(cells, 1)}"' in middle
    assert 'rel="next"' not in last


@pytest.mark.parametrize(("go", "ordinal"), [("2", 2), (" 3 ", 3), ("900", 3), ("0", 1), ("x", 1), ("", 1)])
def test_the_page_field_jumps_to_the_nearest_page(
    client: Client, document: DocumentFactory, go: str, ordinal: int
) -> None:
    cells = document()
    assert client.get(_address(cells), {"go": go}).headers["Location"] == _address(cells, ordinal)


def test_a_page_past_the_end_is_not_found(client: Client, document: DocumentFactory) -> None:
    cells = document()
    for ordinal in (0, 4, 10**9):
        assert client.get(_address(cells, ordinal)).status_code == 404


def test_a_document_still_being_read_says_so(client: Client, document: DocumentFactory) -> None:
    response = client.get(_address(document(is_read=False)))
    assert response.status_code == 200
    assert "still being read" in response.content.decode()


def test_a_document_that_failed_says_why(client: Client, document: DocumentFactory) -> None:
    failed = document(is_read=False)
    failed.versions.update(status="failed", error_message="It is a scan.")
    assert "It is a scan." in client.get(_address(failed)).content.decode()


def test_charlie_sees_neither_page_nor_picture(charlies_client: Client, document: DocumentFactory) -> None:
    cells = document()
    assert charlies_client.get(_address(cells)).status_code == 404
    assert charlies_client.get(_address(cells, name="page_image")).status_code == 404


def test_a_visitor_is_sent_to_sign_in(visitors_client: Client, document: DocumentFactory) -> None:
    cells = document()
    for name in ("page", "page_image"):
        assert reverse("web:sign_in") in visitors_client.get(_address(cells, name=name)).headers["Location"]


def test_a_section_has_no_picture(client: Client, document: DocumentFactory) -> None:
    cells = document()
    assert client.get(_address(cells, name="page_image")).status_code == 404
    assert b"<img" not in client.get(_address(cells)).content


def test_a_printed_page_is_drawn_with_its_passage_marked(client: Client, book: Document) -> None:
    page = book.current_version.pages.get(number=65)
    quote = "they therefore demanded that Jesse pay them at least $15,000,000."
    start = page.text.index(quote)
    body = client.get(_address(book, 65), {"start": start, "end": start + len(quote)}).content.decode()
    assert body.count("<rect ") == 2
    assert f'<mark id="passage" tabindex="-1">{quote}</mark>' in body
    address = _address(book, 65, "page_image")
    assert address in body
    picture = client.get(address)
    assert picture.headers["Content-Type"] == "image/png"
    assert picture.headers["Cache-Control"] == "private, no-cache", "it is gone with the visit"
    again = client.get(address, HTTP_IF_NONE_MATCH=picture.headers["ETag"])
    assert again.status_code == 304
    assert again.headers["Cache-Control"] == "private, no-cache"
    client.logout()
    assert client.get(address, HTTP_IF_NONE_MATCH=picture.headers["ETag"]).status_code == 302


def test_a_page_that_can_not_be_drawn_still_shows_its_text(client: Client, book: Document) -> None:
    storages["default"].delete(book.current_version.storage_key)
    response = client.get(_address(book, 65))
    assert response.status_code == 200
    assert "can&#x27;t be drawn" in response.content.decode()
    assert "Jesse called his parents." in response.content.decode()
    assert client.get(_address(book, 65, "page_image")).status_code == 503


def test_the_number_of_queries_does_not_grow_with_the_document(
    client: Client, document: DocumentFactory, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    small, large = document(), document("".join(f"# Part {n}\n\nText {n}.\n\n" for n in range(60)))
    for shown in (small, large):
        with django_assert_num_queries(7):
            client.get(_address(shown, 2))
