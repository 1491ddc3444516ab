"""Weighing each sentence of the excerpts as an answer to a question."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hellotutor.embeddings.base import Embedder, Vectors
from hellotutor.retrieval.lexical.analysis import ENGLISH
from hellotutor.tutoring.tutors.base import Excerpt
from hellotutor.tutoring.tutors.offline.spaceless import count_words, is_spaceless, leave_out_function_words

_FEWEST_WORDS = 5  # shorter ones are headings, labels and interjections
_ENDS = re.compile(r"[.!\u2026\u3002\uff01][\"')\]\u201d]*$")  # a heading or a cut piece has none
_STARTS = re.compile(r"[\"'(\[\u201c]*(?:[^\W\d_a-z]|\d|[a-z]+[A-Z])")  # a capital or a digit, or such as "mRNA"
# A sentence that starts with one of these sets a task (a textbook's learning objectives) and states nothing; in a
# question they, and courtesies, say nothing of its subject.
_TASKS = """
analyse analyze calculate compare consider contrast define describe determine discuss distinguish evaluate explain
give identify illustrate list name outline show state summarise summarize tell understand
"""
TASK_WORDS = frozenset(_TASKS.split())
_COURTESIES = "hello hey hi ok okay please thank thanks yes"


@dataclass(frozen=True, slots=True)
class Weights:
    """What a sentence's score is made of; the three add up to 1."""

    cosine: float
    coverage: float
    passage_coverage: float


WITH_VECTORS = Weights(cosine=0.4, coverage=0.4, passage_coverage=0.2)
WORDS_ALONE = Weights(cosine=0.0, coverage=0.7, passage_coverage=0.3)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence that may be quoted.

    Attributes:
        rank: place of its excerpt, 0 the best.
        number: place of the sentence in its excerpt.
        terms: its content words, stemmed.
        score: how well it answers, in [-0.4, 1].
        cosine: to the question, None where words alone were weighed.
    """

    excerpt: Excerpt
    rank: int
    number: int
    terms: frozenset[str]
    score: float = 0.0
    cosine: float | None = None

    @property
    def span(self) -> tuple[int, int]:
        """Where it stands in the excerpt's text."""
        return self.excerpt.sentences[self.number]

    @property
    def text(self) -> str:
        """The sentence."""
        return self.excerpt.text[slice(*self.span)]


def score_candidates(message: str, excerpts: Sequence[Excerpt], embedder: Embedder | None) -> list[Candidate]:
    """Return the sentences that may be quoted, best first.

    The score adds the sentence's cosine to the question, the share of the question's content words that it holds, each
    weighed by how rare it is among these sentences, and the same share of its passage and headings.

    Args:
        message: the question.
        excerpts: best first.
        embedder: None scores by words alone.

    Raises:
        Unavailable: the embedder cannot be loaded or reached.
    """
    candidates = list(_gather(excerpts, _states_something)) or list(_gather(excerpts, _is_a_line))
    if not candidates:
        return []
    asked = find_subject(message)
    rarity = _measure_rarity(asked, candidates)
    around = [_terms(" ".join((*excerpt.heading_path, excerpt.text))) for excerpt in excerpts]
    weights = WORDS_ALONE if embedder is None else WITH_VECTORS
    cosines = np.zeros(len(candidates)) if embedder is None else _measure_cosines(message, candidates, embedder)
    scored = [
        Candidate(
            one.excerpt,
            one.rank,
            one.number,
            one.terms,
            weights.cosine * float(cosine)
            + weights.coverage * _cover(one.terms, rarity)
            + weights.passage_coverage * _cover(around[one.rank], rarity),
            None if embedder is None else float(cosine),
        )
        for one, cosine in zip(candidates, cosines, strict=True)
    ]
    return sorted(scored, key=lambda one: -one.score)


def find_subject(message: str) -> frozenset[str]:
    """Return the stems of the words that say what a question is about."""
    if is_spaceless(message):
        return frozenset(ENGLISH.query_terms(leave_out_function_words(message)))
    return _terms(message) - _BESIDE_THE_SUBJECT


def _gather(excerpts: Sequence[Excerpt], may_be_quoted: Callable[[str], bool]) -> Iterator[Candidate]:
    for rank, excerpt in enumerate(excerpts):
        for number, (start, end) in enumerate(excerpt.sentences):
            text = excerpt.text[start:end]
            if excerpt.on_one_page[number] and may_be_quoted(text):
                yield Candidate(excerpt, rank, number, _terms(text))


def _states_something(text: str) -> bool:
    bare = text.lstrip("*-\u2022 ")
    is_sentence = _ENDS.search(bare) and _STARTS.match(bare) and count_words(bare) >= _FEWEST_WORDS
    return bool(is_sentence) and bare.lstrip("\"'([").split()[0].lower() not in TASK_WORDS


def _is_a_line(text: str) -> bool:
    """Say whether a line of slides or a table says enough to be quoted: such texts have no full stops at all."""
    return count_words(text) >= _FEWEST_WORDS


def _terms(text: str) -> frozenset[str]:
    return frozenset(term for term, _, _ in ENGLISH.terms(text))


def _measure_rarity(asked: frozenset[str], candidates: Sequence[Candidate]) -> dict[str, float]:
    """Return each asked word's inverse document frequency among the sentences: most where none has it."""
    rarity = {}
    for term in asked:
        holders = sum(term in one.terms for one in candidates)
        rarity[term] = math.log(1 + (len(candidates) - holders + 0.5) / (holders + 0.5))
    return rarity


def _cover(terms: frozenset[str], rarity: Mapping[str, float]) -> float:
    total = sum(rarity.values())
    return sum(weight for term, weight in rarity.items() if term in terms) / total if total else 0.0


def _measure_cosines(message: str, candidates: Sequence[Candidate], embedder: Embedder) -> NDArray[np.float32]:
    vectors: Vectors = embedder.embed([message, *(one.text for one in candidates)])
    cosines: NDArray[np.float32] = vectors[1:] @ vectors[0]
    return cosines


_BESIDE_THE_SUBJECT = _terms(f"{_TASKS} {_COURTESIES}")
