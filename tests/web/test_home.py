"""The first page: adding documents, what is being read, going on, and the list."""

from __future__ import annotations

from importlib import resources

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django_tasks_db.models import DBTaskResult
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks

from hellotutor.accounts.models import User
from hellotutor.documents.models import Document, DocumentVersion
from hellotutor.tutoring.models import Answer, Question, Session

from .conftest import DocumentFactory

pytestmark = pytest.mark.django_db
JSON = {"accept": "application/json"}
HTMX = {"HX-Request": "true"}
Status = DocumentVersion.Status


def text_file(name: str = "notes.md", text: str = "# Notes\n\nThe heart has four chambers.\n") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, text.encode())


def make_rows(owner: User, count: int, status: Status = Status.INDEXED) -> None:
    for number in range(count):
        row = Document.objects.create(owner=owner, title=f"Book {number:03}")
        DocumentVersion.objects.create(
            document=row, owner=owner, sha256=f"{owner.pk}-{number}", size_bytes=1, filename="b.txt", status=status
        )


def test_an_empty_home_invites_to_add_a_document(client: Client) -> None:
    page = client.get("/").content.decode()
    assert "Add your first document" in page
    assert 'type="file"' in page
    assert "Try the sample chapter" in page


def test_an_upload_is_kept_and_queued_and_leads_to_its_page(
    client: Client, alice: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post("/documents/", {"file": text_file()})
    version = DocumentVersion.objects.for_user(alice).get()
    assert response.headers["Location"] == f"/documents/{version.document.public_id}/"
    assert version.status == Status.QUEUED
    assert DBTaskResult.objects.count() == 1
    assert "notes.md is added" in client.get(response.headers["Location"]).content.decode()


def test_several_files_are_told_about_one_by_one(client: Client) -> None:
    files = [text_file(), SimpleUploadedFile("empty.txt", b""), SimpleUploadedFile("old.docx", b"PK\x03\x04 and more")]
    page = client.post("/documents/", {"file": files}, follow=True).content.decode()
    assert "notes.md is added" in page
    assert "empty.txt: It is empty" in page
    assert "old.docx: It is a ZIP archive or an office document" in page
    assert "empty.txt" not in client.get("/").content.decode(), "a notice is shown once"


def test_a_script_gets_what_became_of_each_file(client: Client) -> None:
    files = [text_file(), SimpleUploadedFile("empty.txt", b"")]
    kept, refused = client.post("/documents/", {"file": files}, headers=JSON).json()["files"]
    assert (kept["name"], kept["kind"], kept["code"]) == ("notes.md", "good", "")
    assert client.get(kept["url"]).status_code == 200
    assert (refused["kind"], refused["code"], refused["url"]) == ("error", "empty_file", "")


def test_the_same_bytes_again_lead_to_the_document_that_is_there(client: Client, alice: User) -> None:
    first = client.post("/documents/", {"file": text_file("first.md")}, headers=JSON).json()["files"][0]
    again = client.post("/documents/", {"file": text_file("again.md")}, headers=JSON).json()["files"][0]
    assert again["url"] == first["url"]
    assert "again.md is among your documents already, as “first.md”" in again["sentence"]
    assert Document.objects.for_user(alice).count() == 1


def test_the_same_bytes_of_another_learner_are_a_document_of_their_own(client: Client, charlies_client: Client) -> None:
    alices = client.post("/documents/", {"file": text_file()}, headers=JSON).json()["files"][0]
    charlies = charlies_client.post("/documents/", {"file": text_file()}, headers=JSON).json()["files"][0]
    assert alices["url"] != charlies["url"]
    assert "is added" in charlies["sentence"]


def test_a_file_past_the_limit_is_refused_by_name(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "MAX_FILE_BYTES", 10)
    answer = client.post("/documents/", {"file": text_file()}, headers=JSON).json()["files"][0]
    assert answer["code"] == "file_too_large"
    assert answer["sentence"].startswith("notes.md: ")


def test_a_form_without_a_file_says_what_to_do(client: Client) -> None:
    assert "No file was chosen" in client.post("/documents/", follow=True).content.decode()


def test_a_file_larger_than_memory_allows_is_taken_from_its_temporary_file(client: Client, alice: User) -> None:
    text = "The heart has four chambers. " * (settings.FILE_UPLOAD_MAX_MEMORY_SIZE // 29 + 100)
    client.post("/documents/", {"file": text_file("long.txt", text)})
    assert DocumentVersion.objects.for_user(alice).get().size_bytes == len(text)


def test_markup_in_a_file_name_is_shown_and_not_run(client: Client) -> None:
    name = "<img src=x onerror=alert(1)>.md"
    page = client.post("/documents/", {"file": text_file(name)}, follow=True).content.decode()
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page


def test_the_sample_is_the_text_that_comes_along(client: Client, alice: User) -> None:
    response = client.post("/documents/sample/", follow=True)
    sample = resources.files("hellotutor.documents").joinpath("samples/how-memory-works.md").read_bytes()
    assert DocumentVersion.objects.for_user(alice).get().size_bytes == len(sample)
    assert "how-memory-works.md" in response.content.decode()


def test_what_is_being_read_is_shown_and_asked_for_again(client: Client, document: DocumentFactory) -> None:
    document(is_read=False)
    page = client.get("/").content.decode()
    assert "Being read" in page
    assert "every 1500ms" in page


def test_the_list_is_told_to_follow_once_something_is_read(client: Client, document: DocumentFactory) -> None:
    version = document(is_read=False).current_version
    known = f"{version.pk}q"
    same = client.get("/", {"part": "working", "known": known}, headers=HTMX)
    assert "HX-Trigger" not in same.headers
    version.status = Status.INDEXED
    version.save()
    changed = client.get("/", {"part": "working", "known": known}, headers=HTMX)
    assert changed.headers["HX-Trigger"] == "documents-finished"
    assert "every" not in changed.content.decode(), "nothing is asked for when nothing is being read"


def test_sessions_that_were_left_are_offered_with_what_is_answered(client: Client, alice: User, charlie: User) -> None:
    session = Session.objects.create(owner=alice, title="Cells", count=5)
    evidence = {"document_title": "Cells", "page_ordinal": 0, "quote_start": 0, "quote_end": 1}
    for ordinal in (1, 2, 3):
        question = Question.objects.create(session=session, ordinal=ordinal, kind="cloze", **evidence)
        for attempt in range(1, ordinal):  # the third was tried twice, the first not at all
            Answer.objects.create(question=question, attempt=attempt)
    Session.objects.create(owner=alice, title="Done long ago", count=5, state=Session.State.FINISHED)
    Session.objects.create(owner=charlie, title="Charlie's own", count=5)
    page = client.get("/").content.decode()
    assert "2 of 5 answered" in page
    assert "Done long ago" not in page
    assert "Charlie" not in page


def test_a_document_that_can_not_be_read_says_why_and_can_be_deleted_in_the_list(client: Client, alice: User) -> None:
    make_rows(alice, 1, Status.FAILED)
    DocumentVersion.objects.update(error_code="no_text", error_message="It holds no text: it is a scan.")
    document = Document.objects.for_user(alice).get()
    page = client.get("/").content.decode()
    assert "It holds no text: it is a scan." in page
    assert f'action="/documents/{document.public_id}/delete/"' in page
    client.post(f"/documents/{document.public_id}/delete/")
    assert not Document.objects.exists()


def test_a_document_that_can_be_used_is_deleted_on_its_own_page_only(client: Client, alice: User) -> None:
    make_rows(alice, 1)
    assert "/delete/" not in client.get("/").content.decode()


def test_it_shows_nobody_elses_documents(charlies_client: Client, document: DocumentFactory) -> None:
    document(filename="alices-secret.md")
    assert "alices-secret" not in charlies_client.get("/").content.decode()
    assert "alices-secret" not in charlies_client.get("/", {"q": "secret"}).content.decode()


def test_titles_are_searched_and_pages_turned(client: Client, alice: User) -> None:
    make_rows(alice, 25)
    first = client.get("/").content.decode()
    assert "Page 1 of 2" in first
    assert "Book 024" in first
    assert "Book 004" not in first
    assert "Book 004" in client.get("/", {"page": "2"}).content.decode()
    found = client.get("/", {"q": "book 004"}).content.decode()
    assert "Book 004" in found
    assert "Book 024" not in found
    assert "No title holds" in client.get("/", {"q": "\x00nothing"}).content.decode()


@pytest.mark.parametrize("count", [1, 200])
def test_its_queries_are_as_many_for_200_documents_as_for_one(
    client: Client, alice: User, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    make_rows(alice, count)
    client.get("/")
    with django_assert_num_queries(7):  # visit, user, sessions, being read, count, documents, their versions
        client.get("/")


def test_nobody_sees_it_without_signing_in(visitors_client: Client) -> None:
    assert visitors_client.get("/").headers["Location"] == "/sign-in/?next=/"
    assert visitors_client.post("/documents/", {"file": text_file()}).status_code == 302
    assert not Document.objects.exists()
