"""What the grader measures in a short answer: a handful of numbers that a person can read, and their weighing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from hellotutor.embeddings.base import Embedder, Vectors
from hellotutor.tutoring.tutors.base import QuestionToGrade
from hellotutor.tutoring.tutors.offline.contradictions import Contradiction, find_contradiction
from hellotutor.tutoring.tutors.offline.key_points import Coverage, cover, stands_in
from hellotutor.tutoring.tutors.offline.replacements import Replacement, find_replacement
from hellotutor.tutoring.tutors.offline.words import Word, content_of, stems_of, words_of

_LENGTH_LIMIT = 0.7  # of the log of the ratio of lengths, either way: writing more than twice as much gains nothing


@dataclass(frozen=True, slots=True)
class Signals:
    """What stands out in an answer beside its reference.

    Attributes:
        coverage: how much of the key points the answer says.
        focus: share of the answer's content words, without those of the question, that stand in the reference or the
            quote; in [0, 1].
        length: log of the answer's content words by the reference's, cut at ±0.7.
        similarity: cosine of answer and reference; 0 without an embedder.
        echo: cosine of answer and question; 0 without an embedder.
        background: cosine of reference and question; 0 without an embedder.
        points: cosine of the answer with each key point; empty without an embedder.
        contradiction: what goes against the reference, or None.
        replacement: a word of the reference for which an answer that is nearly its copy has another, or None.
        told: share of the reference's content words, without those of the question, that the answer says; in [0, 1].
        is_as_negative: whether answer and reference both deny, or neither does.
    """

    coverage: Coverage
    focus: float
    length: float
    similarity: float
    echo: float
    background: float
    points: tuple[float, ...]
    contradiction: Contradiction | None
    replacement: Replacement | None
    told: float
    is_as_negative: bool

    @property
    def features(self) -> tuple[float, ...]:
        """The numbers that are weighed, in the order of the coefficients."""
        doubt = 0.0 if self.contradiction is None else 1.0
        plain = (self.coverage.share, self.focus, self.length, doubt)
        if not self.points:
            return plain
        return (*plain, self.similarity, self.echo, self.background)


def measure(question: QuestionToGrade, answer: str, embedder: Embedder | None) -> Signals:
    """Measure a short answer against its question.

    Args:
        question: a short-answer question.
        answer: what the learner wrote, already cut to a bounded length.
        embedder: what tells synonyms, or None for words alone.
    """
    prompt, reference, given = words_of(question.prompt), words_of(question.answer), words_of(answer)
    is_as_negative = _count_negations(reference) % 2 == _count_negations(given) % 2
    vectors = _embed(question, answer, embedder)
    return Signals(
        coverage=cover(question.key_points, prompt, given),
        focus=_focus(prompt, (*reference, *words_of(question.quote)), given),
        length=_length(reference, given),
        similarity=float(vectors[0] @ vectors[1]) if vectors is not None else 0.0,
        echo=float(vectors[0] @ vectors[2]) if vectors is not None else 0.0,
        background=float(vectors[1] @ vectors[2]) if vectors is not None else 0.0,
        points=tuple(float(value) for value in vectors[3:] @ vectors[0]) if vectors is not None else (),
        contradiction=find_contradiction(prompt, reference, given),
        replacement=find_replacement(prompt, reference, question.quote, given) if is_as_negative else None,
        told=cover((question.answer,), prompt, given).share,
        is_as_negative=is_as_negative,
    )


def weigh(features: Sequence[float], coefficients: Sequence[float]) -> float:
    """Return the probability that an answer with these features is correct.

    Args:
        features: see `Signals.features`.
        coefficients: the constant term, then one for each feature.
    """
    total = coefficients[0] + sum(value * weight for value, weight in zip(features, coefficients[1:], strict=True))
    return 1 / (1 + math.exp(-total))


def _embed(question: QuestionToGrade, answer: str, embedder: Embedder | None) -> Vectors | None:
    if embedder is None:
        return None
    texts = [answer, question.answer, question.prompt, *question.key_points]
    unique = list(dict.fromkeys(texts))  # a single key point is often the whole reference
    return embedder.embed(unique)[[unique.index(text) for text in texts]]


def _focus(prompt: Sequence[Word], known: Sequence[Word], given: Sequence[Word]) -> float:
    asked, expected = stems_of(prompt), content_of(known)
    own = [word for word in content_of(given) if word.stem not in asked]
    return sum(stands_in(word, expected) for word in own) / len(own) if own else 0.0


def _count_negations(words: Sequence[Word]) -> int:
    return sum(word.is_negation for word in words)


def _length(reference: Sequence[Word], given: Sequence[Word]) -> float:
    ratio = (1 + len(content_of(given))) / (1 + len(content_of(reference)))
    return max(-_LENGTH_LIMIT, min(_LENGTH_LIMIT, math.log(ratio)))
