"""Replying without a language model: the few sentences that answer best, word for word, each with its citation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hellotutor.embeddings.base import Embedder
from hellotutor.tutoring.tutors.base import Evidence, Excerpt, Reply
from hellotutor.tutoring.tutors.offline.quantities import holds_measure, holds_number, needs_number, wants_measure
from hellotutor.tutoring.tutors.offline.reply_evidence import Candidate, find_subject, score_candidates
from hellotutor.tutoring.tutors.offline.spaceless import is_spaceless

# What the best sentence must reach for a reply; benchmarks/replies_refusal.py prints what it means on other questions.
# With vectors: where answering and refusing were best balanced on the other half. By words alone that balance, 0.27,
# would refuse 28% of what the documents answer: 0.22 refuses 17%, and lets 15% through of what a long textbook doesn't
# answer rather than 7%. Words say little of a short question, of which one word in common is half.
LEAST_COSINE = 0.40
LEAST_SCORE = 0.25
LEAST_WORDS = 0.22
LEAST_WORDS_SHORT = 0.45
SHORT_WORDS = 5
# Cosines of another embedder are on another scale: until it is calibrated, its replies go by words alone.
CALIBRATED_EMBEDDERS = frozenset({"minilm/all-MiniLM-L6-v2"})

_MOST_SENTENCES = 3
# Of the best score. benchmarks/replies_refusal.py prints both rates: their harmonic mean rises to 0.95, but there 15 in
# 100 questions lose the right sentence that 0.75 quotes; 0.85 halves that loss.
KEEP_SHARE = 0.85
_NO_MEASURE = 0.8  # of its score is left to a sentence without number, date or time where one is wanted
_SAME_SHARE = 0.6  # of the words of two sentences together: above it they say the same
_LEANING = """
it its this that these those they their them he his him she her such here there however therefore thus hence moreover
furthermore instead also but so then both another otherwise similarly consequently nevertheless
"""
LEANING_WORDS = frozenset(_LEANING.split())
REFUSAL = "Your documents don't answer this. Try other words, or add a document that covers it."


@dataclass(frozen=True, slots=True)
class Strength:
    """How much the best sentence says.

    Attributes:
        score: as `Candidate.score`.
        cosine: as `Candidate.cosine`.
        subject_words: how many words of the question say what it is about.
    """

    score: float = 0.0
    cosine: float | None = None
    subject_words: int = 0

    @property
    def ratio(self) -> float:
        """What was reached of what a reply demands; a reply is given from 1 on."""
        if self.cosine is None:
            return self.score / (LEAST_WORDS if self.subject_words >= SHORT_WORDS else LEAST_WORDS_SHORT)
        return min(self.score / LEAST_SCORE, self.cosine / LEAST_COSINE)


class Replier:
    """Answers from excerpts alone.

    Args:
        embedder: None, or one that isn't calibrated, weighs sentences by their words alone.
    """

    def __init__(self, embedder: Embedder | None) -> None:
        self._embedder = embedder if embedder and embedder.name in CALIBRATED_EMBEDDERS else None

    def reply(self, message: str, excerpts: Sequence[Excerpt]) -> Reply:
        """Quote the one to three sentences that answer best, or say that the documents don't answer.

        A sentence that leans on the one before it ("They …") brings that one along.

        Args:
            message: the learner's question.
            excerpts: what search found, best first.

        Returns:
            `text` holds each quote in quotation marks and the number of its citation, from 1: `“…” [1]`.

        Raises:
            Unavailable: the embedder failed.
        """
        ranked = self.rank(message, excerpts)
        if _weigh_best(message, ranked).ratio < 1:
            return Reply(REFUSAL, grounded=False)
        citations = tuple(_cite(choose_sentences(ranked)))
        text = " ".join(f"“{one.quote}” [{number}]" for number, one in enumerate(citations, start=1))
        return Reply(text, grounded=True, citations=citations)

    def weigh(self, message: str, excerpts: Sequence[Excerpt]) -> Strength:
        """Return what a refusal is decided by; raises as `reply` does."""
        return _weigh_best(message, self.rank(message, excerpts))

    def rank(self, message: str, excerpts: Sequence[Excerpt]) -> list[Candidate]:
        """Return the sentences that may be quoted, best first; raises as `reply` does."""
        # the model knows the scripts that are written without spaces as single letters, if at all
        ranked = score_candidates(message, excerpts, None if is_spaceless(message) else self._embedder)
        if needs_number(message):
            return [one for one in ranked if holds_number(one.text)]
        if wants_measure(message):
            return sorted(ranked, key=lambda one: -one.score * (1 if holds_measure(one.text) else _NO_MEASURE))
        return ranked


def _weigh_best(message: str, ranked: Sequence[Candidate]) -> Strength:
    if not ranked:
        return Strength()
    return Strength(ranked[0].score, ranked[0].cosine, len(find_subject(message)))


def choose_sentences(ranked: Sequence[Candidate], keep_share: float = KEEP_SHARE) -> list[Candidate]:
    """Return the best sentence and up to two more, nearly as good, that say something else.

    Args:
        ranked: best first.
        keep_share: least score of another, as a share of the best one's.
    """
    chosen: list[Candidate] = []
    for one in ranked:
        if len(chosen) == _MOST_SENTENCES or one.score < keep_share * ranked[0].score:
            break
        if all(_overlap(one, other) < _SAME_SHARE for other in chosen):
            chosen.append(one)
    return chosen


def _overlap(one: Candidate, other: Candidate) -> float:
    together = one.terms | other.terms
    return len(one.terms & other.terms) / len(together) if together else 1.0


def _cite(chosen: Sequence[Candidate]) -> list[Evidence]:
    """Return the chosen sentences and those they lean on, in reading order; the document of the best one first."""
    best_rank: dict[int, int] = {}
    for one in chosen:
        best_rank[one.excerpt.version_id] = min(one.rank, best_rank.get(one.excerpt.version_id, one.rank))
    places = {(one.excerpt, number) for one in chosen for number in _with_antecedent(one)}
    in_order = sorted(places, key=lambda at: (best_rank[at[0].version_id], at[0].version_id, at[0].ordinal, at[1]))
    return [Evidence(excerpt, *excerpt.sentences[number]) for excerpt, number in in_order]


def _with_antecedent(one: Candidate) -> tuple[int, ...]:
    first_word = one.text.lstrip("\"'([").split(maxsplit=1)[0].rstrip(",.;:").lower()
    before = one.number - 1
    leans = first_word.split("'")[0] in LEANING_WORDS
    return (before, one.number) if leans and before >= 0 and one.excerpt.on_one_page[before] else (one.number,)
