"""Parts of the pipeline that fail when they are told to; named in settings by tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.files.base import File
from django.core.files.storage import InMemoryStorage

from hellotutor.embeddings.base import Vectors
from hellotutor.embeddings.hashing import HashingEmbedder
from hellotutor.ingestion.rag_ingestion import IngestionParts
from hellotutor.ingestion.readers.markdown import MarkdownReader
from hellotutor.ingestion.readers.pdf import PdfReader
from hellotutor.ingestion.sandbox import SandboxedReader
from hellotutor.retrieval.lexical.index import LexicalIndex
from hellotutor.retrieval.local.index import LocalVectorIndex


@dataclass
class Dial:
    """What the next calls of a part do.

    Attributes:
        plan: an error to raise, or None to work, one for each call; afterwards every call works.
        worked: what those calls were about that worked.
    """

    plan: list[Exception | None] = field(default_factory=list)
    worked: list[object] = field(default_factory=list)

    def turn(self, about: object) -> None:
        error = self.plan.pop(0) if self.plan else None
        if error:
            raise error
        self.worked.append(about)


class FailingStorage(InMemoryStorage):
    """A storage that can't be opened at times."""

    def __init__(self) -> None:
        super().__init__()
        self.opening = Dial()

    def _open(self, name: str, mode: str = "rb") -> File[Any]:
        if len(name.rpartition("/")[2]) == 64:
            self.opening.turn(name)
        opened: File[Any] = super()._open(name, mode)  # type: ignore[misc]  # not in the types of Django
        return opened


class FailingEmbedder(HashingEmbedder):
    """An embedder that fails at times."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = Dial()

    def _embed_batch(self, texts: Sequence[str]) -> Vectors:
        self.embedding.turn(len(texts))
        return super()._embed_batch(texts)


class FailingIndex(LocalVectorIndex):
    """An index that takes no vectors at times."""

    upserting: Dial

    def upsert(self, **what: Any) -> None:
        self.upserting.turn(what["first_ordinal"])
        super().upsert(**what)


class FailingParts:
    """Parts over an empty storage in memory."""

    def __init__(self) -> None:
        self.storage, self.embedder = FailingStorage(), FailingEmbedder()
        self.index = FailingIndex(self.storage)
        self.index.upserting = Dial()
        readers = (SandboxedReader(PdfReader()), MarkdownReader())
        self.parts = IngestionParts(self.storage, readers, LexicalIndex(self.storage), self.index, self.embedder)


current: FailingParts | None = None  # what the test at hand has made


def failing_parts() -> IngestionParts:
    """Return the parts of the test at hand."""
    assert current
    return current.parts
