"""Files without rows are removed at once, later or never; and the check over any storage tells of what is left over."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage, Storage
from django.db import transaction
from tests.claimed import embed_claimed, read_claimed

from hellotutor.accounts.auth import get_tenant_tag
from hellotutor.accounts.models import User
from hellotutor.core import clock
from hellotutor.core.errors import Unavailable
from hellotutor.documents.local_storage import DurableFileSystemStorage
from hellotutor.documents.models import Document, DocumentVersion, Removal
from hellotutor.embeddings.hashing import HashingEmbedder
from hellotutor.ingestion.claim import try_claim
from hellotutor.ingestion.findings import Finding, Tally
from hellotutor.ingestion.inventory import check_versions
from hellotutor.ingestion.orphans import check_orphans, check_removals
from hellotutor.ingestion.rag_ingestion import IngestionParts
from hellotutor.ingestion.readers.markdown import MarkdownReader
from hellotutor.ingestion.removals import expect_upload, note_removals, sweep_removals
from hellotutor.ingestion.services import add_document, cancel_ingestion, delete_document
from hellotutor.retrieval.lexical.index import LexicalIndex
from hellotutor.retrieval.local.index import LocalVectorIndex
from hellotutor.retrieval.search import stamp_of

pytestmark = pytest.mark.django_db

TEXT = "# Tides\n\nThe moon pulls the sea, and the sea rises twice a day.\n"


class RefusingStorage(InMemoryStorage):
    """A storage that refuses to delete or to save while it is told to."""

    refuses_to = ""

    def delete(self, name: str) -> None:
        self._refuse("delete")
        super().delete(name)

    def _save(self, name: str, content: Any) -> str:
        self._refuse("save")
        saved: str = super()._save(name, content)  # type: ignore[misc]  # not in the types of Django
        return saved

    def _refuse(self, what: str) -> None:
        if self.refuses_to == what:
            raise Unavailable("storage_unavailable", "The storage doesn't answer.")


@pytest.fixture
def owner() -> User:
    return User.objects.create_user("alice@example.org")


def make_parts(storage: Storage) -> IngestionParts:
    index = LocalVectorIndex(storage)
    return IngestionParts(storage, (MarkdownReader(),), LexicalIndex(storage), index, HashingEmbedder())


@pytest.fixture
def refusing() -> RefusingStorage:
    return RefusingStorage()


@pytest.fixture
def parts(refusing: RefusingStorage) -> IngestionParts:
    return make_parts(refusing)


Add = Callable[[IngestionParts], DocumentVersion]


@pytest.fixture
def add(owner: User, tmp_path: Path) -> Add:
    def make(parts: IngestionParts) -> DocumentVersion:
        path = tmp_path / "tides.md"
        path.write_text(TEXT)
        added = add_document(
            owner=owner, path=path, filename=path.name, storage=parts.storage, readers=parts.readers, max_bytes=10**6
        )
        for _ in (*read_claimed(added.version, parts), *embed_claimed(added.version, parts)):
            pass
        return added.version

    return make


def files(storage: Storage, folder: str = "") -> list[str]:
    folders, names = storage.listdir(folder)
    inside = [name for one in folders for name in files(storage, f"{folder}/{one}".lstrip("/"))]
    return [f"{folder}/{name}".lstrip("/") for name in names] + inside


def test_an_upload_that_could_not_be_stored_leaves_a_note_that_is_due_a_day_later(
    add: Add, parts: IngestionParts, refusing: RefusingStorage
) -> None:
    refusing.refuses_to = "save"
    with pytest.raises(Unavailable):
        add(parts)
    assert not Document.objects.exists()
    assert Removal.objects.get().due_at > clock.now() + timedelta(hours=23)
    sweep_removals(parts)
    assert Removal.objects.exists()


def test_an_upload_with_its_rows_leaves_no_note(add: Add, parts: IngestionParts) -> None:
    add(parts)
    assert not Removal.objects.exists()


def test_what_the_storage_refuses_to_remove_is_removed_by_a_later_sweep(
    add: Add, parts: IngestionParts, refusing: RefusingStorage
) -> None:
    version = add(parts)
    refusing.refuses_to = "delete"
    delete_document(document=version.document, parts=parts)
    assert not Document.objects.exists()
    assert files(parts.storage)
    sweep_removals(parts)
    assert Removal.objects.count() == 1
    refusing.refuses_to = ""
    Removal.objects.update(due_at=clock.now())
    sweep_removals(parts)
    assert files(parts.storage) == []
    assert not Removal.objects.exists()


def test_a_deletion_that_is_undone_removes_nothing(add: Add, parts: IngestionParts) -> None:
    version = add(parts)
    before = files(parts.storage)
    with pytest.raises(KeyError), transaction.atomic():
        note_removals([version])
        version.document.delete()
        raise KeyError
    sweep_removals(parts)
    assert files(parts.storage) == before
    assert not Removal.objects.exists()


def test_what_somebody_works_on_is_removed_once_more_after_two_leases(
    add: Add, parts: IngestionParts, settings: Any
) -> None:
    version = add(parts)
    version.refresh_from_db()
    assert try_claim(version)
    version.refresh_from_db()
    delete_document(document=Document.objects.get(), parts=parts)
    note = Removal.objects.get()
    assert note.due_at > clock.now() + timedelta(seconds=1.5 * settings.INGEST_LEASE_S)
    parts.storage.save(version.storage_key, ContentFile(b"written behind the deletion"))
    Removal.objects.update(due_at=clock.now())
    sweep_removals(parts)
    assert files(parts.storage) == []


@pytest.fixture(params=["in memory", "local", "S3"])
def any_parts(request: pytest.FixtureRequest, tmp_path: Path) -> IngestionParts:
    if request.param == "S3":
        return make_parts(request.getfixturevalue("s3_storage"))
    if request.param == "local":
        return make_parts(DurableFileSystemStorage(location=tmp_path / "objects"))
    return make_parts(InMemoryStorage())


def find(parts: IngestionParts, tally: Tally, grace: timedelta = timedelta(0)) -> list[Finding]:
    return [
        *check_versions(parts, tally, with_bytes=True),
        *check_removals(parts, tally),
        *check_orphans(parts, tally, grace=grace),
    ]


def test_the_check_finds_nothing_in_a_whole_library_on_any_storage(add: Add, any_parts: IngestionParts) -> None:
    add(any_parts)
    tally = Tally()
    assert find(any_parts, tally) == []
    assert tally == Tally(versions=1, passages=1, files=1)


def test_the_check_finds_and_removes_what_belongs_to_nobody_on_any_storage(
    add: Add, owner: User, any_parts: IngestionParts
) -> None:
    add(any_parts)
    before = sorted(files(any_parts.storage))
    tenant, version_id = get_tenant_tag(owner.public_id), str(uuid.uuid4())
    any_parts.storage.save(f"{tenant}/{version_id}/{'a' * 64}", ContentFile(b"left over"))
    any_parts.lexical.add(tenant=tenant, version_id=version_id, first_ordinal=0, texts=["left over"])
    assert any_parts.embedder
    any_parts.index.upsert(
        tenant=tenant,
        version_id=version_id,
        first_ordinal=0,
        vectors=np.ones((1, any_parts.embedder.dimensions), dtype=np.float32),
        stamp=stamp_of(any_parts.embedder),
    )
    found = find(any_parts, Tally())
    assert [one.code for one in found] == ["object_orphaned", "segments_orphaned", "vectors_orphaned"]
    assert "object_orphaned" not in [one.code for one in find(any_parts, Tally(), timedelta(hours=1))]
    assert all(one.mend and one.mend() for one in found)
    assert sorted(files(any_parts.storage)) == before
    assert find(any_parts, Tally()) == []


def test_the_check_leaves_an_upload_in_progress_alone_on_any_storage(
    add: Add, owner: User, any_parts: IngestionParts
) -> None:
    add(any_parts)
    version_id = uuid.uuid4()
    key = f"{get_tenant_tag(owner.public_id)}/{version_id}/{'a' * 64}"
    expect_upload(owner=owner, version_id=version_id, storage_key=key)
    any_parts.storage.save(key, ContentFile(b"coming in"))
    tally = Tally()
    assert find(any_parts, tally) == []
    assert tally.to_be_removed == 1


@pytest.mark.parametrize("content", [None, TEXT.encode().swapcase(), b"short"])
def test_the_check_finds_a_lost_or_altered_object_on_any_storage(
    content: bytes | None, add: Add, any_parts: IngestionParts
) -> None:
    version = add(any_parts)
    any_parts.storage.delete(version.storage_key)
    if content is not None:
        any_parts.storage.save(version.storage_key, ContentFile(content))
    (found,) = find(any_parts, Tally())
    assert found.code == ("object_missing" if content is None else "object_altered")
    assert found.mend is None


def test_a_removal_that_fails_is_tried_again_later_and_later(
    add: Add, parts: IngestionParts, refusing: RefusingStorage
) -> None:
    version = add(parts)
    refusing.refuses_to = "delete"
    delete_document(document=version.document, parts=parts)
    first = Removal.objects.earliest("due_at")
    assert first.tries == 1
    assert first.due_at > clock.now() + timedelta(seconds=20)
    Removal.objects.filter(pk=first.pk).update(due_at=clock.now())
    sweep_removals(parts)
    again = Removal.objects.get(pk=first.pk)
    assert again.tries == 2
    assert again.due_at > clock.now() + timedelta(seconds=50)


def test_the_sweep_spares_a_version_that_lives(add: Add, parts: IngestionParts, owner: User) -> None:
    version = add(parts)
    note = expect_upload(owner=owner, version_id=version.public_id, storage_key=version.storage_key)
    Removal.objects.filter(pk=note.pk).update(due_at=clock.now())
    sweep_removals(parts)
    assert not Removal.objects.exists()
    assert parts.storage.exists(version.storage_key)


def test_what_a_stopped_document_is_given_after_its_deletion_is_removed_later(
    parts: IngestionParts, owner: User, tmp_path: Path
) -> None:
    path = tmp_path / "tides.md"
    path.write_text(TEXT)
    version = add_document(
        owner=owner, path=path, filename=path.name, storage=parts.storage, readers=parts.readers, max_bytes=10**6
    ).version
    assert try_claim(version)
    version.refresh_from_db()
    assert cancel_ingestion(version)
    delete_document(document=version.document, parts=parts)
    where = {"tenant": get_tenant_tag(owner.public_id), "version_id": str(version.public_id)}
    parts.lexical.add(**where, first_ordinal=0, texts=["written by a worker that was in the middle of it"])
    Removal.objects.update(due_at=clock.now())
    sweep_removals(parts)
    assert parts.lexical.count(**where) == 0
