"""The pieces of passages, sentences as a rule, that are weighed one by one: only those that help spend a budget."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np

from hellotutor.retrieval.fusion import Scores
from hellotutor.retrieval.lexical.analysis import Analyzer
from hellotutor.retrieval.lexical.bm25 import K1, B

Span = tuple[int, int]

_MOST_CHARACTERS = 300  # a longer sentence, as of a table, a chat log or a law, is cut
_NEIGHBOUR_SHARE = 0.3
# Where what looks like one sentence is cut, the best places first: at line ends, written-out ones too, and between the
# rows of a table; between strings, clauses and cells; at white space.
_JOINTS = (
    re.compile(r"\n+|(?:\\+n)+|(?<=[\]}]),\s+"),
    re.compile(r"""(?<="),\s+(?=")|;\s+|\s\|\s"""),
    re.compile(r"\s+"),
)


def cut(text: str, sentences: Sequence[Span]) -> Iterator[Span]:
    """Yield the sentences of a passage in order, one of more than 300 characters in parts that follow each other."""
    for start, end in sentences:
        yield from _cut_long(text, start, end)


def _cut_long(text: str, start: int, end: int, level: int = 0) -> Iterator[Span]:
    """Yield the parts of text[start:end], each as long as 300 characters allow where it is cut at the best places."""
    if end - start <= _MOST_CHARACTERS:
        yield start, end
        return
    if level == len(_JOINTS):
        yield start, start + _MOST_CHARACTERS
        yield from _cut_long(text, start + _MOST_CHARACTERS, end, level)
        return
    joints = [start, *(at.end() for at in _JOINTS[level].finditer(text, start, end) if at.end() < end), end]
    begin = start
    for before, after in pairwise(joints):
        if after - begin > _MOST_CHARACTERS and before > begin:
            yield from _cut_long(text, begin, before, level + 1)
            begin = before
    yield from _cut_long(text, begin, end, level + 1)


def weigh_words(
    pieces: Sequence[Sequence[Span]],
    texts: Sequence[str],
    analyzers: Sequence[Analyzer],
    weights: Mapping[str, float],
) -> Scores:
    """Return BM25 of each piece, 0 or more, by the words that are looked for, passage by passage.

    Args:
        pieces: of each passage, in order.
        texts: of the passages.
        analyzers: of the passages' languages.
        weights: inverse document frequency of each term looked for.
    """
    words = [
        analyzer.count(text, start, end, weights)
        for spans, text, analyzer in zip(pieces, texts, analyzers, strict=True)
        for start, end in spans
    ]
    mean = max(1.0, sum(length for length, _ in words) / max(1, len(words)))
    return np.array([_score(length / mean, found, weights) for length, found in words], dtype=np.float32)


def _score(length: float, found: Sequence[str], weights: Mapping[str, float]) -> float:
    """Return BM25 of one piece, whose length is a multiple of the mean."""
    damping = K1 * (1 - B + B * length)
    return sum(weights[term] * count * (K1 + 1) / (count + damping) for term, count in Counter(found).items())


def lend(scores: Scores, follows: Sequence[bool]) -> Scores:
    """Add to each piece 0.3 of the score of the one before and of the one after it in the text.

    Args:
        scores: (pieces,) in the order of the text.
        follows: of each piece, whether the one given before it is the one before it in the text.
    """
    shares = _NEIGHBOUR_SHARE * np.array(follows[1:], dtype=np.float32)
    lent = scores.copy()
    lent[1:] += shares * scores[:-1]
    lent[:-1] += shares * scores[1:]
    return lent
