"""BM25 over segments, with the statistics of these segments alone."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hellotutor.retrieval.lexical.postings import Segment, find_postings, keys_of

K1 = 1.2  # how soon a repeated word stops counting; Robertson & Zaragoza 2009
B = 0.75  # how much a long passage is held back; the same
HEADING_WEIGHT = 0.2  # of a word in a heading above, against one in the text; benchmarks/lexical.py


def score_bm25(found: Sequence[Segment], terms: Sequence[str]) -> tuple[NDArray[np.float32], dict[str, float]]:
    """Score every passage of the segments, one after the other.

    A word in the headings above a passage counts as part of one in its text, and isn't held back by the text's length.

    Args:
        found: at least one.
        terms: what is looked for, each once.

    Returns:
        (passages,) the scores, 0 or more, and the inverse document frequency of each term that occurs.

    Source: Robertson & Zaragoza 2009 (BM25F), with Lucene's idf, which is never negative.
    """
    bounds = np.cumsum([0, *(len(segment.lengths) for segment in found)]).tolist()
    scores = np.zeros(bounds[-1], dtype=np.float32)
    mean = sum(int(segment.lengths.sum(dtype=np.int64)) for segment in found) / max(bounds[-1], 1)
    keys = keys_of(terms)
    places = [find_postings(segment, keys) for segment in found]
    holders = sum((ends - starts for starts, ends in places), start=np.zeros(len(terms), dtype=np.int64))
    weights = {
        term: math.log(1 + (bounds[-1] - count + 0.5) / (count + 0.5))
        for term, count in zip(terms, holders.tolist(), strict=True)
        if count
    }
    idf = np.array([weights.get(term, 0.0) for term in terms], dtype=np.float32)
    for segment, (starts, ends), first in zip(found, places, bounds[:-1], strict=True):
        _add_scores(scores[first : first + len(segment.lengths)], segment, starts, ends, idf, mean or 1.0)
    return scores, weights


def _add_scores(
    scores: NDArray[np.float32],
    segment: Segment,
    starts: NDArray[np.int32],
    ends: NDArray[np.int32],
    idf: NDArray[np.float32],
    mean: float,
) -> None:
    for start, end, weight in zip(starts.tolist(), ends.tolist(), idf.tolist(), strict=True):
        if start == end:
            continue
        rows = segment.passages[start:end]
        frequency = segment.in_text[start:end] / (1 - B + B / mean * segment.lengths[rows]).astype(np.float32)
        frequency += np.float32(HEADING_WEIGHT) * segment.in_headings[start:end]
        scores[rows] += np.float32(weight * (K1 + 1)) * frequency / (frequency + np.float32(K1))
