"""Print how much of the text that answers a question each way of searching finds within 4,000 characters.

    script/bench retrieval_quality [--distractor TEXT_FILE] [--peer PYTHON | --ours-only]

The ways search the same passages, read and split as the program does; the peers chunk as they do. Settings are chosen
on each corpus and confirmed on the other. With a distractor every search runs over the question's corpus and that file
together. Intervals are 95% bootstrap intervals over the questions.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings

from benchmarks.retrieval_passages import read_passages
from benchmarks.retrieval_set import BUDGET_CHARACTERS, Question, read_questions
from benchmarks.retrieval_ways import DISTRACTOR, Found, RememberingEmbedder, Shelf, make_ways, run_peers
from benchmarks.shared import add_models, add_path
from hellotutor.embeddings.minilm import MiniLMConfig
from hellotutor.evaluation.measures import Answered, measure
from hellotutor.retrieval import evidence, fusion

SHOWN_FAILURES = 12
RESAMPLES = 5_000
Way = Callable[[Question], Found]


@dataclass(frozen=True, slots=True)
class Choice:
    """Settings of the search."""

    nearest_share: float
    falling: float
    vector_weight: float
    passage_weight: float

    @contextmanager
    def in_force(self) -> Iterator[None]:
        """Let the search use these."""
        before = fusion.NEIGHBOUR_SHARES, fusion.VECTOR_WEIGHT, evidence.PASSAGE_WEIGHT
        fusion.NEIGHBOUR_SHARES = tuple(self.nearest_share * self.falling**at for at in range(len(before[0])))
        fusion.VECTOR_WEIGHT, evidence.PASSAGE_WEIGHT = self.vector_weight, self.passage_weight
        try:
            yield
        finally:
            fusion.NEIGHBOUR_SHARES, fusion.VECTOR_WEIGHT, evidence.PASSAGE_WEIGHT = before


SHIPPED = Choice(fusion.NEIGHBOUR_SHARES[0], 0.7, fusion.VECTOR_WEIGHT, evidence.PASSAGE_WEIGHT)
GRID = [
    Choice(share, falling, weight, passage)
    for share, falling in ((0.3, 0.01), (0.3, 0.5), (0.4, 0.7), (0.5, 0.8))
    for weight in (0.5, 0.6)
    for passage in (0.65, 0.75, 0.85)
]
# What each idea adds, one after the other; a passage weight of 1 takes whole passages.
STEPS = {
    "whole passages, the next ones lend 0.3, half vectors": Choice(0.3, 0.001, 0.5, 1.0),
    "+ sentences weighed one by one": Choice(0.3, 0.001, 0.5, 0.75),
    "+ six passages on either side lend": Choice(0.4, 0.7, 0.5, 0.75),
    "+ vectors weigh 0.6 (shipped)": SHIPPED,
    "shipped, but for the sentences": Choice(0.4, 0.7, 0.6, 1.0),
    "shipped, but no passage lends": Choice(0.0, 0.7, 0.6, 0.75),
}


def main() -> None:
    """Measure every way and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_path(parser, "--data", "retrieval", help_text="folder of the retrieval set")
    add_models(parser)
    parser.add_argument("--distractor", type=Path, help="a text searched along with each corpus")
    parser.add_argument("--budget", type=int, default=BUDGET_CHARACTERS)
    parser.add_argument("--peer", type=Path, default=Path(".tools/bench/bin/python"), help="Python with LlamaIndex")
    parser.add_argument("--ours-only", action="store_true", help="leave the peers out")
    arguments = parser.parse_args()
    if not settings.configured:
        settings.configure()
    questions = read_questions(arguments.data)
    paths = {path.stem: path for path in sorted((arguments.data / "corpora").glob("*.md"))}
    corpora = {name: read_passages(path) for name, path in paths.items()}
    if arguments.distractor:
        corpora[DISTRACTOR] = read_passages(arguments.distractor)
    embedder = RememberingEmbedder(MiniLMConfig(arguments.models))
    shelf = Shelf(corpora, embedder, arguments.budget)
    ways: dict[str, Way] = make_ways(shelf)
    if not arguments.ours_only:
        ways |= run_peers(paths, questions, embedder, arguments.budget, arguments.peer)
    answered = {name: ask_all(way, questions) for name, way in ways.items()}
    ours = ways["ours"]
    print(
        json.dumps(
            {
                "questions": len(questions),
                "budget": arguments.budget,
                "passages": {name: len(passages) for name, passages in corpora.items()},
                "ways": {name: describe(found, questions) for name, found in answered.items()},
                "steps": {name: describe(ask_with(step, ours, questions), questions) for name, step in STEPS.items()},
                "chosen_and_confirmed": choose_both_ways(ours, questions, sorted(paths)),
                "failures": list_failures(answered["ours"], questions),
            },
            indent=2,
            ensure_ascii=False,
        )
    )


