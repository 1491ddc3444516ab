"""Print how well the offline tutor tells a question that the documents answer from one that they don't.

Each question is asked of its own corpus (it should be answered), of the other corpus and of a textbook of biology (it
should be refused) and, far harder, of its own corpus less the passages that hold the answer. The thresholds are chosen
on one half of the questions; the rates printed are those of the other half, and of short questions written for the
textbook. The short ones chose no threshold, but the rule for short questions was made while looking at them.

    script/bench replies_refusal
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Collection, Sequence

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from benchmarks.retrieval_set import (
    BUDGET_CHARACTERS,
    PASSAGE_CHARACTERS,
    TENANT,
    Corpora,
    Passage,
    Question,
    cut_passages,
    index_corpora,
    read_corpora,
    read_questions,
)
from benchmarks.shared import add_models, add_path
from benchmarks.short_questions import ANSWERED, NOT_ANSWERED
from hellotutor.embeddings.base import Embedder
from hellotutor.embeddings.minilm import MiniLMConfig, MiniLMEmbedder
from hellotutor.retrieval.evidence import Hit, Place
from hellotutor.retrieval.search import Search
from hellotutor.tutoring.tutors.base import Excerpt
from hellotutor.tutoring.tutors.offline import replies

EXCERPTS = 10
TEXTBOOK = "textbook"
KEEP_SHARES = (0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
Rows = NDArray[np.float64]


def main() -> None:
    """Measure with and without vectors and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_path(parser, "--data", "retrieval", help_text="folder of the retrieval set")
    add_path(parser, "--textbook", "textbook", "biology.md", help_text="an introduction to biology, as text")
    add_models(parser)
    arguments = parser.parse_args()
    if not settings.configured:
        settings.configure()
    questions, corpora = read_questions(arguments.data), read_corpora(arguments.data)
    corpora[TEXTBOOK] = list(cut_passages(arguments.textbook.read_text(encoding="utf-8"), PASSAGE_CHARACTERS))
    minilm = MiniLMEmbedder(MiniLMConfig(arguments.models))
    report = {
        "questions": len(questions),
        "with_vectors": measure(questions, corpora, minilm),
        "words_alone": measure(questions, corpora, None),
    }
    print(json.dumps(report, indent=2))


def measure(questions: list[Question], corpora: Corpora, embedder: Embedder | None) -> dict[str, object]:
    """Return the thresholds that one half chooses and what the other half says of the shipped ones."""
    search = index_corpora(corpora, embedder).search
    replier = replies.Replier(embedder)

    def weigh(asked: list[Question], corpus: Callable[[Question], str], *, without_gold: bool = False) -> Rows:
        found = [replier.weigh(q.text, find(search, q, corpora, corpus(q), without_gold)) for q in asked]
        return np.array([(one.ratio, one.score, one.cosine or 0) for one in found])

    own = weigh(questions, lambda q: q.corpus)
    other = weigh(questions, lambda q: next(name for name in corpora if name not in (q.corpus, TEXTBOOK)))
    textbook = weigh(questions, lambda _: TEXTBOOK)
    gutted = weigh(questions, lambda q: q.corpus, without_gold=True)
    short, short_other = (
        weigh([Question(text, TEXTBOOK, ()) for text in texts], lambda q: q.corpus)
        for texts in (ANSWERED, NOT_ANSWERED)
    )
    cited = [
        measure_quotes(replier, find(search, q, corpora, q.corpus, False), q, corpora[q.corpus]) for q in questions
    ]
    half = np.random.default_rng(0).permutation(len(questions)) % 2 == 0
    return {
        "score_and_cosine_chosen_on_first_half": choose_thresholds(own[half], [other[half], textbook[half]]),
        "keep_share_chosen_on_first_half": choose_keep_share(np.array(cited)[half]),
        "quotes_by_keep_share": describe_quotes(np.array(cited)[~half]),
        "answered_own_corpus": share_answered(own[~half]),
        "refused_other_corpus": share_refused(other[~half]),
        "refused_textbook": share_refused(textbook[~half]),
        "refused_own_corpus_without_answer": share_refused(gutted[~half]),
        "answered_short": share_answered(short),
        "refused_short": share_refused(short_other),
        "auc_other_corpus": measure_auc(own[~half], other[~half]),
        "auc_textbook": measure_auc(own[~half], textbook[~half]),
        "auc_own_corpus_without_answer": measure_auc(own[~half], gutted[~half]),
    }


