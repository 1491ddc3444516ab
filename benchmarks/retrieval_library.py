"""A library as large as asked, in a storage: books of passages with their segments and vectors, made of one real book.

The first book is the real one, with the vectors that the on-machine model gives its passages. A passage of any further
book is the first half of the words of one real passage and the second half of another's, and its vector the sum of
theirs with a little noise, at length 1: so words and vectors are distributed nearly as in real books, and no two
passages are the same.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.retrieval_set import PASSAGE_CHARACTERS, cut_passages
from benchmarks.shared import add_models, add_path
from hellotutor.config.settings import Settings
from hellotutor.documents.local_storage import DurableFileSystemStorage
from hellotutor.embeddings.base import Embedder, Vectors
from hellotutor.retrieval.lexical.index import LexicalIndex
from hellotutor.retrieval.local.index import LocalVectorIndex
from hellotutor.retrieval.search import stamp_of

SHIPPED_CACHE_MB: int = Settings.model_fields["index_cache_mb"].default  # half for words, half for vectors
_NOISE = 0.02  # of each number; one of a vector of 384 is about 0.05
_BATCH = 4_096


def add_library(parser: argparse.ArgumentParser) -> None:
    """Add the options for what a library is made of and asked."""
    add_path(parser, "--book", "textbook", "biology.md", help_text="the real book that all is made of")
    add_path(parser, "--questions", "retrieval", help_text="folder of the retrieval set, whose questions are asked")
    add_models(parser)
    parser.add_argument("--kept", type=Path, default=Path(tempfile.gettempdir()) / "hellotutor-bench")


@dataclass(frozen=True, slots=True)
class Source:
    """The passages of a real book, and their vectors."""

    texts: list[str]
    vectors: Vectors


def read_source(book: Path, embedder: Embedder, kept: Path) -> Source:
    """Return a book's passages and vectors; these are kept in a file, because they take minutes."""
    texts = [passage.text for passage in cut_passages(book.read_text(encoding="utf-8"), PASSAGE_CHARACTERS)]
    if kept.is_file() and len(vectors := np.load(kept)) == len(texts):
        return Source(texts, vectors)
    vectors = embedder.embed(texts)
    kept.parent.mkdir(parents=True, exist_ok=True)
    np.save(kept, vectors)
    return Source(texts, vectors)


def make_book(source: Source, number: int, passages: int) -> Source:
    """Return a book of so many passages; number 0 begins with the real ones."""
    real = min(passages, len(source.texts)) if number == 0 else 0
    random = np.random.default_rng(number)
    one, other = random.integers(0, len(source.texts), (2, passages - real))
    texts = [_mix(source.texts[a], source.texts[b]) for a, b in zip(one.tolist(), other.tolist(), strict=True)]
    vectors = np.concatenate([source.vectors[:real], _mix_vectors(source, one, other, random)])
    return Source(source.texts[:real] + texts, vectors)


def make_book_vectors(source: Source, number: int, passages: int) -> Vectors:
    """Return the vectors of such a book alone, none of them real."""
    random = np.random.default_rng(number)
    one, other = random.integers(0, len(source.texts), (2, passages))
    return _mix_vectors(source, one, other, random)


def _mix_vectors(source: Source, one: np.ndarray, other: np.ndarray, random: np.random.Generator) -> Vectors:
    noise = _NOISE * random.standard_normal((len(one), source.vectors.shape[1]), dtype=np.float32)
    mixed: Vectors = source.vectors[one] + source.vectors[other] + noise
    return mixed / np.linalg.norm(mixed, axis=1, keepdims=True)


class Library:
    """Books of one tenant, each a document version, in a folder.

    Args:
        folder: of the storage.
        embedder: whose stamp the vectors bear.
        cache_bytes: of words and of vectors, each.
    """

    def __init__(self, folder: Path, embedder: Embedder, *, cache_bytes: int) -> None:
        self.storage = DurableFileSystemStorage(location=str(folder))
        self.stamp = stamp_of(embedder)
        self.lexical = LexicalIndex(self.storage, cache_bytes=cache_bytes)
        self.vectors = LocalVectorIndex(self.storage, cache_bytes=cache_bytes)

    def add(self, tenant: str, version_id: str, book: Source) -> None:
        """Store a book as the worker does when it has read and embedded it."""
        self.lexical.build(tenant=tenant, version_id=version_id, texts=book.texts)
        self.add_vectors(tenant, version_id, book.vectors)

    def add_vectors(self, tenant: str, version_id: str, vectors: Vectors) -> None:
        """Store vectors alone."""
        where = {"tenant": tenant, "version_id": version_id, "stamp": self.stamp}
        for first in range(0, len(vectors), _BATCH):
            self.vectors.upsert(**where, first_ordinal=first, vectors=vectors[first : first + _BATCH])
        self.vectors.finish(**where)


def _mix(one: str, other: str) -> str:
    words, others = one.split(), other.split()
    return " ".join([*words[: len(words) // 2], *others[len(others) // 2 :]])