def ask_all(way: Way, questions: Sequence[Question]) -> list[Answered]:
    """Measure a way on each question."""
    return [measure(question.gold, way(question), 0.0) for question in questions]


def ask_with(choice: Choice, ours: Way, questions: Sequence[Question]) -> list[Answered]:
    """Measure our search with other settings."""
    with choice.in_force():
        return ask_all(ours, questions)


def describe(answered: Sequence[Answered], questions: Sequence[Question]) -> dict[str, Any]:
    """Return means with an interval of the recall, and the recall by corpus."""
    recalls = np.array([one.recall for one in answered])
    rng = np.random.default_rng(0)
    resampled = recalls[rng.integers(0, len(recalls), (RESAMPLES, len(recalls)))].mean(axis=1)
    names = sorted({question.corpus for question in questions})
    by_corpus = {name: recalls[[question.corpus == name for question in questions]].mean() for name in names}
    return {
        "recall": round(float(recalls.mean()), 4),
        "interval": [round(float(at), 4) for at in np.percentile(resampled, [2.5, 97.5])],
        "by_corpus": {name: round(float(mean), 4) for name, mean in by_corpus.items()},
        "precision": round(float(np.mean([one.precision for one in answered])), 4),
        "iou": round(float(np.mean([one.iou for one in answered])), 4),
        "hit_at_1": round(float(np.mean([one.first_hit == 1 for one in answered])), 4),
        "hit_at_5": round(float(np.mean([1 <= one.first_hit <= 5 for one in answered])), 4),
    }


def choose_both_ways(ours: Way, questions: Sequence[Question], names: Sequence[str]) -> list[dict[str, Any]]:
    """Choose settings on each corpus in turn, and return what they find on the others."""
    recalls = {choice: recall_by_corpus(ask_with(choice, ours, questions), questions) for choice in GRID}
    shipped = recall_by_corpus(ask_with(SHIPPED, ours, questions), questions)
    told = []
    for name in names:
        best = max(GRID, key=lambda choice, chosen_on=name: recalls[choice][chosen_on])
        others = {other: recalls[best][other] for other in names if other != name}
        told.append(
            {
                "chosen_on": name,
                "settings": [best.nearest_share, best.falling, best.vector_weight, best.passage_weight],
                "recall_there": recalls[best][name],
                "confirmed_on": others,
                "shipped": shipped,
            }
        )
    return told


def recall_by_corpus(answered: Sequence[Answered], questions: Sequence[Question]) -> Mapping[str, float]:
    """Return the mean recall of each corpus's questions."""
    recalls: dict[str, list[float]] = {}
    for one, question in zip(answered, questions, strict=True):
        recalls.setdefault(question.corpus, []).append(one.recall)
    return {name: round(float(np.mean(some)), 4) for name, some in recalls.items()}


def list_failures(answered: Sequence[Answered], questions: Sequence[Question]) -> list[dict[str, Any]]:
    """Return the questions of which least was found."""
    worst = sorted(zip(answered, questions, strict=True), key=lambda pair: pair[0].recall)[:SHOWN_FAILURES]
    return [{"recall": round(one.recall, 2), "corpus": q.corpus, "question": q.text} for one, q in worst]


if __name__ == "__main__":
    main()
