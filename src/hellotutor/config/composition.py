"""Which adapter serves each port; made once a process, from the settings and from the vectors that are in force."""

from __future__ import annotations

from functools import cache, lru_cache

from django.core.files.storage import storages

from hellotutor.embeddings.base import Embedder
from hellotutor.ingestion.rag_ingestion import IngestionParts
from hellotutor.ingestion.readers.base import DocumentReader, ReadingLimits
from hellotutor.ingestion.readers.markdown import MarkdownReader
from hellotutor.ingestion.readers.pdf import PdfReader
from hellotutor.ingestion.readers.text import TextReader
from hellotutor.ingestion.sandbox import SandboxedReader
from hellotutor.retrieval.base import VectorIndex
from hellotutor.retrieval.lexical.index import LexicalIndex
from hellotutor.retrieval.search import Search
from hellotutor.tutoring.tutors.base import Tutor
from hellotutor.tutoring.tutors.offline.tutor import OfflineTutor

from .settings import get_settings
from .vectors import NO_EMBEDDER, find_serving, half_of_the_cache, usual_embedder

_MOST_SEARCHES = 8  # as many as come into force while a process lives, and more


def readers() -> tuple[DocumentReader, ...]:
    """Return the readers, the most particular first."""
    limits = ReadingLimits(characters=get_settings().max_characters)
    return SandboxedReader(PdfReader(limits)), MarkdownReader(limits), TextReader(limits)


def embedder() -> Embedder | None:
    """Return what makes vectors like those in force; None where search is by words alone, whatever the reason."""
    return find_serving().embedder


@cache
def lexical_index() -> LexicalIndex:
    """Return the lexical index."""
    return LexicalIndex(storages["default"], cache_bytes=half_of_the_cache())


def vector_index() -> VectorIndex:
    """Return the index of the vectors in force."""
    return find_serving().index


def search(*, by_words_only: bool = False) -> Search:
    """Return hybrid search over the present indexes; by words only where vectors have just failed."""
    serving = find_serving()
    if by_words_only:
        return _search_over(serving.index, None, NO_EMBEDDER)
    return _search_over(serving.index, serving.embedder, serving.reason)


@lru_cache(_MOST_SEARCHES)
def _search_over(index: VectorIndex, embedder: Embedder | None, why_none: str) -> Search:
    return Search(lexical_index(), index, embedder, why_none=why_none)


@cache
def tutor(*, by_words_only: bool = False) -> Tutor:
    """Return the tutor; one that compares words only where vectors have just failed.

    It compares texts with each other and asks no index: what is in force there is nothing to it.
    """
    return OfflineTutor(None if by_words_only else usual_embedder())


def ingestion_parts() -> IngestionParts:
    """Return what the ingestion pipeline works with, as of now."""
    serving = find_serving(is_fresh=True)
    return IngestionParts(
        storage=storages["default"],
        readers=readers(),
        lexical=lexical_index(),
        index=serving.index,
        embedder=serving.embedder,
        other_indexes=serving.other_indexes,
    )
