"""What fails in a way that may pass is tried again, later and later; then it fails, and can be tried again by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django_tasks_db.models import DBTaskResult
from tests.ingestion import failing_parts
from tests.ingestion.failing_parts import FailingParts

from hellotutor.accounts.models import User
from hellotutor.accounts.tokens import create_token
from hellotutor.core import clock
from hellotutor.core.errors import Unavailable
from hellotutor.documents.models import DocumentVersion, Page
from hellotutor.ingestion.retries import retry_ingestion
from hellotutor.ingestion.services import add_document, replace_document
from hellotutor.ingestion.tasks import ingest_next
from hellotutor.monitoring import counts

pytestmark = pytest.mark.django_db

Status = DocumentVersion.Status
DOWN = Unavailable("index_down", "The index doesn't answer. Try it again.")
REFUSED = Unavailable("index_refused", "The index refuses the key: set another.", retryable=False)
FIRST_PAUSE_S, JITTER = 2.0, 0.2


@pytest.fixture
def failing(settings: Any) -> Iterator[FailingParts]:
    settings.INGESTION_PARTS = "tests.ingestion.failing_parts.failing_parts"
    settings.INGEST_ATTEMPTS = 3
    failing_parts.current = FailingParts()
    yield failing_parts.current
    failing_parts.current = None


@pytest.fixture
def owner() -> User:
    return User.objects.create_user("alice@example.org")


@pytest.fixture
def add(failing: FailingParts, owner: User, tmp_path: Path) -> Callable[[str, str], DocumentVersion]:
    def make(name: str, text: str) -> DocumentVersion:
        path = tmp_path / name
        path.write_text(text)
        parts = failing.parts
        return add_document(
            owner=owner, path=path, filename=name, storage=parts.storage, readers=parts.readers, max_bytes=10**7
        ).version

    return make


@pytest.fixture
def version(add: Callable[[str, str], DocumentVersion]) -> DocumentVersion:
    """A version of 300 sections with a passage each: three batches of vectors."""
    return add("tides.md", "\n\n".join(f"# Bay {n}\n\nThe tide of bay {n} rises twice a day." for n in range(300)))


def work(version: DocumentVersion) -> DocumentVersion:
    """Let the worker work until nothing waits that is due, and return the version as it is then."""
    ingest_next.func()
    version.refresh_from_db()
    return version


def let_pass(version: DocumentVersion) -> None:
    """Do as if the pause had passed."""
    DocumentVersion.objects.filter(pk=version.pk, not_before__isnull=False).update(not_before=clock.now())


def test_it_is_tried_again_after_a_pause_that_doubles(version: DocumentVersion, failing: FailingParts) -> None:
    failing.index.upserting.plan = [DOWN, DOWN]
    for attempt, pause_s in ((1, FIRST_PAUSE_S), (2, 2 * FIRST_PAUSE_S)):
        DBTaskResult.objects.all().delete()
        began_at = clock.now()
        work(version)
        assert (version.status, version.attempts, version.error_code) == (Status.EMBEDDING, attempt, "")
        assert version.error_message == DOWN.message
        assert version.lease_until is None
        assert version.not_before is not None
        assert version.not_before >= began_at + timedelta(seconds=pause_s * (1 - JITTER))
        assert version.not_before <= clock.now() + timedelta(seconds=pause_s * (1 + JITTER))
        (bell,) = DBTaskResult.objects.all()
        assert bell.run_after == version.not_before
        let_pass(version)
    work(version)
    assert (version.status, version.attempts, version.error_message) == (Status.INDEXED, 0, "")
    assert counts(1)["ingestion.postponed"] == 2


def test_nobody_takes_it_before_the_pause_has_passed(version: DocumentVersion, failing: FailingParts) -> None:
    failing.index.upserting.plan = [DOWN]
    work(version)
    DocumentVersion.objects.update(not_before=clock.now() + timedelta(minutes=5))
    assert ingest_next.func() == 0


def test_what_does_not_pass_fails_in_the_end_and_can_be_studied_where_it_was_read(
    version: DocumentVersion, failing: FailingParts
) -> None:
    failing.index.upserting.plan = [DOWN] * 3
    for _ in range(3):
        work(version)
        let_pass(version)
    assert (version.status, version.error_code, version.error_message) == (Status.EMBEDDING, DOWN.code, DOWN.message)
    assert version.attempts == 0
    assert ingest_next.func() == 0


def test_a_storage_that_does_not_answer_in_the_end_fails_the_reading(
    version: DocumentVersion, failing: FailingParts
) -> None:
    down = Unavailable("s3_unreachable", "S3 can't be reached. Try it again.")
    failing.storage.opening.plan = [down] * 3
    for _ in range(3):
        assert version.status == Status.QUEUED
        work(version)
        let_pass(version)
    assert (version.status, version.error_code) == (Status.FAILED, "s3_unreachable")
    retry_ingestion(version)
    assert work(version).status == Status.INDEXED


def test_progress_gives_back_all_attempts(version: DocumentVersion, failing: FailingParts, settings: Any) -> None:
    settings.INGEST_ATTEMPTS = 2
    failing.index.upserting.plan = [DOWN, None, DOWN, None, DOWN, None]
    for _ in range(4):
        work(version)
        let_pass(version)
    assert (version.status, version.error_code) == (Status.INDEXED, "")


@pytest.mark.parametrize(
    ("error", "code"), [(REFUSED, "index_refused"), (RuntimeError("secret words"), "embedding_failed")]
)
def test_what_can_not_pass_fails_at_once(
    error: Exception, code: str, version: DocumentVersion, failing: FailingParts
) -> None:
    failing.embedder.embedding.plan = [error]
    work(version)
    assert (version.error_code, version.attempts, version.not_before) == (code, 0, None)
    assert "secret" not in version.error_message
    assert "ingestion.postponed" not in counts(1)


def test_trying_again_goes_on_after_the_last_batch(version: DocumentVersion, failing: FailingParts) -> None:
    failing.index.upserting.plan = [None, REFUSED]
    work(version)
    assert (version.status, version.passages_embedded, version.error_code) == (Status.EMBEDDING, 128, REFUSED.code)
    retry_ingestion(version)
    work(version)
    assert (version.status, version.passages_embedded, version.error_code) == (Status.INDEXED, 300, "")
    assert failing.index.upserting.worked == [0, 128, 256]


def test_the_api_tries_again_what_failed_and_refuses_what_did_not(
    version: DocumentVersion, failing: FailingParts, owner: User
) -> None:
    failing.embedder.embedding.plan = [REFUSED]
    work(version)
    _, token = create_token(owner=owner, name="tests", is_read_only=False, expires_at=None)
    client = Client(HTTP_HOST="localhost", HTTP_AUTHORIZATION=f"Bearer {token}")
    path = f"/api/v1/documents/{version.document.public_id}/retry/"
    assert client.post(path).json()["error"] is None
    assert work(version).status == Status.INDEXED
    assert client.post(path).json()["code"] == "not_failed"


def test_a_database_that_does_not_answer_is_tried_again_and_no_page_is_read_twice(
    version: DocumentVersion, failing: FailingParts
) -> None:
    kept: list[int] = []

    def refuse_the_second_batch(execute: Any, sql: str, *arguments: Any) -> Any:
        if sql.startswith('INSERT INTO "documents_page"'):
            kept.append(Page.objects.count())
            if len(kept) == 2:
                raise OperationalError("database is locked")
        return execute(sql, *arguments)

    with connection.execute_wrapper(refuse_the_second_batch):
        work(version)
        read = version.pages_read
        assert (version.status, version.attempts, version.error_code) == (Status.READING, 1, "")
        assert 0 < read == Page.objects.count()
        let_pass(version)
        work(version)
    assert kept[:3] == [0, read, read]
    assert version.status == Status.INDEXED
    assert sorted(version.pages.values_list("ordinal", flat=True)) == list(range(300))
    assert sorted(version.passages.values_list("ordinal", flat=True)) == list(range(300))


def test_a_file_that_can_not_be_read_is_counted_and_never_tried_again_by_itself(
    add: Callable[[str, str], DocumentVersion],
) -> None:
    version = work(add("broken.pdf", "%PDF-1.7\nbroken"))
    assert (version.status, version.error_code, version.not_before) == (Status.FAILED, "unreadable_pdf", None)
    assert counts(1)["document.unreadable_pdf"] == 1
    assert ingest_next.func() == 0


def test_a_version_that_could_not_take_the_old_ones_place_takes_it_when_it_is_tried_again(
    version: DocumentVersion, failing: FailingParts, tmp_path: Path
) -> None:
    work(version)
    path = tmp_path / "tides.md"
    path.write_text("# Tides\n\nThe moon pulls the sea.\n")
    parts = failing.parts
    newer = replace_document(
        document=version.document,
        path=path,
        filename=path.name,
        storage=parts.storage,
        readers=parts.readers,
        max_bytes=10**6,
    ).version
    refusals = [OperationalError("database is locked")]

    def refuse_to_delete_the_old_one(execute: Any, sql: str, *arguments: Any) -> Any:
        if sql.startswith('DELETE FROM "documents_documentversion"') and refusals:
            raise refusals.pop()
        return execute(sql, *arguments)

    with connection.execute_wrapper(refuse_to_delete_the_old_one):
        work(newer)
        assert (newer.status, newer.attempts) == (Status.READING, 1)
        assert DocumentVersion.objects.count() == 2
        let_pass(newer)
        work(newer)
    assert [one.pk for one in DocumentVersion.objects.all()] == [newer.pk]
    assert newer.status == Status.INDEXED
