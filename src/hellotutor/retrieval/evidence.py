"""Packing what helps most of the passages found into a budget of characters, as spans of their text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Protocol

import numpy as np

from hellotutor.retrieval.fusion import Scores, normalise
from hellotutor.retrieval.lexical.analysis import Analyzer
from hellotutor.retrieval.pieces import Span, cut, lend, weigh_words

PASSAGE_WEIGHT = 0.75  # against the words of the piece itself
_POOL = 2.5  # times the budget: characters of passages, the best first, whose pieces are weighed
Place = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that may answer.

    Attributes:
        version_id: public id of its document version.
        ordinal: its place in that version, from 0.
        score: what the ranking is by, in [0, 1]; comparable within one search only.
        lexical_score: BM25, 0 or more.
        cosine: to the query, in [-1, 1]; None when the index did not return it.
    """

    version_id: str
    ordinal: int
    score: float
    lexical_score: float
    cosine: float | None

    @property
    def place(self) -> Place:
        """Which passage it is."""
        return self.version_id, self.ordinal


@dataclass(frozen=True, slots=True)
class Quote:
    """A span [start, end) of the text of a passage, as long as what helps reads on."""

    version_id: str
    ordinal: int
    start: int
    end: int

    @property
    def place(self) -> Place:
        """Which passage it is of."""
        return self.version_id, self.ordinal


class Readable(Protocol):
    """A passage's text with the [start, end) offsets of its sentences in it."""

    @property
    def text(self) -> str:
        """Normalised."""
        ...

    @property
    def sentences(self) -> Sequence[Span]:
        """In order."""
        ...


Reader = Callable[[Sequence[Hit]], Mapping[Place, Readable]]


@dataclass(frozen=True, slots=True)
class _Pieces:
    """The pieces of some passages, in the order of the text.

    Attributes:
        passages: of each piece, which of the passages it is of.
        spans: of each piece, where it stands in that passage's text.
        follows: of each piece, whether the one before it is the one before it in the text.
    """

    passages: list[int]
    spans: list[Span]
    follows: list[bool]


def pack(
    hits: Sequence[Hit],
    texts: Mapping[Place, Readable],
    *,
    analyzers: Mapping[str, Analyzer],
    weights: Mapping[str, float],
    budget: int,
) -> tuple[Quote, ...]:
    """Return the spans that help most and together have no more than `budget` characters, the best passage's first.

    Args:
        hits: best first.
        texts: of the hits that may be used.
        analyzers: of each document version's language.
        weights: inverse document frequency of each term looked for.
        budget: characters; the white space within a span counts.
    """
    pool = sorted(_take_pool(hits, texts, budget), key=lambda hit: hit.place)
    passages = [texts[hit.place] for hit in pool]
    cuts = [list(cut(passage.text, passage.sentences)) for passage in passages]
    words = weigh_words(
        cuts, [passage.text for passage in passages], [analyzers[hit.version_id] for hit in pool], weights
    )
    pieces = _join(pool, cuts)
    of_passages = np.array([pool[at].score for at in pieces.passages], dtype=np.float32)
    scores = PASSAGE_WEIGHT * of_passages + (1 - PASSAGE_WEIGHT) * normalise(lend(words, pieces.follows))
    chosen = _fill(pieces, scores, budget)
    return tuple(_quote(pool, pieces, scores, chosen))


def _take_pool(hits: Sequence[Hit], texts: Mapping[Place, Readable], budget: int) -> list[Hit]:
    pool: list[Hit] = []
    size = 0
    for hit in hits:
        if size >= _POOL * budget:
            break
        if hit.place in texts:
            pool.append(hit)
            size += len(texts[hit.place].text)
    return pool


def _join(pool: Sequence[Hit], cuts: Sequence[Sequence[Span]]) -> _Pieces:
    passages = [at for at, spans in enumerate(cuts) for _ in spans]
    is_next = [
        before.version_id == after.version_id and before.ordinal + 1 == after.ordinal
        for before, after in pairwise(pool)
    ]
    follows = [before == after or is_next[after - 1] for before, after in pairwise(passages)]
    return _Pieces(passages, [span for spans in cuts for span in spans], [False, *follows])


def _fill(pieces: _Pieces, scores: Scores, budget: int) -> set[int]:
    """Take the best piece that still fits, again and again; between two that read on the white space counts too."""
    chosen: set[int] = set()
    left = budget
    for at in np.argsort(-scores, kind="stable").tolist():
        start, end = pieces.spans[at]
        if at - 1 in chosen and pieces.passages[at - 1] == pieces.passages[at]:
            start = pieces.spans[at - 1][1]
        if at + 1 in chosen and pieces.passages[at + 1] == pieces.passages[at]:
            end = pieces.spans[at + 1][0]
        if end - start <= left and scores[at] > 0:
            chosen.add(at)
            left -= end - start
    return chosen


def _quote(pool: Sequence[Hit], pieces: _Pieces, scores: Scores, chosen: set[int]) -> list[Quote]:
    """Return what was chosen as spans, those of a passage together and in order, by its best piece."""
    by_passage: list[tuple[float, list[Quote]]] = []
    for passage, numbers in groupby(sorted(chosen), key=lambda at: pieces.passages[at]):
        found = list(numbers)
        runs: list[Span] = []
        for before, at in zip([None, *found], found, strict=False):
            start, end = pieces.spans[at]
            if before is not None and before + 1 == at:
                start = runs.pop()[0]
            runs.append((start, end))
        hit, best = pool[passage], max(float(scores[at]) for at in found)
        by_passage.append((best, [Quote(hit.version_id, hit.ordinal, start, end) for start, end in runs]))
    by_passage.sort(key=lambda one: -one[0])
    return [quote for _, quotes in by_passage for quote in quotes]
