"""Documents over the API."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django_tasks_db.models import DBTaskResult
from rest_framework.test import APIClient
from tests.api.conftest import MEMORY, DocumentFactory, assert_problem, client_of, upload

from hellotutor.accounts.models import User
from hellotutor.api.views.documents import _look
from hellotutor.core import clock
from hellotutor.documents.models import Document, DocumentVersion, Page

pytestmark = pytest.mark.django_db
DOCUMENTS = "/api/v1/documents/"


def queued() -> int:
    return DBTaskResult.objects.count()


def test_an_upload_is_kept_and_queued(api: APIClient, django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        answer = upload(api)
    assert answer.status_code == 202
    body = answer.json()
    assert body["is_new"] is True
    assert (body["title"], body["filename"], body["status"]) == ("memory.md", "memory.md", "queued")
    assert body["size_bytes"] == len(MEMORY.encode())
    assert body["error"] is None
    assert set(body["progress"]) == {
        "pages_total",
        "pages_read",
        "pages_damaged",
        "passages_read",
        "passages_embedded",
        "seconds",
        "retry_at",
        "is_worked_on",
        "sentence",
    }
    assert DocumentVersion.objects.get().document.public_id == uuid.UUID(body["id"])
    assert queued() == 1


def test_the_same_bytes_again_are_the_document_that_is_there(api: APIClient, document: DocumentFactory) -> None:
    there = document()
    answer = upload(api, name="copy.md")
    body = answer.json()
    assert (answer.status_code, body["id"], body["is_new"]) == (202, str(there.public_id), False)
    assert body["filename"] == there.current_version.filename != "copy.md"
    assert Document.objects.count() == 1


def test_a_file_too_large_is_refused_with_413(api: APIClient, settings: Any) -> None:
    settings.MAX_FILE_BYTES = 10
    assert_problem(upload(api), 413, "file_too_large")
    assert not Document.objects.exists()


@pytest.mark.parametrize(("text", "code"), [("", "empty_file"), ("PK\x03\x04" + "\x00" * 60, "unsupported_type")])
def test_a_file_that_cant_be_read_is_refused_with_its_reason(api: APIClient, text: str, code: str) -> None:
    assert_problem(upload(api, text=text), 422, code)


def test_a_form_without_its_file_names_the_field(api: APIClient) -> None:
    problem = assert_problem(api.post(DOCUMENTS, {"other": "1"}, format="multipart"), 422, "invalid")
    assert list(problem["errors"]) == ["file"]


def test_json_is_no_document(api: APIClient) -> None:
    assert_problem(api.post(DOCUMENTS, {"file": "x"}, format="json"), 415, "unsupported_media_type")


def test_the_list_is_paged_filtered_and_newest_first(api: APIClient, document: DocumentFactory) -> None:
    for number in range(3):
        document(MEMORY + f"\n\nNumber {number}.", filename=f"part-{number}.md", is_read=number == 0)
    first = api.get(DOCUMENTS, {"page_size": 2}).json()
    assert first["count"] == 3
    assert [item["title"] for item in first["results"]] == ["part-2.md", "part-1.md"]
    assert first["previous"] is None
    second = api.get(first["next"]).json()
    assert [item["title"] for item in second["results"]] == ["part-0.md"]
    assert [item["title"] for item in api.get(DOCUMENTS, {"status": "embedding"}).json()["results"]] == ["part-0.md"]
    assert [item["title"] for item in api.get(DOCUMENTS, {"q": "PART-1"}).json()["results"]] == ["part-1.md"]
    assert_problem(api.get(DOCUMENTS, {"status": "nonsense"}), 422, "invalid")
    assert_problem(api.get(DOCUMENTS, {"page": "9"}), 404, "not_found")
    assert_problem(api.get(DOCUMENTS, {"page": "x"}), 422, "invalid")


def test_the_list_takes_the_same_queries_however_long_it_is(
    api: APIClient, document: DocumentFactory, django_assert_num_queries: Any
) -> None:
    api.get(DOCUMENTS)  # the token's last use is kept to the minute
    for number in range(4):
        document(MEMORY + f"\n\nNumber {number}.", filename=f"part-{number}.md", is_read=False)
    with django_assert_num_queries(4):  # the token, the count, the page, the versions of these documents
        assert len(api.get(DOCUMENTS).json()["results"]) == 4


def test_a_failed_document_says_why_and_can_be_tried_again(
    api: APIClient, document: DocumentFactory, django_capture_on_commit_callbacks: Any
) -> None:
    shown = document(is_read=False)
    url = f"{DOCUMENTS}{shown.public_id}/"
    assert_problem(api.post(f"{url}retry/"), 409, "not_failed")
    DocumentVersion.objects.update(status="failed", error_code="reading_failed", error_message="It can't be read.")
    assert api.get(url).json()["error"] == {"code": "reading_failed", "message": "It can't be read."}
    with django_capture_on_commit_callbacks(execute=True):
        answer = api.post(f"{url}retry/")
    assert (answer.status_code, answer.json()["status"], answer.json()["error"]) == (202, "queued", None)
    assert queued() == 1


def test_a_document_whose_embedding_failed_says_so_and_can_be_tried_again(
    api: APIClient, document: DocumentFactory, django_capture_on_commit_callbacks: Any
) -> None:
    url = f"{DOCUMENTS}{document().public_id}/"
    assert_problem(api.post(f"{url}retry/"), 409, "not_failed")  # nothing went wrong: it is worked on
    DocumentVersion.objects.update(error_code="embedding_failed", error_message="Try it again.")
    shown = api.get(url).json()
    assert (shown["status"], shown["error"]["code"]) == ("embedding", "embedding_failed")
    with django_capture_on_commit_callbacks(execute=True):
        answer = api.post(f"{url}retry/")
    assert (answer.status_code, answer.json()["status"], answer.json()["error"]) == (202, "embedding", None)
    assert queued() == 1


def test_sending_a_failed_document_again_tries_it_again(api: APIClient, document: DocumentFactory) -> None:
    document(is_read=False)
    DocumentVersion.objects.update(status="failed", error_code="reading_failed")
    assert upload(api).json()["status"] == "queued"


def test_a_page_is_read_by_its_number_from_one(api: APIClient, document: DocumentFactory) -> None:
    shown = document()
    pages = list(Page.objects.order_by("ordinal"))
    url = f"{DOCUMENTS}{shown.public_id}/pages/"
    first = api.get(f"{url}1/").json()
    assert (first["ordinal"], first["text"], first["count"]) == (1, pages[0].text, len(pages))
    assert first["is_last"] is False
    assert api.get(f"{url}{len(pages)}/").json()["is_last"] is True
    for number in (0, len(pages) + 1, 10**30):
        assert_problem(api.get(f"{url}{number}/"), 404, "not_found")


def test_a_deleted_document_is_gone(api: APIClient, document: DocumentFactory) -> None:
    url = f"{DOCUMENTS}{document().public_id}/"
    assert api.delete(url).status_code == 204
    assert_problem(api.get(url), 404, "not_found")
    assert not DocumentVersion.objects.exists()


def test_a_read_only_token_may_look_and_not_touch(alice: User, document: DocumentFactory) -> None:
    reader = client_of(alice, is_read_only=True)
    url = f"{DOCUMENTS}{document().public_id}/"
    assert reader.get(url).status_code == 200
    assert_problem(reader.delete(url), 403, "read_only_token")
    assert_problem(upload(reader), 403, "read_only_token")


def test_a_filename_is_only_its_last_part(api: APIClient) -> None:
    file = SimpleUploadedFile("x.md", MEMORY.encode())
    file._name = "../../etc/passwd.md"
    assert api.post(DOCUMENTS, {"file": file}, format="multipart").json()["filename"] == "passwd.md"


def replace(api: APIClient, document: Document, text: str = "# New\n\nOther words.\n", **headers: str) -> Any:
    """Send a file in a document's place; return the answer."""
    file = SimpleUploadedFile("new.md", text.encode())
    url = f"{DOCUMENTS}{document.public_id}/versions/"
    return api.post(url, {"file": file}, format="multipart", headers=headers)


