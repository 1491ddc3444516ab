"""Hybrid search over a tenant's documents: words and vectors, and an honest word when it is words alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hellotutor.core.errors import Unavailable
from hellotutor.embeddings.base import Embedder, Vectors
from hellotutor.monitoring import capture, catalogue
from hellotutor.retrieval.base import IndexStamp, VectorIndex
from hellotutor.retrieval.fusion import fuse, normalise, rank, smooth
from hellotutor.retrieval.lexical import LexicalIndex, LexicalScores

_CANDIDATES = 200  # asked of the vector index; recall is the same at 100 and at all 14,000
_MOST_REMEMBERED = 10_000


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


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a search found and how.

    Attributes:
        hits: best first.
        mode: `hybrid` or `lexical`.
        reason: empty when every passage took part in full; else `no_embedder`, `not_embedded`, `partly_embedded`
            (these passages ranked by their words), or the code of what made the embedder or the index unavailable.
        missing: versions asked that have no lexical segment, and so took no part.
    """

    hits: tuple[Hit, ...]
    mode: str
    reason: str = ""
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Cosines:
    values: Vectors
    has_vector: NDArray[np.bool_]
    reason: str


def stamp_of(embedder: Embedder) -> IndexStamp:
    """Return the stamp of the vectors that this embedder makes."""
    return IndexStamp(embedder.name, embedder.version, embedder.dimensions)


class Search:
    """Finds passages; keeps no state of a learner.

    Args:
        lexical: the segments of words.
        index: where vectors are.
        embedder: what embeds the query, of the same stamp as the vectors asked for; None searches words alone.
    """

    def __init__(self, lexical: LexicalIndex, index: VectorIndex, embedder: Embedder | None) -> None:
        self._lexical = lexical
        self._index = index
        self._embedder = embedder
        self._whole: set[tuple[str, str, IndexStamp]] = set()

    def search(self, query: str, *, tenants: Sequence[str], versions: Sequence[str], k: int) -> SearchResult:
        """Return the k best passages of the versions that these tenants own, best first.

        When the embedder or the index is unavailable, or nothing is embedded, the words alone rank.

        Args:
            query: a question or words.
            tenants: tags of the owners that the caller may read.
            versions: public ids of the document versions searched.
            k: 1 or more.

        Raises:
            ValueError: no tenant was named.
            Unavailable: the segments of words cannot be read.
        """
        lexical = self._lexical.score(query, tenants=tenants, versions=versions)
        try:
            cosines = self._find_cosines(query, lexical, k)
        except Unavailable as exc:
            capture(catalogue.SEARCH, exc, index=self._index.name)
            cosines = _no_cosines(lexical, exc.code)
        if cosines.has_vector.any():
            scores = fuse(lexical.scores, cosines.values, cosines.has_vector, lexical.bounds)
            mode = "hybrid"
        else:
            scores = normalise(smooth(lexical.scores, lexical.bounds))
            mode = "lexical"
        return SearchResult(_take_best(scores, lexical, cosines, k), mode, cosines.reason, lexical.missing)

    def delete(self, *, tenant: str, version_id: str) -> None:
        """Remove a version from words and vectors; removing what isn't there is harmless."""
        self._lexical.delete(tenant=tenant, version_id=version_id)
        self._index.delete(tenant=tenant, version_id=version_id)
        self._whole = {known for known in self._whole if known[:2] != (tenant, version_id)}

    def _find_cosines(self, query: str, lexical: LexicalScores, k: int) -> _Cosines:
        if self._embedder is None:
            return _no_cosines(lexical, "no_embedder")
        stamp = stamp_of(self._embedder)
        has_vector = self._find_embedded(lexical, stamp)
        if not has_vector.any():
            return _no_cosines(lexical, "not_embedded")
        vector = self._embedder.embed([query])[0]
        if not vector.any():  # a query without a word
            return _no_cosines(lexical, "")
        found = self._index.query(
            vector,
            tenants=sorted(set(lexical.owners)),
            version_ids=lexical.versions,
            k=max(_CANDIDATES, 10 * k),
            stamp=stamp,
        )
        first = dict(zip(lexical.versions, lexical.bounds[:-1].tolist(), strict=True))
        end = dict(zip(lexical.versions, lexical.bounds[1:].tolist(), strict=True))
        values = np.full(len(lexical.scores), np.nan, dtype=np.float32)
        for hit in found:
            if first[hit.version_id] + hit.ordinal < end[hit.version_id]:
                values[first[hit.version_id] + hit.ordinal] = hit.score
        return _Cosines(values, has_vector, "" if has_vector.all() else "partly_embedded")

    def _find_embedded(self, lexical: LexicalScores, stamp: IndexStamp) -> NDArray[np.bool_]:
        """Say of each passage whether it has a vector; a version once seen whole is not counted again."""
        embedded = np.ones(len(lexical.scores), dtype=bool)
        for tenant, version_id, first, end in zip(
            lexical.owners, lexical.versions, lexical.bounds[:-1], lexical.bounds[1:], strict=True
        ):
            known = tenant, version_id, stamp
            if known in self._whole:
                continue
            count = self._index.count(tenant=tenant, version_id=version_id, stamp=stamp)
            embedded[first + count : end] = False
            if count >= end - first:
                self._whole = {known} if len(self._whole) >= _MOST_REMEMBERED else self._whole | {known}
        return embedded


def _no_cosines(lexical: LexicalScores, reason: str) -> _Cosines:
    size = len(lexical.scores)
    return _Cosines(np.full(size, np.nan, dtype=np.float32), np.zeros(size, dtype=bool), reason)


def _take_best(scores: Vectors, lexical: LexicalScores, cosines: _Cosines, k: int) -> tuple[Hit, ...]:
    rows = rank(scores, k)
    rows = rows[scores[rows] > 0]
    which = np.searchsorted(lexical.bounds, rows, side="right") - 1
    return tuple(
        Hit(
            version_id=lexical.versions[at],
            ordinal=int(row - lexical.bounds[at]),
            score=float(scores[row]),
            lexical_score=float(lexical.scores[row]),
            cosine=None if np.isnan(cosines.values[row]) else float(cosines.values[row]),
        )
        for row, at in zip(rows, which, strict=True)
    )
