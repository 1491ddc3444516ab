"""Looking for what documents lack: those that lack nothing stay as they are, whatever the index says meanwhile."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from tests.claimed import embed_claimed
from tests.versions import add

from hellotutor.accounts.auth import get_tenant_tag
from hellotutor.accounts.models import User
from hellotutor.config import composition
from hellotutor.core.errors import Unavailable
from hellotutor.documents.models import DocumentVersion
from hellotutor.embeddings.hashing import HashingEmbedder
from hellotutor.ingestion.claim import claim_version
from hellotutor.ingestion.missing import lacks_words, list_without_vectors
from hellotutor.ingestion.rag_ingestion import IngestionParts, ingest_document
from hellotutor.retrieval.absent import AbsentIndex
from hellotutor.retrieval.local.index import LocalVectorIndex

pytestmark = pytest.mark.django_db


class FullIndex(LocalVectorIndex):
    """An index that takes no more vectors."""

    def upsert(self, **_: object) -> None:  # type: ignore[override]
        raise Unavailable("storage_full", "The disk is full.", retryable=False)


@pytest.fixture
def parts() -> IngestionParts:
    return replace(composition.ingestion_parts(), embedder=HashingEmbedder())


@pytest.fixture
def version(parts: IngestionParts, tmp_path: Path) -> DocumentVersion:
    version = add(User.objects.create_user("alice@example.org"), tmp_path, "# Tides\n\nThe moon pulls the sea.\n")
    ingest(version, parts)
    assert version.status == "indexed"
    return version


def ingest(version: DocumentVersion, parts: IngestionParts) -> None:
    """Do what a worker does, and read the row anew."""
    with claim_version(version) as claim:
        assert claim
        with suppress(Unavailable):
            list(ingest_document(version, parts, claim))
    version.refresh_from_db()


def lose_its_vectors(version: DocumentVersion, parts: IngestionParts) -> None:
    parts.index.delete(tenant=get_tenant_tag(version.owner.public_id), version_id=str(version.public_id))


def out_of_reach(parts: IngestionParts) -> IngestionParts:
    return replace(parts, index=AbsentIndex("local", "nobody answers"))


def test_a_whole_version_lacks_nothing(version: DocumentVersion, parts: IngestionParts) -> None:
    assert not lacks_words(version, parts)
    assert list_without_vectors([version], parts) == []


def test_lost_words_and_vectors_are_noticed(version: DocumentVersion, parts: IngestionParts) -> None:
    lose_its_vectors(version, parts)
    assert list_without_vectors([version], parts) == [version]
    parts.lexical.delete(tenant=get_tenant_tag(version.owner.public_id), version_id=str(version.public_id))
    assert lacks_words(version, parts)


def test_an_index_that_can_not_be_looked_at_is_no_fault_of_a_whole_version(
    version: DocumentVersion, parts: IngestionParts
) -> None:
    DocumentVersion.objects.update(wants_words=True)
    ingest(version, out_of_reach(parts))
    assert (version.status, version.error_code, version.error_message) == ("indexed", "", "")
    assert (version.wants_words, version.attempts, version.not_before) == (False, 0, None)


def test_an_error_that_stands_beside_whole_vectors_goes_with_the_next_look(
    version: DocumentVersion, parts: IngestionParts
) -> None:
    DocumentVersion.objects.update(error_code="pgvector_unreachable", error_message="Postgres can't be reached.")
    assert list_without_vectors([version], parts) == [version]
    list(embed_claimed(version, parts))
    version.refresh_from_db()
    assert (version.status, version.error_code, version.error_message) == ("indexed", "", "")


def test_what_has_lost_its_vectors_and_gets_none_is_no_longer_called_indexed(
    version: DocumentVersion, parts: IngestionParts
) -> None:
    lose_its_vectors(version, parts)
    ingest(version, replace(parts, index=FullIndex(parts.storage)))
    assert (version.status, version.passages_embedded, version.error_code) == ("embedding", 0, "storage_full")