def test_a_new_file_is_told_of_beside_the_document_until_it_is_read(
    api: APIClient, document: DocumentFactory, django_capture_on_commit_callbacks: Any
) -> None:
    shown = document()
    with django_capture_on_commit_callbacks(execute=True):
        answer = replace(api, shown)
    assert (answer.status_code, queued()) == (202, 1)
    body = answer.json()
    assert (body["id"], body["filename"], body["status"]) == (str(shown.public_id), "memory.md", "embedding")
    assert body["is_new"] is True
    replacement = body["replacement"]
    assert (replacement["filename"], replacement["status"], replacement["error"]) == ("new.md", "queued", None)
    assert replacement["progress"]["sentence"] == "It waits for its turn to be read."
    (listed,) = api.get(DOCUMENTS).json()["results"]
    assert (listed["filename"], listed["replacement"]) == ("memory.md", replacement)
    new = DocumentVersion.objects.filter(number=2)
    new.update(status="failed", error_code="no_text", error_message="It holds no text.")
    failed = api.get(f"{DOCUMENTS}{shown.public_id}/").json()
    assert failed["error"] is None
    assert failed["replacement"]["error"] == {"code": "no_text", "message": "It holds no text."}


def test_a_new_file_is_tried_again_or_given_up(api: APIClient, document: DocumentFactory) -> None:
    shown = document()
    url = f"{DOCUMENTS}{shown.public_id}/"
    replace(api, shown)
    assert api.post(f"{url}cancel/").json()["replacement"]["status"] == "cancelled"
    assert shown.current_version.status == "embedding", "the document itself is worked on further"
    assert api.post(f"{url}retry/").json()["replacement"]["status"] == "queued"
    for _ in range(2):
        assert api.delete(f"{url}replacement/").status_code == 204
        assert api.get(url).json()["replacement"] is None


