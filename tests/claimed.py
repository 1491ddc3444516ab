"""The steps of the pipeline with the claim that a worker would hold."""

from __future__ import annotations

from collections.abc import Iterator

from hellotutor.documents.models import DocumentVersion
from hellotutor.ingestion.claim import claim_version
from hellotutor.ingestion.rag_ingestion import IngestionParts, embed_document, read_document


def read_claimed(version: DocumentVersion, parts: IngestionParts) -> Iterator[DocumentVersion]:
    """Read a version under a claim of its own."""
    with claim_version(version) as claim:
        assert claim
        yield from read_document(version, parts, claim)


def embed_claimed(version: DocumentVersion, parts: IngestionParts) -> Iterator[DocumentVersion]:
    """Embed a version under a claim of its own."""
    with claim_version(version) as claim:
        assert claim
        yield from embed_document(version, parts, claim)
