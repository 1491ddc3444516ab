"""A learner's document that has been read, and the offline tutor that works by words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.files.storage import FileSystemStorage
from tests.claimed import read_claimed

from hellotutor.accounts.models import User
from hellotutor.documents.models import DocumentVersion
from hellotutor.ingestion.rag_ingestion import IngestionParts
from hellotutor.ingestion.readers.markdown import MarkdownReader
from hellotutor.ingestion.services import add_document
from hellotutor.retrieval.lexical.index import LexicalIndex
from hellotutor.retrieval.local.index import LocalVectorIndex
from hellotutor.retrieval.search import Search
from hellotutor.tutoring.tutors.offline.tutor import OfflineTutor

Reads = Callable[[str, str, str], DocumentVersion]


@pytest.fixture
def parts(tmp_path: Path) -> IngestionParts:
    storage = FileSystemStorage(location=tmp_path / "objects")
    return IngestionParts(
        storage, (MarkdownReader(),), LexicalIndex(storage), LocalVectorIndex(storage, cache_bytes=1 << 20), None
    )


@pytest.fixture
def search(parts: IngestionParts) -> Search:
    return Search(parts.lexical, parts.index, None)


@pytest.fixture
def read(parts: IngestionParts, tmp_path: Path) -> Reads:
    """Add and read a text: (owner's e-mail, file name, text)."""

    def add_and_read(email: str, filename: str, text: str) -> DocumentVersion:
        path = tmp_path / filename
        path.write_text(text, encoding="utf-8")
        owner = User.objects.filter(email=email).first() or User.objects.create_user(email)
        version = add_document(
            owner=owner, path=path, filename=filename, storage=parts.storage, readers=parts.readers, max_bytes=10**6
        ).version
        for _ in read_claimed(version, parts):
            pass
        return version

    return add_and_read


@pytest.fixture(scope="session")
def tutor() -> OfflineTutor:
    return OfflineTutor(None)