def test_a_new_file_with_the_documents_own_bytes_changes_nothing(api: APIClient, document: DocumentFactory) -> None:
    shown = document()
    same = replace(api, shown, MEMORY)
    assert (same.status_code, same.json()["is_new"], same.json()["replacement"]) == (200, False, None)
    document("# New\n\nOther words.\n", filename="other.md")
    assert "other.md" in assert_problem(replace(api, shown), 409, "bytes_elsewhere")["detail"]
    assert_problem(replace(api, shown, ""), 422, "empty_file")
    assert DocumentVersion.objects.count() == 2


def test_a_new_file_sent_twice_under_a_key_is_taken_once(api: APIClient, document: DocumentFactory) -> None:
    shown = document()
    first, second = (replace(api, shown, **{"Idempotency-Key": "once"}) for _ in range(2))
    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.json() == first.json()
    assert shown.versions.count() == 2


def test_when_it_is_tried_again_and_how_long_it_took_is_told(api: APIClient, document: DocumentFactory) -> None:
    url = f"{DOCUMENTS}{document(is_read=False).public_id}/"
    later = clock.now() + timedelta(minutes=3)
    DocumentVersion.objects.update(working_s=12.34, not_before=later, error_message="The storage didn't answer.")
    body = api.get(url).json()
    assert (body["status"], body["error"]) == ("queued", None)
    progress = body["progress"]
    assert (progress["seconds"], progress["is_worked_on"]) == (12.3, False)
    assert datetime.fromisoformat(progress["retry_at"]) == later
    assert progress["sentence"].startswith("The storage didn't answer. It is tried again at ")
    DocumentVersion.objects.update(not_before=None, lease_until=later)
    progress = api.get(url).json()["progress"]
    assert (progress["retry_at"], progress["is_worked_on"]) == (None, True)


def test_a_document_is_watched_until_its_new_file_has_come_to_an_end(alice: User, document: DocumentFactory) -> None:
    shown = document()
    DocumentVersion.objects.update(status="indexed")
    assert _look(alice, shown.public_id)[1]
    replace(client_of(alice), shown)
    assert not _look(alice, shown.public_id)[1]
    DocumentVersion.objects.filter(number=2).update(status="failed", error_code="no_text")
    assert _look(alice, shown.public_id)[1]
