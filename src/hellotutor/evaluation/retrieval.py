"""How much of the evidence for a question search finds within a budget of characters."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hellotutor.accounts.models import User
from hellotutor.core.errors import Unavailable
from hellotutor.documents.models import DocumentVersion
from hellotutor.ingestion.rag_ingestion import IngestionParts
from hellotutor.retrieval.evidence import Hit, Place
from hellotutor.retrieval.search import Search
from hellotutor.tutoring.selectors import Scope, find_excerpts
from hellotutor.tutoring.tutors.base import Excerpt

from .library import Ingested, ingest_corpus
from .measures import Answered, measure, report
from .question_set import Corpus, Question


def evaluate_retrieval(
    corpora: Sequence[Corpus],
    *,
    owner: User,
    parts: IngestionParts,
    search: Search,
    budget: int,
    on_progress: Callable[[Corpus, DocumentVersion], None],
) -> dict[str, Any]:
    """Ingest the corpora, ask each question of its own corpus and return what `measures.report` does, and the `mode`.

    That is `hybrid`, or `lexical` where `parts` have no embedder: search by words alone is measured then.

    The time of a query is that of all of it: embedding the question, words, vectors, the texts and packing. One query
    a corpus before these isn't counted: it reads the index from the disk.

    Args:
        corpora: with their questions.
        owner: whose library they join.
        parts: what they are read with.
        search: over the indexes of `parts`.
        budget: characters of text that may be returned for a question.
        on_progress: told of each corpus while it is read and embedded.

    Raises:
        Invalid: a corpus can't be read; the sentence names its file.
        Unavailable: the embedder, an index or a storage failed.
    """
    mode = "hybrid" if parts.embedder else "lexical"
    ingested: dict[str, Ingested] = {}
    for corpus in corpora:
        for version in ingest_corpus(corpus, owner, parts):
            on_progress(corpus, version)
        ingested[corpus.name] = Ingested(corpus, version)
    answered = {corpus.name: _ask_all(corpus, ingested[corpus.name], search, budget, mode) for corpus in corpora}
    return {"mode": mode, **report(answered)}


def _ask_all(corpus: Corpus, ingested: Ingested, search: Search, budget: int, mode: str) -> list[Answered]:
    _ask(corpus.questions[0], ingested, search, budget, mode)
    return [_ask(question, ingested, search, budget, mode) for question in corpus.questions]


def _ask(question: Question, ingested: Ingested, search: Search, budget: int, mode: str) -> Answered:
    def read(hits: Sequence[Hit]) -> Mapping[Place, Excerpt]:
        return find_excerpts([ingested.version], [hit.place for hit in hits], Scope())

    begun = time.perf_counter()
    found = search.find_evidence(
        question.text, tenants=[ingested.tenant], versions=[ingested.version_id], read=read, budget=budget
    )
    took_ms = 1000 * (time.perf_counter() - begun)
    if found.reason and mode == "hybrid":
        sentence = f"“{question.text}” was searched by words only ({found.reason}): run the same command again."
        raise Unavailable("not_hybrid", sentence)
    return measure(question.gold, ingested.locate(found.quotes), took_ms)
