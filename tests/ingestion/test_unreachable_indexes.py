"""Vectors that lie where nobody answers keep nothing else from being removed or looked at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage

from hellotutor.accounts.auth import get_tenant_tag
from hellotutor.accounts.models import User
from hellotutor.core import clock
from hellotutor.documents.models import Document, Removal
from hellotutor.ingestion.findings import Tally
from hellotutor.ingestion.orphans import check_orphans
from hellotutor.ingestion.rag_ingestion import IngestionParts
from hellotutor.ingestion.readers.markdown import MarkdownReader
from hellotutor.ingestion.removals import remove_files, sweep_removals
from hellotutor.ingestion.services import add_document, delete_document
from hellotutor.retrieval.absent import AbsentIndex
from hellotutor.retrieval.lexical.index import LexicalIndex
from hellotutor.retrieval.local.index import LocalVectorIndex

pytestmark = pytest.mark.django_db
UNKNOWN = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"


class SilentIndex(AbsentIndex):
    """An index of another machine that doesn't answer, and counts how often it was to delete."""

    deletions = 0

    def delete(self, *, tenant: str, version_id: str) -> None:
        self.deletions += 1
        super().delete(tenant=tenant, version_id=version_id)


@dataclass
class Library:
    """Documents, and an index beside that doesn't answer."""

    owner: User
    storage: InMemoryStorage
    silent: SilentIndex
    parts: IngestionParts

    def add(self, path: Path) -> Document:
        path.write_text(f"# Tides\n\nThe moon pulls the sea at {path.name}.\n")
        return add_document(
            owner=self.owner,
            path=path,
            filename=path.name,
            storage=self.storage,
            readers=self.parts.readers,
            max_bytes=10**6,
        ).version.document

    def count_files(self) -> int:
        folders = [
            f"{tenant}/{one}" for tenant in self.storage.listdir("")[0] for one in self.storage.listdir(tenant)[0]
        ]
        return sum(len(self.storage.listdir(folder)[1]) for folder in folders)


@pytest.fixture
def library() -> Library:
    storage, silent = InMemoryStorage(), SilentIndex("pinecone/old", "set PINECONE_API_KEY")
    parts = IngestionParts(
        storage, (MarkdownReader(),), LexicalIndex(storage), LocalVectorIndex(storage), None, (silent,)
    )
    return Library(User.objects.create_user("alice@example.org"), storage, silent, parts)


def test_a_deleted_document_goes_and_what_lies_in_another_index_is_noted(library: Library, tmp_path: Path) -> None:
    delete_document(document=library.add(tmp_path / "here.md"), parts=library.parts)
    assert library.count_files() == 0
    note = Removal.objects.get()
    assert note.tries == 1
    assert note.due_at > clock.now() + timedelta(seconds=20)


def test_other_documents_go_too_and_nobody_waits_twice_for_an_index(library: Library, tmp_path: Path) -> None:
    documents = [library.add(tmp_path / name) for name in ("one.md", "two.md", "three.md")]
    tenant = get_tenant_tag(library.owner.public_id)
    notes = [
        Removal(
            tenant=tenant,
            version_id=document.current_version.public_id,
            storage_key=document.current_version.storage_key,
            due_at=clock.now(),
        )
        for document in documents
    ]
    Removal.objects.bulk_create(notes)
    Document.objects.all().delete()
    assert not remove_files(notes, library.parts)
    assert library.count_files() == 0
    assert list(Removal.objects.values_list("tries", flat=True)) == [1, 1, 1]
    assert library.silent.deletions == 1


def test_the_note_goes_when_the_index_answers_again(library: Library, tmp_path: Path) -> None:
    delete_document(document=library.add(tmp_path / "here.md"), parts=library.parts)
    Removal.objects.update(due_at=clock.now())
    parts = library.parts
    sweep_removals(IngestionParts(parts.storage, parts.readers, parts.lexical, parts.index, None))
    assert not Removal.objects.exists()


def test_the_check_tells_of_each_index_that_it_can_not_look_at_and_goes_on(library: Library) -> None:
    tenant, storage = get_tenant_tag(library.owner.public_id), InMemoryStorage()
    storage.save(f"{tenant}/{UNKNOWN}/vectors-minilm-0-00000000-00000007.npy", ContentFile(b"left over"))
    another = AbsentIndex("pgvector", "set PGVECTOR_URL")
    parts = IngestionParts(
        storage, (), LexicalIndex(storage), another, None, (library.silent, LocalVectorIndex(storage))
    )
    found = [(one.code, one.subject) for one in check_orphans(parts, Tally(), grace=timedelta(0))]
    assert found == [
        ("index_unreachable", "pgvector"),
        ("index_unreachable", "pinecone/old"),
        ("vectors_orphaned", f"{tenant}/{UNKNOWN}"),
    ]
