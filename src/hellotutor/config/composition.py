"""Which adapter serves each port; made once a process, from the settings."""

from __future__ import annotations

from functools import cache

from django.core.files.storage import storages

from hellotutor.embeddings.base import Embedder
from hellotutor.embeddings.minilm import MiniLMConfig, MiniLMEmbedder
from hellotutor.embeddings.weights import find_packaged_weights, is_whole, model_folder
from hellotutor.ingestion.rag_ingestion import IngestionParts
from hellotutor.ingestion.readers.base import DocumentReader, ReadingLimits
from hellotutor.ingestion.readers.markdown import MarkdownReader
from hellotutor.ingestion.readers.pdf import PdfReader
from hellotutor.ingestion.readers.text import TextReader
from hellotutor.ingestion.sandbox import SandboxedReader
from hellotutor.retrieval.base import VectorIndex
from hellotutor.retrieval.lexical import LexicalIndex
from hellotutor.retrieval.local import LocalVectorIndex
from hellotutor.retrieval.search import Search
from hellotutor.tutoring.tutors.base import Tutor
from hellotutor.tutoring.tutors.offline.tutor import OfflineTutor

from .settings import get_settings

CACHE_BYTES = 128 << 20


def readers() -> tuple[DocumentReader, ...]:
    """Return the readers, the most particular first."""
    limits = ReadingLimits(characters=get_settings().max_characters)
    return SandboxedReader(PdfReader(limits)), MarkdownReader(limits), TextReader(limits)


def is_model_present() -> bool:
    """Say whether the on-machine model can be used without fetching anything."""
    return find_packaged_weights() is not None or is_whole(model_folder(get_settings().data_dir / "models"))


@cache
def embedder() -> Embedder | None:
    """Return the embedder; None when search is lexical, by choice or because the model hasn't been fetched."""
    chosen = get_settings().embedder
    if chosen == "none" or (chosen == "auto" and not is_model_present()):
        return None
    return MiniLMEmbedder(MiniLMConfig(models_dir=get_settings().data_dir / "models"))


@cache
def lexical_index() -> LexicalIndex:
    """Return the lexical index."""
    return LexicalIndex(storages["default"], cache_bytes=CACHE_BYTES)


@cache
def vector_index() -> VectorIndex:
    """Return the vector index."""
    return LocalVectorIndex(storages["default"], cache_bytes=CACHE_BYTES)


@cache
def search(*, by_words_only: bool = False) -> Search:
    """Return hybrid search over the present indexes; by words only where vectors have just failed."""
    return Search(lexical_index(), vector_index(), None if by_words_only else embedder())


@cache
def tutor(*, by_words_only: bool = False) -> Tutor:
    """Return the tutor; one that compares words only where vectors have just failed."""
    return OfflineTutor(None if by_words_only else embedder())


def ingestion_parts() -> IngestionParts:
    """Return what the ingestion pipeline works with."""
    return IngestionParts(
        storage=storages["default"],
        readers=readers(),
        lexical=lexical_index(),
        index=vector_index(),
        embedder=embedder(),
    )
