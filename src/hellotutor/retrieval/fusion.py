"""Making one ranking of words and vectors: neighbours lend each other score, then a convex sum."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float32]
Bounds = NDArray[np.int64]

# Share of the gold characters within 4,000, over the questions of benchmarks/retrieval_quality.py: at 0, 0.2, 0.3, 0.4
# of a neighbour's score .910, .933, .943, .941; at vector weights 0.4, 0.5, 0.6 .942, .943, .936.
NEIGHBOUR_SHARE = 0.3
VECTOR_WEIGHT = 0.5


def smooth(scores: Scores, bounds: Bounds) -> Scores:
    """Add to each passage 0.3 of the score of the one before and the one after it in its document version.

    Args:
        scores: (passages,) of several versions, one after the other.
        bounds: (versions + 1,) where each version starts, and the end.
    """
    smoothed = scores.copy()
    if len(scores) > 1:
        within = np.ones(len(scores) - 1, dtype=np.float32)
        within[[at - 1 for at in bounds[1:-1] if 0 < at < len(scores)]] = 0
        smoothed[1:] += NEIGHBOUR_SHARE * within * scores[:-1]
        smoothed[:-1] += NEIGHBOUR_SHARE * within * scores[1:]
    return smoothed


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