def find(search: Search, question: Question, corpora: Corpora, corpus: str, without_gold: bool) -> list[Excerpt]:
    """Return the best excerpts of a corpus, without those that hold a part of the answer if so asked."""
    passages = corpora[corpus]
    gold = find_gold(question, passages) if without_gold else ()

    def read(hits: Sequence[Hit]) -> dict[Place, Passage]:
        return {hit.place: passages[hit.ordinal] for hit in hits if hit.ordinal not in gold}

    result = search.find_evidence(
        question.text, tenants=[TENANT], versions=[corpus], read=read, budget=BUDGET_CHARACTERS
    )
    ordinals = list(dict.fromkeys(quote.ordinal for quote in result.quotes))[:EXCERPTS]
    return [make_excerpt(corpus, ordinal, passages) for ordinal in ordinals]


def measure_quotes(
    replier: replies.Replier, excerpts: list[Excerpt], question: Question, passages: list[Passage]
) -> list[list[int]]:
    """Return for each of KEEP_SHARES how many sentences are quoted and how many of them hold a part of the answer."""

    def is_gold(excerpt: Excerpt, span: tuple[int, int]) -> bool:
        start, end = (passages[excerpt.ordinal].start + at for at in span)
        return any(start < last and first < end for first, last in question.gold)

    ranked = replier.rank(question.text, excerpts)
    chosen = [replies.choose_sentences(ranked, share) for share in KEEP_SHARES]
    return [[len(some), sum(is_gold(one.excerpt, one.span) for one in some)] for some in chosen]


def describe_quotes(counts: NDArray[np.int64]) -> dict[str, list[float]]:
    """Return for each of KEEP_SHARES [share of quotes that are right, share of questions with a right one].

    Args:
        counts: (questions, keep shares, 2), as `measure_quotes` returns them.
    """
    right, some = counts[:, :, 1].sum(0) / counts[:, :, 0].sum(0), (counts[:, :, 1] > 0).mean(0)
    rows = zip(KEEP_SHARES, right, some, strict=True)
    return {str(share): [round(float(one), 3), round(float(other), 3)] for share, one, other in rows}


def choose_keep_share(counts: NDArray[np.int64]) -> float:
    """Return the share at which the two of `describe_quotes` have the best harmonic mean."""
    described = describe_quotes(counts)
    return float(max(described, key=lambda share: 2 / (1 / described[share][0] + 1 / described[share][1])))


def find_gold(question: Question, passages: list[Passage]) -> Collection[int]:
    """Return the ordinals of the passages that hold a part of the answer."""
    return {
        ordinal
        for ordinal, passage in enumerate(passages)
        if any(passage.start < end and start < passage.end for start, end in question.gold)
    }


def make_excerpt(corpus: str, ordinal: int, passages: list[Passage]) -> Excerpt:
    """Return a passage as a tutor sees it."""
    passage = passages[ordinal]
    return Excerpt(
        passage_id=ordinal,
        ordinal=ordinal,
        document=corpus,
        version_id=1,
        text=passage.text,
        sentences=passage.sentences,
        heading_path=(),
        page=None,
        position=ordinal / len(passages),
        on_one_page=(True,) * len(passage.sentences),
    )


def share_answered(weighed: Rows) -> float:
    """Return the share that gets a reply."""
    return round(float((weighed[:, 0] >= 1).mean()), 3)


def share_refused(weighed: Rows) -> float:
    """Return the share that gets none."""
    return round(1 - share_answered(weighed), 3)


def choose_thresholds(answerable: Rows, unanswerable: list[Rows]) -> list[float]:
    """Return the least score and cosine at which answering and refusing right are best balanced."""

    def balance(score: float, cosine: float) -> float:
        def share(rows: Rows) -> float:
            return float(((rows[:, 1] >= score) & (rows[:, 2] >= cosine)).mean())

        return share(answerable) - sum(map(share, unanswerable)) / len(unanswerable)

    tried = [(score / 100, cosine / 100) for score in range(10, 50) for cosine in range(0, 60)]
    _, cosine, score = max((round(balance(score, cosine), 6), cosine, score) for score, cosine in tried)
    return [score, cosine]


def measure_auc(positive: Rows, negative: Rows) -> float:
    """Return the chance that a positive outweighs a negative, a tie counting half."""
    above = (positive[:, None, 0] > negative[None, :, 0]).mean()
    level = (positive[:, None, 0] == negative[None, :, 0]).mean()
    return round(float(above + level / 2), 4)


if __name__ == "__main__":
    main()
