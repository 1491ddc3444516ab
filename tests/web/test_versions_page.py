"""Replacing a document, stopping its reading and going on with it, on its page."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from tests.versions import PARTS, add, long_text, read_all, read_some, replace

from hellotutor.accounts.models import User
from hellotutor.core import clock
from hellotutor.documents.models import Document, DocumentVersion
from hellotutor.ingestion.progress import describe_progress, describe_replacement
from hellotutor.tutoring.models import Conversation, Message

pytestmark = pytest.mark.django_db
Status = DocumentVersion.Status
HTMX = {"HX-Request": "true"}
NEW = "# Hearts\n\nThe heart has four chambers.\n"


@pytest.fixture
def old(alice: User, tmp_path: Path) -> DocumentVersion:
    """A version that has been read."""
    version = add(alice, tmp_path, long_text())
    read_all(version)
    return version


def address(version: DocumentVersion, action: str = "") -> str:
    return f"/documents/{version.document.public_id}/{action}"


def send(client: Client, version: DocumentVersion, text: str = NEW, name: str = "hearts.md") -> str:
    """Send a file in a document's place; return the page that follows."""
    file = SimpleUploadedFile(name, text.encode())
    return client.post(address(version, "versions/"), {"file": file}, follow=True).content.decode()


def test_a_new_file_is_shown_beside_the_old_one_until_it_is_read(client: Client, old: DocumentVersion) -> None:
    page = send(client, old)
    assert "hearts.md takes this document&#x27;s place when it has been read." in page
    assert "New file: <bdi>hearts.md</bdi>" in page
    assert "Start studying" in page, "the old one is studied"
    assert 'hx-trigger="every 1s"' in page
    assert "New file: waiting" in client.get("/").content.decode()
    new = old.document.versions.get(number=2)
    known = {"known": "all-1"}
    assert "HX-Refresh" not in client.get(address(old, "progress/"), known, headers=HTMX).headers
    read_all(new)
    part = client.get(address(old, "progress/"), known, headers=HTMX).content.decode()
    assert "A new file has taken its place" in part
    assert "hearts.md" in client.get(address(old)).content.decode()


def test_the_very_file_again_and_another_documents_file_change_nothing(
    client: Client, alice: User, old: DocumentVersion, tmp_path: Path
) -> None:
    assert "nothing has changed" in send(client, old, long_text())
    add(alice, tmp_path, NEW, "hearts.md")
    assert "You have this very file already, as “hearts.md”." in send(client, old)
    assert "It is empty" in send(client, old, "")
    assert "No file was chosen" in client.post(address(old, "versions/"), follow=True).content.decode()
    assert old.document.versions.count() == 1


def test_a_new_file_that_failed_says_why_and_is_tried_again_or_discarded(client: Client, old: DocumentVersion) -> None:
    send(client, old)
    new = old.document.versions.filter(number=2)
    new.update(status=Status.FAILED, error_code="no_text", error_message="It holds no text.")
    page = client.get(address(old)).content.decode()
    assert "It holds no text." in page
    assert "You go on studying the old file." in page
    assert "It holds no text." in client.get("/").content.decode()
    client.post(address(old, "retry/"))
    assert new.get().status == Status.QUEUED
    assert "The new file is discarded" in client.post(address(old, "discard/"), follow=True).content.decode()
    assert list(old.document.versions.all()) == [old]


def test_reading_is_stopped_and_gone_on_with(client: Client, alice: User, tmp_path: Path) -> None:
    version = add(alice, tmp_path, long_text())
    read_some(version)
    assert "Stop reading" in client.get(address(version)).content.decode()
    page = client.post(address(version, "cancel/"), follow=True).content.decode()
    assert "Incomplete" in page
    assert "Go on" in page
    assert "Start studying" in page
    assert "every 1s" not in page
    beyond = client.get(address(version, f"pages/{PARTS}/")).content.decode()
    assert "Reading was stopped before it came to this page" in beyond
    client.post(address(version, "retry/"))
    version.refresh_from_db()
    assert version.status == Status.QUEUED


def test_a_part_of_what_is_incomplete_can_be_chosen(client: Client, alice: User, tmp_path: Path) -> None:
    version = add(alice, tmp_path, long_text())
    read_some(version)
    DocumentVersion.objects.update(status=Status.FAILED, error_message="The file ends early.")
    chosen = {"document": str(version.document.public_id), "scope": "sections", "section": "Part 999"}
    assert "Headings are: " in client.post("/study/start/", chosen).content.decode(), "not that it is still being read"


def test_a_source_in_a_file_that_was_replaced_leads_to_no_page(
    client: Client, alice: User, old: DocumentVersion, tmp_path: Path
) -> None:
    talk = Conversation.objects.create(owner=alice, title="Organs")
    citation = {
        "number": 1,
        "document": "body.md",
        "document_id": str(old.document.public_id),
        "version_id": str(old.public_id),
        "page": None,
        "page_label": "",
        "page_ordinal": 0,
        "section": "Part 1",
        "quote": "Organ number 1 keeps it.",
        "start": 0,
        "end": 9,
    }
    Message.objects.create(
        conversation=talk, role=Message.Role.TUTOR, text="It does. [1]", citations=[citation], state="complete"
    )
    assert "Open the page" in client.get(f"/chat/{talk.public_id}/").content.decode()
    read_all(replace(old.document, tmp_path, NEW))
    page = client.get(f"/chat/{talk.public_id}/").content.decode()
    assert "Organ number 1 keeps it." in page
    assert "Replaced by a new file since" in page
    assert "Open the page" not in page
    gone = client.get(address(old, f"pages/{PARTS}/"), {"start": "0", "end": "9"})
    assert (gone.status_code, "the document ends with page 1" in gone.content.decode()) == (404, True)


def version_like(**fields: object) -> DocumentVersion:
    return DocumentVersion(document=Document(title="A book"), reader="pdf-1", **fields)


def test_it_says_whether_it_waits_is_worked_on_or_is_tried_again() -> None:
    now = clock.now()
    read = {"status": Status.READING, "pages_total": 9, "pages_read": 4, "passages_read": 30}
    leased = {"lease_until": now + timedelta(seconds=60)}
    later = {"not_before": now + timedelta(minutes=5), "error_message": "The storage didn't answer."}
    so_far = "4 of 9 pages are read, and you can study these already."

    def line(**fields: object) -> str:
        return describe_progress(version_like(**fields), is_search_by_words=False).line

    assert line(status=Status.QUEUED) == "It waits for its turn to be read."
    assert line(status=Status.QUEUED, **leased) == "It is being read."
    assert line(**read, **leased) == so_far
    assert line(**read) == f"{so_far} The rest waits for its turn."
    at = f"It is tried again at {later['not_before']:%H:%M} UTC."
    assert line(**read, **later) == f"{so_far} The storage didn't answer. {at}"
    assert line(status=Status.QUEUED, **later) == f"The storage didn't answer. {at}"
    assert describe_replacement(version_like(**read, **leased)).line == "4 of 9 pages of it are read."
    assert describe_replacement(version_like(**read)).line == "4 of 9 pages of it are read. It waits for its turn."
