"""Making one ranking of words and vectors: neighbours lend each other score, then a convex sum."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float32]
Bounds = NDArray[np.int64]

#: What a passage gets of the score of the one next to it, of the one after that, and so on: text on one matter stands
#: together. docs/accuracy.md has what other reaches find.
NEIGHBOUR_SHARES = tuple(0.4 * 0.7**distance for distance in range(6))
VECTOR_WEIGHT = 0.6

_AT_ONCE = 30_000  # passages smoothed at once: as arrays they stay in the processor's cache, which is 3 times as fast


@cache
def keep_freed_memory() -> None:
    """Have a process that searches keep what it frees for the next search.

    glibc gives every freed array of more than 128 kB back to the system until one of up to 32 MB has been freed.
    Without that first one the page faults take as long as the arithmetic of `fuse` over 200,000 passages.
    """
    np.empty(31 << 20, dtype=np.uint8)


def smooth(scores: Scores, bounds: Bounds) -> Scores:
    """Add to each passage its shares of the scores of the six before and the six after it in its document version.

    Args:
        scores: (passages,) of several versions, one after the other.
        bounds: (versions + 1,) where each version starts, and the end.
    """
    smoothed = np.empty(len(scores), dtype=np.float32)
    ends, first, began = bounds.tolist(), 0, 0
    for at, end in enumerate(ends):
        if end - first >= _AT_ONCE or at == len(ends) - 1:
            smoothed[first:end] = _smooth_at_once(scores[first:end], bounds[began : at + 1] - first)
            first, began = end, at
    return smoothed


def _smooth_at_once(scores: Scores, bounds: Bounds) -> Scores:
    reach = len(NEIGHBOUR_SHARES)
    sizes = np.diff(bounds)
    # with a gap of zeros after each version nothing is lent to the next
    places = np.arange(len(scores)) + reach * np.repeat(np.arange(len(sizes)), sizes)
    spread = np.zeros(len(scores) + reach * len(sizes), dtype=np.float32)
    spread[places] = scores
    smoothed = spread.copy()
    for distance, share in enumerate(NEIGHBOUR_SHARES, start=1):
        lent = np.float32(share) * spread
        smoothed[distance:] += lent[:-distance]
        smoothed[:-distance] += lent[distance:]
    within: Scores = smoothed[places]
    return within


def normalise(scores: Scores) -> Scores:
    """Scale scores so that the best is 1 and 0 stays 0; all zeros when none is above 0.

    0 is the least that BM25 can give and what a cosine of unrelated texts is near. That end is fixed rather than taken
    from the scores at hand, so that it doesn't matter how many candidates an index returned.
    Source: Bruch et al. 2022, "An analysis of fusion functions for hybrid retrieval" (theoretical minimum).
    """
    best = scores.max(initial=0)
    return np.maximum(scores, 0) / best if best > 0 else np.zeros_like(scores)


def fuse(lexical: Scores, cosines: Scores, has_vector: NDArray[np.bool_], bounds: Bounds) -> Scores:
    """Return the fused score of each passage, in [0, 1].

    Args:
        lexical: (passages,) BM25.
        cosines: (passages,) cosine to the query, NaN where the index did not return the passage.
        has_vector: (passages,) False where the passage isn't embedded yet: its words alone decide.
        bounds: as for `smooth`.
    """
    words = normalise(smooth(lexical, bounds))
    known = ~np.isnan(cosines)
    if not known.any():
        return words
    # What the index did not return is no nearer than the farthest that it did.
    floor = cosines[known].min()
    vectors = normalise(smooth(np.where(known, cosines, floor).astype(np.float32), bounds))
    return np.where(has_vector, (1 - VECTOR_WEIGHT) * words + VECTOR_WEIGHT * vectors, words).astype(np.float32)


def rank(scores: Scores, k: int) -> NDArray[np.int64]:
    """Return the rows of the k best scores, best first; of two equal ones among them, the earlier row first."""
    rows = np.argpartition(-scores, k - 1)[:k] if k < len(scores) else np.arange(len(scores))
    ranked: NDArray[np.int64] = rows[np.lexsort((rows, -scores[rows]))]
    return ranked
