"""What the background worker does with what was uploaded, and what becomes of the bells of workers that die."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django_tasks.base import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from hellotutor.accounts.models import User
from hellotutor.config import composition
from hellotutor.core import clock
from hellotutor.core.locks import try_hold
from hellotutor.core.text import normalise
from hellotutor.documents.models import DocumentVersion
from hellotutor.ingestion.readers.base import ReadPage
from hellotutor.ingestion.rows import batches
from hellotutor.ingestion.services import add_document
from hellotutor.ingestion.splitting import PageDraft
from hellotutor.ingestion.tasks import ingest_next, request_unfinished
from hellotutor.ingestion.turns import claim_next
from hellotutor.ingestion.workers import end_abandoned, register_worker

pytestmark = pytest.mark.django_db

Status = DocumentVersion.Status
Add = Callable[[str, str], DocumentVersion]


@pytest.fixture(autouse=True)
def with_hashes_for_vectors(settings: Any) -> None:
    settings.INGESTION_PARTS = "tests.ingestion.hashing_parts.hashing_parts"


@pytest.fixture
def add(tmp_path: Path) -> Add:
    owner = User.objects.create_user("alice@example.org")

    def make(name: str, text: str) -> DocumentVersion:
        path = tmp_path / name
        path.write_text(text)
        parts = composition.ingestion_parts()
        return add_document(
            owner=owner,
            path=path,
            filename=name,
            storage=parts.storage,
            readers=parts.readers,
            max_bytes=10**6,
        ).version

    return make


@pytest.fixture
def version(add: Add) -> DocumentVersion:
    return add("tides.md", "# Tides\n\nThe moon pulls the sea, and the sea rises twice a day.\n")


def leave_bell(worker_id: str) -> DBTaskResult[..., Any]:
    """Make the row of a task that this worker took up without ending it."""
    ingest_next.enqueue()
    result: DBTaskResult[..., Any] = DBTaskResult.objects.get()
    result.status, result.worker_ids = TaskResultStatus.RUNNING, [worker_id]
    result.save()
    return result


def test_the_task_of_a_worker_that_died_is_ended(version: DocumentVersion) -> None:
    result = leave_bell("gone")
    path = Path(django_settings.DATA_DIR) / "locks" / "worker-gone.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    end_abandoned()
    result.refresh_from_db()
    assert result.status == TaskResultStatus.FAILED
    assert not path.exists()


def test_the_task_of_a_worker_that_lives_is_left_to_it(version: DocumentVersion) -> None:
    with register_worker() as (worker_id, _):
        result = leave_bell(worker_id)
        end_abandoned()
        result.refresh_from_db()
        assert result.status == TaskResultStatus.RUNNING


def test_the_bell_is_rung_once_for_what_nobody_heard_of(version: DocumentVersion) -> None:
    for _ in range(2):
        request_unfinished()
    assert DBTaskResult.objects.ready().count() == 1


def test_the_bell_is_not_rung_for_what_is_finished_worked_on_or_waits(version: DocumentVersion) -> None:
    for fields in (
        {"status": Status.INDEXED},
        {"status": Status.FAILED},
        {"status": Status.CANCELLED},
        {"status": Status.EMBEDDING, "error_code": "worker_died"},
        {"status": Status.QUEUED, "not_before": clock.now() + timedelta(minutes=1)},
    ):
        DocumentVersion.objects.update(**{"error_code": "", "not_before": None, **fields})
        request_unfinished()
    DocumentVersion.objects.update(status=Status.QUEUED, not_before=None)
    assert claim_next(with_embedding=True)
    request_unfinished()
    assert not DBTaskResult.objects.exists()


def test_what_was_read_waits_for_nothing_where_there_is_no_embedder(version: DocumentVersion, settings: Any) -> None:
    settings.INGESTION_PARTS = "tests.ingestion.hashing_parts.parts_without_embedder"
    assert ingest_next.func() == 1
    version.refresh_from_db()
    assert version.status == Status.EMBEDDING
    request_unfinished()
    assert not DBTaskResult.objects.exists()


def test_a_registered_worker_holds_its_file_until_it_leaves() -> None:
    with register_worker() as (_, path):
        assert path.exists()
        assert try_hold(path) is None
    assert not path.exists()


def test_the_task_works_on_until_nothing_waits(version: DocumentVersion, add: Add) -> None:
    other = add("cranes.md", "# Cranes\n\nA crane lifts what no hand can lift.\n")
    assert ingest_next.func() == 3  # the first one's vectors wait until the other can be studied
    for one in (version, other):
        one.refresh_from_db()
        assert (one.status, one.passages_read, one.passages_embedded) == (Status.INDEXED, 1, 1)
        assert one.lease_until is None
        assert one.working_s > 0


def test_a_failing_document_does_not_keep_the_others_waiting(version: DocumentVersion, add: Add) -> None:
    bad = add("broken.pdf", "%PDF-1.7\nbroken")
    assert ingest_next.func() == 2
    bad.refresh_from_db()
    version.refresh_from_db()
    assert (bad.status, bad.error_code) == (Status.FAILED, "unreadable_pdf")
    assert version.status == Status.INDEXED


def test_a_document_of_little_text_is_kept_in_many_batches(version: DocumentVersion) -> None:
    pages = [(PageDraft(n, ReadPage(n + 1, "", (), "", ""), normalise("")), []) for n in range(1_000)]
    sizes = [len(batch) for batch in batches(iter(pages), is_first=True)]
    assert sum(sizes) == 1_000
    assert max(sizes) == 200


def test_a_nul_anywhere_in_a_document_is_taken(add: Add) -> None:
    version = add(
        "nul.md", "# Tides\n\n" + "The moon pulls the sea. " * 400 + "\n\n# Odd\x00heading\n\nAn odd\x00one.\n"
    )
    ingest_next.func()
    version.refresh_from_db()
    assert version.status == Status.INDEXED
    last = version.passages.latest("ordinal")
    assert last.heading_path == ["Odd heading"]
    assert "\x00" not in last.text


def test_without_an_embedder_what_was_read_keeps_nobody_from_going_on(
    version: DocumentVersion, add: Add, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.INGESTION_PARTS = "tests.ingestion.hashing_parts.parts_without_embedder"
    assert ingest_next.func() == 1
    monkeypatch.setattr("hellotutor.ingestion.tasks._SLICE_S", 0.0)
    long = add("long.md", "\n\n".join(f"# Part {n}\n\nThe harbour of town {n} is large." for n in range(500)))
    assert ingest_next.func() == 1
    long.refresh_from_db()
    assert long.is_read
