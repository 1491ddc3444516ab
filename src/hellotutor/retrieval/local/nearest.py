"""The k nearest of many vectors, exactly: all are looked through as int8, the few that may be nearest as float16."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import simsimd
from numpy.typing import NDArray

from hellotutor.embeddings.base import Vectors
from hellotutor.retrieval.fusion import rank
from hellotutor.retrieval.local.blocks import Block, make_coarse

_ROUNDING = 1e-5  # of sums in float32, whatever their order
_ROWS_AT_ONCE = 8_192  # 18 MB at 384 dimensions, however many vectors are equally near


def find_nearest(blocks: Sequence[Block], vector: Vectors, k: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the rows of the k vectors with the greatest inner product, best first, and these.

    With x the exact vector, c the coarse one times its scale, and q and p the same of the query, x·q differs from c·p
    by no more than |x - c||q| + |c||q - p| (Cauchy-Schwarz). So whoever is twice that behind the k-th best by c·p is
    not among the k best by x·q, and the others are few: 500 of 200,000 at k = 200.

    Args:
        blocks: whose rows are numbered one after the other.
        vector: (dimensions,) float32.
        k: 1 or more; fewer are returned where there are fewer.
    """
    query = np.ascontiguousarray(vector, dtype=np.float32)
    coarse, scales = make_coarse(query[None])
    scores = _score_coarsely(blocks, coarse, float(scales[0]))
    rows = np.arange(len(scores))
    if k < len(scores):
        slack, length = max(block.slack for block in blocks), max(block.length for block in blocks)
        lacks = float(np.linalg.norm(query - coarse[0] * scales[0]))
        doubt = slack * float(np.linalg.norm(query)) + length * lacks + _ROUNDING
        least = np.partition(scores, len(scores) - k)[len(scores) - k]
        rows = np.flatnonzero(scores >= least - 2 * doubt)
    exact = _score_exactly(blocks, rows, query)
    best = rank(exact, k)
    return rows[best], exact[best]


def _score_coarsely(blocks: Sequence[Block], query: NDArray[np.int8], scale: float) -> NDArray[np.float32]:
    found = [np.asarray(simsimd.cdist(query, block.coarse, "inner", out_dtype="float32"))[0] for block in blocks]
    scores: NDArray[np.float32] = np.concatenate(found)
    scores *= np.concatenate([block.scales for block in blocks])
    scores *= scale
    return scores


def _score_exactly(blocks: Sequence[Block], rows: NDArray[np.int64], query: Vectors) -> NDArray[np.float32]:
    """Score these rows, which are in order."""
    firsts = np.cumsum([0, *(len(block.scales) for block in blocks)])
    scores = np.empty(len(rows), dtype=np.float32)
    for begin in range(0, len(rows), _ROWS_AT_ONCE):
        some = rows[begin : begin + _ROWS_AT_ONCE]
        gathered = np.empty((len(some), len(query)), dtype=np.float16)
        cuts = np.searchsorted(some, firsts)
        for at in np.flatnonzero(np.diff(cuts)).tolist():
            wanted = slice(cuts[at], cuts[at + 1])
            np.take(blocks[at].exact, some[wanted] - firsts[at], axis=0, out=gathered[wanted], mode="clip")
        scores[begin : begin + len(some)] = gathered.astype(np.float32) @ query
    return scores
