"""The page of a document: how far it is, what it contains, and what can be done with it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.files.storage import storages
from django.test import AsyncClient, Client
from django_tasks_db.models import DBTaskResult
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks

from hellotutor.accounts.models import User
from hellotutor.documents.models import Document, DocumentVersion
from hellotutor.documents.selectors import outline
from hellotutor.ingestion.progress import describe_progress
from hellotutor.tutoring.models import Session

from .conftest import SAMPLE, DocumentFactory

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
Status = DocumentVersion.Status


def address(document: Document, action: str = "") -> str:
    return f"/documents/{document.public_id}/{action}"


def fail(document: Document) -> DocumentVersion:
    version = document.current_version
    version.status, version.error_code, version.error_message = Status.FAILED, "no_text", "It holds no text."
    version.save()
    return version


def test_its_headings_can_be_ticked_and_opened(client: Client, document: DocumentFactory) -> None:
    shown = document()
    page = client.get(address(shown)).content.decode()
    assert 'name="section" form="start" value="Cells › The nucleus"' in page
    opened = dict(re.findall(r'href="(pages/\d+/)" aria-label="Read ([^"]+)"', page))
    assert {"The nucleus", "Mitochondria"} <= set(opened.values())
    assert all(client.get(address(shown, page)).status_code == 200 for page in opened)


def test_of_very_many_headings_the_inner_ones_come_when_they_are_asked_for(
    client: Client, document: DocumentFactory
) -> None:
    shown = document("".join(f"# Outer {n}\n\nIt is one.\n\n## Inner {n}\n\nIt is two.\n\n" for n in range(200)))
    page = client.get(address(shown)).content.decode()
    assert "Outer 199" in page
    assert "Inner 199" not in page
    assert "Show all 400 headings" in page
    assert "Inner 199" in client.get(address(shown), {"contents": "all"}).content.decode()
    part = client.get(address(shown), {"part": "contents"}, headers=HTMX).content.decode()
    assert "Inner 199" in part
    assert "<html" not in part


def test_an_outline_nests_and_keeps_the_first_page_of_each_heading(document: DocumentFactory) -> None:
    version = document("# A\n\nOne is one.\n\n## B\n\nTwo is two.\n\n# C\n\nThree is three.\n").current_version
    tops = outline(version)
    assert [heading.title for heading in tops] == ["A", "C"]
    assert [heading.section for heading in tops[0].children] == ["A › B"]
    assert [tops[0].ordinal, tops[0].children[0].ordinal, tops[1].ordinal] == [1, 2, 3]


def test_the_form_offers_pages_only_where_there_are_some(client: Client, document: DocumentFactory) -> None:
    shown = document()
    assert "page_first" not in client.get(address(shown)).content.decode()
    shown.current_version.pages.update(number=1)
    assert "page_first" in client.get(address(shown)).content.decode()


def test_a_waiting_document_asks_again_and_offers_nothing_yet(client: Client, document: DocumentFactory) -> None:
    shown = document(is_read=False)
    page = client.get(address(shown)).content.decode()
    assert "waits for its turn" in page
    assert 'hx-trigger="every 1s"' in page
    assert "Start studying" not in page


def test_a_document_that_is_read_can_be_studied_while_it_is_being_embedded(document: DocumentFactory) -> None:
    version = document().current_version
    progress = describe_progress(version, is_search_by_words=False)
    assert progress.line == "You can study and ask now; search by meaning follows."
    assert progress.is_working
    assert progress.is_usable
    assert (progress.done, progress.total) == (0, version.passages_read)


def test_without_an_embedder_it_is_ready_once_it_is_read(document: DocumentFactory) -> None:
    progress = describe_progress(document().current_version, is_search_by_words=True)
    assert progress.label == "Ready"
    assert not progress.is_working


def test_where_embedding_was_given_up_it_says_so_and_can_be_tried_again(document: DocumentFactory) -> None:
    version = document().current_version
    version.error_code = "worker_died"
    progress = describe_progress(version, is_search_by_words=False)
    assert not progress.is_working
    assert progress.is_usable
    assert progress.is_retryable


def test_progress_asks_on_while_it_changes_and_then_has_the_page_loaded_anew(
    client: Client, document: DocumentFactory
) -> None:
    shown = document(is_read=False)
    waiting = client.get(address(shown, "progress/"), {"known": "nothing-1"}, headers=HTMX)
    assert "every 1s" in waiting.content.decode()
    assert "HX-Refresh" not in waiting.headers
    DocumentVersion.objects.update(status=Status.INDEXED)
    ready = client.get(address(shown, "progress/"), {"known": "nothing-1"}, headers=HTMX)
    assert ready.headers["HX-Refresh"] == "true"
    assert "hx-trigger" not in ready.content.decode()


def test_progress_takes_nothing_away_that_is_being_chosen(client: Client, document: DocumentFactory) -> None:
    shown = document()
    DocumentVersion.objects.update(status=Status.READING, pages_total=9)
    assert "progress/?known=some" in client.get(address(shown)).content.decode()
    DocumentVersion.objects.update(status=Status.INDEXED)
    ready = client.get(address(shown, "progress/"), {"known": "some-1"}, headers=HTMX)
    assert "HX-Refresh" not in ready.headers
    assert "Show all of its contents" in ready.content.decode()


def test_progress_in_a_plain_browser_is_the_page(client: Client, document: DocumentFactory) -> None:
    shown = document()
    assert client.get(address(shown, "progress/")).headers["Location"] == address(shown)


def test_a_failed_document_tells_why_and_can_be_tried_again(
    client: Client, document: DocumentFactory, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    shown = document(is_read=False)
    version = fail(shown)
    page = client.get(address(shown)).content.decode()
    assert "It holds no text." in page
    assert "no_text" in page
    with django_capture_on_commit_callbacks(execute=True):
        client.post(address(shown, "retry/"))
    version.refresh_from_db()
    assert (version.status, version.error_code, version.error_message) == (Status.QUEUED, "", "")
    assert DBTaskResult.objects.count() == 1


def test_trying_a_document_again_that_has_not_failed_changes_nothing(client: Client, document: DocumentFactory) -> None:
    shown = document()
    DocumentVersion.objects.update(status=Status.INDEXED)
    client.post(address(shown, "retry/"))
    assert shown.current_version.status == Status.INDEXED


def test_damaged_pages_are_said_plainly(client: Client, document: DocumentFactory) -> None:
    shown = document()
    DocumentVersion.objects.update(pages_damaged=2)
    assert "2 could not be read and are left out" in client.get(address(shown)).content.decode()


def test_its_sessions_lead_on_or_to_what_they_showed(client: Client, alice: User, document: DocumentFactory) -> None:
    shown = document()
    states = Session.State.ACTIVE, Session.State.FINISHED
    active, finished = [Session.objects.create(owner=alice, title="x", count=5, state=state) for state in states]
    for session in (active, finished):
        session.versions.add(shown.current_version)
    page = client.get(address(shown)).content.decode()
    assert f"/study/{active.public_id}/" in page
    assert f"/insights/{finished.public_id}/" in page


def test_deleting_removes_everything_and_says_so(client: Client, alice: User, document: DocumentFactory) -> None:
    shown = document()
    key = shown.current_version.storage_key
    page = client.post(address(shown, "delete/"), follow=True).content.decode()
    assert "“cells.md” is deleted." in page
    assert not Document.objects.for_user(alice).exists()
    assert not storages["default"].exists(key)


def test_the_address_of_a_deletion_deletes_nothing_when_it_is_merely_opened(
    client: Client, document: DocumentFactory
) -> None:
    shown = document()
    assert client.get(address(shown, "delete/")).status_code == 405
    assert Document.objects.filter(pk=shown.pk).exists()


def test_the_original_is_sent_as_it_was_and_never_shown(alice: User, document: DocumentFactory) -> None:
    shown = document(filename="é <b>.html.md")
    response, sent = async_to_sync(download)(alice, address(shown, "original/"))
    assert sent == SAMPLE.encode()
    assert response.headers["Content-Type"] == "application/octet-stream"
    assert response.headers["Content-Disposition"].startswith("attachment")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response.headers["Content-Security-Policy"]
    assert response.headers["Content-Length"] == str(len(sent))


async def download(user: User, url: str) -> tuple[Any, bytes]:
    """Fetch a file as the asynchronous server sends it."""
    browser = AsyncClient(headers={"host": "localhost"})
    await browser.aforce_login(user)
    response: Any = await browser.get(url)
    return response, b"".join([part async for part in response.streaming_content])


def test_an_original_that_is_lost_is_said_to_be(client: Client, document: DocumentFactory) -> None:
    shown = document()
    storages["default"].delete(shown.current_version.storage_key)
    response = client.get(address(shown, "original/"))
    assert response.status_code == 404
    assert "upload it again" in response.content.decode()


@pytest.mark.parametrize("action", ["", "progress/", "original/"])
def test_charlie_sees_nothing_of_it(charlies_client: Client, document: DocumentFactory, action: str) -> None:
    response = charlies_client.get(address(document(filename="alices-secret.md"), action))
    assert response.status_code == 404
    assert "alices-secret" not in response.content.decode()


@pytest.mark.parametrize("action", ["retry/", "delete/"])
def test_charlie_changes_nothing_of_it(charlies_client: Client, document: DocumentFactory, action: str) -> None:
    shown = document(is_read=False)
    fail(shown)
    assert charlies_client.post(address(shown, action)).status_code == 404
    assert shown.current_version.status == Status.FAILED


@pytest.mark.parametrize("count", [1, 250])
def test_its_queries_are_as_many_for_a_long_document_as_for_a_short_one(
    client: Client, document: DocumentFactory, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    shown = document("".join(f"# Heading {n}\n\nOrgan {n} is part of the body.\n\n" for n in range(count)))
    client.get(address(shown))
    with django_assert_num_queries(7):  # visit, user, document, version, has pages, headings, sessions
        client.get(address(shown))


def test_markup_in_headings_is_shown_and_not_run(client: Client, document: DocumentFactory) -> None:
    shown = document("# <script>alert(1)</script> \"quoted'\n\nThe heart has four chambers.\n")
    assert "<script>alert(1)" not in client.get(address(shown)).content.decode()
