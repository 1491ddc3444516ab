"""The ways of searching that benchmarks/retrieval_quality.py compares: ours, parts of it, and peers."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from django.core.files.storage import InMemoryStorage

from benchmarks.retrieval_passages import Span, SplitPassage
from benchmarks.retrieval_set import TENANT, Question
from hellotutor.embeddings.base import Vectors
from hellotutor.embeddings.minilm import MiniLMConfig, MiniLMEmbedder
from hellotutor.embeddings.weights import find_packaged_weights
from hellotutor.retrieval.evidence import Hit, Place
from hellotutor.retrieval.fusion import rank
from hellotutor.retrieval.lexical.index import LexicalIndex
from hellotutor.retrieval.local.index import LocalVectorIndex
from hellotutor.retrieval.search import Search, stamp_of

DISTRACTOR = "distractor"
CHUNK_CHARACTERS = 3_000  # of LlamaIndex' reader and splitter, about: 1,024 tokens would be 4,000
_RRF_CONSTANT = 60  # Cormack et al. 2009
Found = list[list[Span]]
Way = Callable[[Question], Found]


class RememberingEmbedder(MiniLMEmbedder):
    """Embeds a text once: the same questions are asked of many settings."""

    def __init__(self, config: MiniLMConfig) -> None:
        super().__init__(config)
        self._known: dict[str, Vectors] = {}

    def _embed_batch(self, texts: Sequence[str]) -> Vectors:
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            self._known |= dict(zip(new, super()._embed_batch(new), strict=True))
        return np.array([self._known[text] for text in texts])


class Shelf:
    """The corpora in an index in memory, each a document version by its name.

    Args:
        corpora: their passages.
        embedder: makes vectors.
        budget: characters that a way may return.
    """

    def __init__(
        self, corpora: Mapping[str, Sequence[SplitPassage]], embedder: RememberingEmbedder, budget: int
    ) -> None:
        storage = InMemoryStorage()
        self.corpora, self.embedder, self.budget = corpora, embedder, budget
        self.lexical, self.index, self.stamp = LexicalIndex(storage), LocalVectorIndex(storage), stamp_of(embedder)
        for name, passages in corpora.items():
            where = {"tenant": TENANT, "version_id": name}
            headings = [passage.headings for passage in passages]
            self.lexical.build(**where, texts=[passage.text for passage in passages], headings=headings)
            vectors = embedder.embed([passage.embedded() for passage in passages])
            self.index.upsert(**where, first_ordinal=0, vectors=vectors, stamp=self.stamp)

    def versions(self, question: Question) -> list[str]:
        """Return where a question is asked."""
        return [question.corpus, *(name for name in self.corpora if name == DISTRACTOR)]

    def read(self, hits: Sequence[Hit]) -> dict[Place, SplitPassage]:
        """Return the passages of hits."""
        return {hit.place: self.corpora[hit.version_id][hit.ordinal] for hit in hits}

    def locate(self, question: Question, place: Place, start: int, end: int) -> Span:
        """Return the span of the question's corpus; what is of the distractor lies before its beginning."""
        first, last = self.corpora[place[0]][place[1]].locate(start, end)
        return (first, last) if place[0] == question.corpus else (first - 10**9, last - 10**9)

    def fill(self, question: Question, places: Iterable[Place]) -> Found:
        """Return whole passages, the best first, as far as the budget goes, the last one cut there."""
        found: Found = []
        left = self.budget
        for name, ordinal in places:
            size = min(left, len(self.corpora[name][ordinal].text))
            if size:
                found.append([self.locate(question, (name, ordinal), 0, size)])
            left -= size
        return found


