"""The retrieval set as the benchmarks read it: corpora cut into passages, questions with the spans that answer them.

Data: 472 questions of Smith & Troynikov 2024, "Evaluating Chunking Strategies for Retrieval", of which those are read
whose corpus lies in the folder. Columns: question, references (JSON list of {content, start_index, end_index}),
corpus_id.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.core.files.storage import InMemoryStorage

from hellotutor.core.sentences import split_sentences
from hellotutor.embeddings.base import Embedder
from hellotutor.retrieval.lexical.index import LexicalIndex
from hellotutor.retrieval.local.index import LocalVectorIndex
from hellotutor.retrieval.search import Search, stamp_of

PASSAGE_CHARACTERS = 300
BUDGET_CHARACTERS = 4000
TENANT = "bench"
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Passage:
    """Whole sentences of a corpus: the span [start, end), and the spans of its sentences in its own text."""

    start: int
    end: int
    text: str
    sentences: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """A question, its corpus and the spans of the corpus that answer it."""

    text: str
    corpus: str
    gold: tuple[Span, ...]


Corpora = dict[str, list[Passage]]


@dataclass(frozen=True, slots=True)
class Indexed:
    """The corpora in an index of their own, each a document version by its name."""

    lexical: LexicalIndex
    index: LocalVectorIndex
    search: Search


def read_questions(folder: Path) -> list[Question]:
    """Return the questions whose corpus is there, in the order of the file."""
    with (folder / "questions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    corpora = {path.stem for path in (folder / "corpora").glob("*.md")}
    return [
        Question(
            row["question"],
            row["corpus_id"],
            tuple((one["start_index"], one["end_index"]) for one in json.loads(row["references"])),
        )
        for row in rows
        if row["corpus_id"] in corpora
    ]


def read_corpora(folder: Path, size: int = PASSAGE_CHARACTERS) -> Corpora:
    """Return the passages of each corpus by its name."""
    paths = sorted((folder / "corpora").glob("*.md"))
    return {path.stem: list(cut_passages(path.read_bytes().decode("utf-8"), size)) for path in paths}


def cut_passages(text: str, size: int) -> Iterator[Passage]:
    """Pack whole sentences into passages of at most `size` characters; a longer sentence stands alone."""
    packed: list[Span] = []
    for start, end in _lines_and_sentences(text):
        if packed and end - packed[0][0] > size:
            yield _make_passage(text, packed)
            packed = []
        packed.append((start, end))
    if packed:
        yield _make_passage(text, packed)


def _lines_and_sentences(text: str) -> Iterator[Span]:
    start = 0
    for line in text.splitlines(keepends=True):
        yield from split_sentences(text, start, start + len(line))
        start += len(line)


def _make_passage(text: str, spans: Sequence[Span]) -> Passage:
    start, end = spans[0][0], spans[-1][1]
    return Passage(start, end, text[start:end], tuple((a - start, b - start) for a, b in spans))


def index_corpora(corpora: Corpora, embedder: Embedder | None) -> Indexed:
    """Index the corpora in memory."""
    storage = InMemoryStorage()
    lexical, index = LexicalIndex(storage), LocalVectorIndex(storage)
    for name, passages in corpora.items():
        texts = [passage.text for passage in passages]
        lexical.build(tenant=TENANT, version_id=name, texts=texts)
        if embedder is not None:
            vectors = embedder.embed(texts)
            stamp = stamp_of(embedder)
            index.upsert(tenant=TENANT, version_id=name, first_ordinal=0, vectors=vectors, stamp=stamp)
    return Indexed(lexical, index, Search(lexical, index, embedder))
