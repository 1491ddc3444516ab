"""Parts of the pipeline with an embedder that needs no model; named in settings by tests."""

from __future__ import annotations

from dataclasses import replace

from hellotutor.config import composition
from hellotutor.embeddings.hashing import HashingEmbedder
from hellotutor.ingestion.rag_ingestion import IngestionParts


def hashing_parts() -> IngestionParts:
    """Return the program's own parts but for the embedder."""
    return replace(composition.ingestion_parts(), embedder=HashingEmbedder())


def parts_without_embedder() -> IngestionParts:
    """Return the program's own parts for search by words alone."""
    return replace(composition.ingestion_parts(), embedder=None)