def make_ways(shelf: Shelf) -> dict[str, Way]:
    """Return our search and simpler ones over the same passages."""
    most = shelf.budget // 20

    def rank_words(question: Question) -> list[Place]:
        found = shelf.lexical.score(question.text, tenants=[TENANT], versions=shelf.versions(question))
        rows = rank(found.scores, most)
        which = np.searchsorted(found.bounds, rows, side="right") - 1
        return [(found.versions[at], int(row - found.bounds[at])) for row, at in zip(rows, which, strict=True)]

    def rank_vectors(question: Question) -> list[Place]:
        vector = shelf.embedder.embed([question.text])[0]
        versions = shelf.versions(question)
        hits = shelf.index.query(vector, tenants=[TENANT], version_ids=versions, k=most, stamp=shelf.stamp)
        return [(hit.version_id, hit.ordinal) for hit in hits]

    def rank_reciprocally(question: Question) -> list[Place]:
        scores: dict[Place, float] = {}
        for places in (rank_words(question), rank_vectors(question)):
            for at, place in enumerate(places, start=1):
                scores[place] = scores.get(place, 0.0) + 1 / (_RRF_CONSTANT + at)
        return sorted(scores, key=lambda place: -scores[place])

    def with_search(search: Search) -> Way:
        def run(question: Question) -> Found:
            versions = shelf.versions(question)
            result = search.find_evidence(
                question.text, tenants=[TENANT], versions=versions, read=shelf.read, budget=shelf.budget
            )
            found: dict[Place, list[Span]] = {}
            for quote in result.quotes:
                span = shelf.locate(question, quote.place, quote.start, quote.end)
                found.setdefault(quote.place, []).append(span)
            return list(found.values())

        return run

    return {
        "ours": with_search(Search(shelf.lexical, shelf.index, shelf.embedder)),
        "ours by words alone": with_search(Search(shelf.lexical, shelf.index, None)),
        "BM25": lambda question: shelf.fill(question, rank_words(question)),
        "dense (MiniLM)": lambda question: shelf.fill(question, rank_vectors(question)),
        "reciprocal rank fusion": lambda question: shelf.fill(question, rank_reciprocally(question)),
    }


def run_peers(
    paths: Mapping[str, Path],
    questions: Sequence[Question],
    embedder: RememberingEmbedder,
    budget: int,
    python: Path,
) -> dict[str, Way]:
    """Return the peers: chunks of 3,000 characters with MiniLM, and LlamaIndex itself where that Python has it."""
    texts = {name: path.read_bytes().decode("utf-8") for name, path in paths.items()}
    chunks = {name: cut_chunks(text) for name, text in texts.items()}
    vectors = {name: embedder.embed([texts[name][start:end] for start, end in spans]) for name, spans in chunks.items()}

    def search_chunks(question: Question) -> Found:
        scores = vectors[question.corpus] @ embedder.embed([question.text])[0]
        return fill_spans([chunks[question.corpus][at] for at in np.argsort(-scores, kind="stable")], budget)

    peers: dict[str, Way] = {"chunks of 3,000 characters (MiniLM)": search_chunks}
    if python.exists():
        found = ask_llama_index(paths, questions, python)
        peers["LlamaIndex"] = lambda question: fill_spans(found[question.text], budget)
    return peers


def cut_chunks(text: str) -> list[Span]:
    """Cut a text every 3,000 characters, at white space."""
    spans: list[Span] = []
    start = 0
    while start < len(text):
        stop = start + CHUNK_CHARACTERS
        if stop < len(text):
            stop = max(text.rfind(" ", start + 1, stop), text.rfind("\n", start + 1, stop), start + 1)
        spans.append((start, min(stop, len(text))))
        start = stop
    return spans


def fill_spans(spans: Iterable[Span], budget: int) -> Found:
    """Return spans, the best first, as far as the budget goes, the last one cut there."""
    found: Found = []
    for start, end in spans:
        size = min(budget, end - start)
        if size:
            found.append([(start, start + size)])
        budget -= size
    return found


def ask_llama_index(paths: Mapping[str, Path], questions: Sequence[Question], python: Path) -> dict[str, list[Span]]:
    """Return what LlamaIndex finds for each question with its own defaults, best first."""
    asked = [[question.corpus, question.text] for question in questions]
    files = {name: str(path) for name, path in paths.items()}
    request = {"corpora": files, "questions": asked, "model": str(find_packaged_weights())}
    ran = subprocess.run(
        [str(python), "-m", "benchmarks.retrieval_quality_peer"],
        input=json.dumps(request),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: list[list[list[int]]] = json.loads(ran.stdout)
    return {
        question.text: [(start, end) for start, end in spans] for question, spans in zip(questions, found, strict=True)
    }
