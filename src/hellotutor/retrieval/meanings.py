"""The vectors' side of a search: the cosine of each passage to the query, and which passages have none."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hellotutor.embeddings.base import Embedder, Vectors
from hellotutor.retrieval.base import IndexStamp, VectorHit, VectorIndex
from hellotutor.retrieval.lexical.index import LexicalScores

# Asked of the index: what it does not return counts as no nearer than the farthest that it did.
_CANDIDATES = 200
_CANDIDATES_A_HIT = 4
_MOST_REMEMBERED = 10_000
_COUNTED_AGAIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Nearest:
    """What the index returned.

    Attributes:
        hits: nearest first.
        most: so many were asked for.
        reason: why vectors say nothing of any passage, otherwise empty.
    """

    hits: Sequence[VectorHit] = ()
    most: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Cosines:
    """What vectors say of each passage that words were looked for in.

    Attributes:
        values: (passages,) cosine to the query, NaN where the index did not return the passage.
        has_vector: (passages,).
        reason: as `SearchResult.reason`.
    """

    values: Vectors
    has_vector: NDArray[np.bool_]
    reason: str


@dataclass(slots=True)
class Meanings:
    """Asks an index for what is near a query.

    Attributes:
        index: where vectors are.
        embedder: makes the query's vector; None when there is nothing to ask.
        stamp: of the vectors asked for.
        why_none: the reason that is told without an embedder.
    """

    index: VectorIndex
    embedder: Embedder | None
    stamp: IndexStamp | None
    why_none: str
    # Versions (tenant, id) once seen whole aren't counted again; replaced as a whole, because threads share it.
    _whole: frozenset[tuple[str, str]] = frozenset()
    # By what was asked: how many fewer hits came than were counted, and when that was counted again (time.monotonic()).
    _missed: dict[int, tuple[int, float]] = field(default_factory=dict)

    def ask(self, query: str, *, tenants: Sequence[str], versions: Sequence[str], k: int) -> Nearest:
        """Return what is nearest to the query.

        Raises:
            Unavailable: the embedder or the index.
        """
        if self.embedder is None or self.stamp is None or not versions:
            return Nearest(reason=self.why_none if self.embedder is None else "")
        vector = self.embedder.embed([query])[0]
        if not vector.any():  # a query without a word
            return Nearest()
        most = max(_CANDIDATES, _CANDIDATES_A_HIT * k)
        return Nearest(self.index.query(vector, tenants=tenants, version_ids=versions, k=most, stamp=self.stamp), most)

    def place(self, nearest: Nearest, lexical: LexicalScores) -> Cosines:
        """Return the cosines by the rows of the passages.

        Raises:
            Unavailable: the index.
        """
        if nearest.most == 0:
            return no_cosines(lexical, nearest.reason)
        has_vector = self._find_embedded(lexical)
        if not has_vector.any():
            return no_cosines(lexical, "not_embedded")
        self._note_missing(nearest, lexical, int(np.count_nonzero(has_vector)))
        first = dict(zip(lexical.versions, lexical.bounds[:-1].tolist(), strict=True))
        end = dict(zip(lexical.versions, lexical.bounds[1:].tolist(), strict=True))
        values = np.full(len(lexical.scores), np.nan, dtype=np.float32)
        for hit in nearest.hits:
            row = first.get(hit.version_id, 0) + hit.ordinal
            if row < end.get(hit.version_id, 0):
                values[row] = hit.score
        return Cosines(values, has_vector, "" if has_vector.all() else "partly_embedded")

    def forget(self, versions: Collection[tuple[str, str]] | None = None) -> None:
        """Count versions (tenant, id) again at the next search; all of them by default."""
        self._whole = frozenset() if versions is None else self._whole.difference(versions)

    def _find_embedded(self, lexical: LexicalScores) -> NDArray[np.bool_]:
        """Say of each passage whether it has a vector."""
        assert self.stamp  # noqa: S101 - for the type checker: something was asked
        places = list(zip(lexical.owners, lexical.versions, strict=True))
        uncounted = [at for at, place in enumerate(places) if place not in self._whole]
        embedded, whole = np.ones(len(lexical.scores), dtype=bool), set[tuple[str, str]]()
        counts = self.index.count_many([places[at] for at in uncounted], stamp=self.stamp) if uncounted else ()
        for at, count in zip(uncounted, counts, strict=True):
            first, end = lexical.bounds[at : at + 2]
            embedded[first + count : end] = False
            if count >= end - first:
                whole.add(places[at])
        self._whole = (self._whole if len(self._whole) < _MOST_REMEMBERED else frozenset()) | whole
        return embedded

    def _note_missing(self, nearest: Nearest, lexical: LexicalScores, embedded: int) -> None:
        """Let the next search count again where more is missing than before: it was lost, or doesn't show yet.

        Some may always be missing, because Pinecone finds no vector without a direction: that is counted once a minute.
        """
        asked, missing = hash((lexical.versions, nearest.most)), max(0, min(nearest.most, embedded) - len(nearest.hits))
        before, counted_at = self._missed.get(asked, (0, 0.0))
        if missing > before or (missing and time.monotonic() - counted_at > _COUNTED_AGAIN_S):
            counted_at = time.monotonic()
            self.forget(list(zip(lexical.owners, lexical.versions, strict=True)))
        if len(self._missed) >= _MOST_REMEMBERED:
            self._missed = {}
        self._missed[asked] = missing, counted_at


def no_cosines(lexical: LexicalScores, reason: str) -> Cosines:
    """Return that nothing is known of any passage."""
    size = len(lexical.scores)
    return Cosines(np.full(size, np.nan, dtype=np.float32), np.zeros(size, dtype=bool), reason)
