"""Print how much of the text that answers a question each way of searching finds within 4,000 characters.

    script/bench retrieval_quality [--distractor TEXT_FILE]

With a distractor every search runs over the question's corpus and that file together.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from django.conf import settings

from benchmarks.retrieval_set import (
    PASSAGE_CHARACTERS,
    TENANT,
    Indexed,
    Passage,
    Question,
    cut_passages,
    index_corpora,
    measure_recall,
    read_corpora,
    read_questions,
)
from benchmarks.shared import add_models, add_path
from hellotutor.embeddings.minilm import MiniLMConfig, MiniLMEmbedder
from hellotutor.retrieval.fusion import rank
from hellotutor.retrieval.search import Search, stamp_of

MOST_PASSAGES = 60  # more than fill the budget
Place = tuple[str, int]


def main() -> None:
    """Measure every way and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_path(parser, "--data", "retrieval", help_text="folder of the retrieval set")
    add_models(parser)
    parser.add_argument("--distractor", type=Path, help="a text searched along with each corpus")
    arguments = parser.parse_args()
    if not settings.configured:
        settings.configure()
    questions, corpora = read_questions(arguments.data), read_corpora(arguments.data)
    others: list[str] = []
    if arguments.distractor:
        others = ["distractor"]
        corpora["distractor"] = list(cut_passages(arguments.distractor.read_text(encoding="utf-8"), PASSAGE_CHARACTERS))
    embedder = MiniLMEmbedder(MiniLMConfig(arguments.models))
    indexed = index_corpora(corpora, embedder)
    ways = make_ways(indexed, embedder)
    report = {
        "questions": len(questions),
        "passages": {name: len(passages) for name, passages in corpora.items()},
        "recall": {name: round(measure(way, questions, corpora, others), 4) for name, way in ways.items()},
        "embed_query_p50_ms": time_median_ms(lambda text: embedder.embed([text]), questions),
        "search_p50_ms": time_median_ms(
            lambda text: indexed.search.search(text, tenants=[TENANT], versions=list(corpora), k=10), questions
        ),
    }
    print(json.dumps(report, indent=2))


def make_ways(indexed: Indexed, embedder: MiniLMEmbedder) -> dict[str, Callable[[str, list[str]], list[Place]]]:
    """Return each way of searching: (question, versions) → places, best first."""

    def search_bm25(question: str, versions: list[str]) -> list[Place]:
        found = indexed.lexical.score(question, tenants=[TENANT], versions=versions)
        rows = rank(found.scores, MOST_PASSAGES)
        which = np.searchsorted(found.bounds, rows, side="right") - 1
        return [(found.versions[at], int(row - found.bounds[at])) for row, at in zip(rows, which, strict=True)]

    def search_dense(question: str, versions: list[str]) -> list[Place]:
        vector, stamp = embedder.embed([question])[0], stamp_of(embedder)
        hits = indexed.index.query(vector, tenants=[TENANT], version_ids=versions, k=MOST_PASSAGES, stamp=stamp)
        return [(hit.version_id, hit.ordinal) for hit in hits]

    def with_search(search: Search) -> Callable[[str, list[str]], list[Place]]:
        def run(question: str, versions: list[str]) -> list[Place]:
            result = search.search(question, tenants=[TENANT], versions=versions, k=MOST_PASSAGES)
            return [(hit.version_id, hit.ordinal) for hit in result.hits]

        return run

    return {
        "bm25": search_bm25,
        "dense": search_dense,
        "search_lexical": with_search(Search(indexed.lexical, indexed.index, None)),
        "search_hybrid": with_search(indexed.search),
    }


def measure(
    way: Callable[[str, list[str]], list[Place]],
    questions: list[Question],
    corpora: dict[str, list[Passage]],
    others: list[str],
) -> float:
    """Return the mean recall of gold characters within the budget; a distractor's passages spend it for nothing."""
    recalls = []
    for question in questions:
        places = way(question.text, [question.corpus, *others])
        passages = [corpora[name][ordinal] for name, ordinal in places]
        mine = [
            passage if name == question.corpus else Passage(-len(passage.text), 0, passage.text, ())
            for (name, _), passage in zip(places, passages, strict=True)
        ]
        recalls.append(measure_recall(question.gold, mine))
    return float(np.mean(recalls))


def time_median_ms(call: Callable[[str], object], questions: list[Question]) -> float:
    """Return the median milliseconds of a call over the first 50 questions."""
    took = []
    for question in questions[:50]:
        begun = time.perf_counter()
        call(question.text)
        took.append(time.perf_counter() - begun)
    return round(float(np.median(took)) * 1000, 2)


if __name__ == "__main__":
    main()
