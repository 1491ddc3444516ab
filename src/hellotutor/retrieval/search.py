"""Hybrid search over a tenant's documents: words and vectors, and an honest word when it is words alone.

query → embed → words and vectors side by side → fuse and smooth (`fusion`) → pieces (`pieces`) → pack into a budget
(`evidence`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from hellotutor.core.errors import Unavailable
from hellotutor.embeddings.base import Embedder, Vectors
from hellotutor.monitoring import Repeats, catalogue
from hellotutor.retrieval.base import IndexStamp, VectorIndex
from hellotutor.retrieval.evidence import Hit, Quote, Reader, pack
from hellotutor.retrieval.fusion import fuse, keep_freed_memory, normalise, rank, smooth
from hellotutor.retrieval.lexical.analysis import analyzer_for
from hellotutor.retrieval.lexical.index import LexicalIndex, LexicalScores
from hellotutor.retrieval.meanings import Cosines, Meanings, no_cosines

_T = TypeVar("_T")
_CHARACTERS_A_HIT = 40  # of a budget: passages are longer, but not all may be in scope
_LEAST_HITS = 20
_MOST_MARKS = 50_000
_VECTORS_S = 10.0  # all that is asked of another machine for one search; an adapter's own limits are shorter, mostly
_SEARCHES_AT_ONCE = 32
_beside = ThreadPoolExecutor(_SEARCHES_AT_ONCE, "vectors")  # each thread begins when it is needed
_repeats = Repeats("search.event_withheld")


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a search found and how.

    Attributes:
        hits: best first.
        mode: `hybrid` or `lexical`.
        reason: empty when every passage took part in full; else `no_embedder`, `not_embedded`, `partly_embedded`
            (these passages ranked by their words), `stamp_mismatch` or `index_mismatch` (the vectors in force can't be
            asked by these settings), or the code of what made the embedder or the index unavailable.
        missing: versions asked that have no lexical segment, and so took no part.
        quotes: of `find_evidence`: what helps most, the best passage's first; those of a passage in order.
    """

    hits: tuple[Hit, ...]
    mode: str
    reason: str = ""
    missing: tuple[str, ...] = ()
    quotes: tuple[Quote, ...] = ()


def stamp_of(embedder: Embedder) -> IndexStamp:
    """Return the stamp of the vectors that this embedder makes."""
    return IndexStamp(embedder.name, embedder.version, embedder.dimensions)


class Search:
    """Finds passages; keeps no state of a learner.

    Args:
        lexical: the segments of words.
        index: where vectors are.
        embedder: what embeds the query, of the same stamp as the vectors asked for; None searches words alone.
        why_none: the reason that a result gives for that.
    """

    def __init__(
        self, lexical: LexicalIndex, index: VectorIndex, embedder: Embedder | None, *, why_none: str = "no_embedder"
    ) -> None:
        keep_freed_memory()
        self._lexical = lexical
        self._index = index
        self._meanings = Meanings(index, embedder, stamp_of(embedder) if embedder else None, why_none)
        self._marks: dict[tuple[str, str], str] = {}

    def look_again(self, marks: Mapping[tuple[str, str], str]) -> None:
        """Drop what this process has kept of versions that another may have read anew since they were seen here.

        Called before a search: the passages found go by ordinals, which would lead to other passages then.

        Args:
            marks: of versions (tenant, id): a text that is another one before, while and after a version is read.
        """
        changed = [place for place, mark in marks.items() if self._marks.get(place) != mark]
        if not changed:
            return
        self._lexical.look_again(changed)
        self._index.look_again(changed)
        self._meanings.forget(changed)
        if len(self._marks) > _MOST_MARKS:
            self._marks.clear()
        self._marks.update({place: marks[place] for place in changed})

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
        return self._rank(query, tenants, versions, k)[0]

    def find_evidence(
        self,
        query: str,
        *,
        tenants: Sequence[str],
        versions: Sequence[str],
        read: Reader,
        budget: int,
        k: int | None = None,
    ) -> SearchResult:
        """Return what `search` does, with the parts of the passages that help most as `quotes`.

        Args:
            query: a question or words.
            tenants: tags of the owners that the caller may read.
            versions: public ids of the document versions searched.
            read: returns the texts of hits, by their place; a passage that it leaves out isn't quoted.
            budget: most characters of all quotes together.
            k: as for `search`; by default enough for the budget.

        Raises:
            ValueError: no tenant was named.
            Unavailable: the segments of words cannot be read.
        """
        found, lexical = self._rank(query, tenants, versions, k or max(_LEAST_HITS, budget // _CHARACTERS_A_HIT))
        quotes = pack(
            found.hits,
            read(found.hits),
            analyzers={hit.version_id: analyzer_for(lexical.languages[hit.version_id][0]) for hit in found.hits},
            weights=lexical.weights,
            budget=budget,
        )
        return replace(found, quotes=quotes)

    def _rank(
        self, query: str, tenants: Sequence[str], versions: Sequence[str], k: int
    ) -> tuple[SearchResult, LexicalScores]:
        lexical, cosines = self._look_up(query, tenants, versions, k)
        if cosines.has_vector.any():
            scores, mode = fuse(lexical.scores, cosines.values, cosines.has_vector, lexical.bounds), "hybrid"
        else:
            scores, mode = normalise(smooth(lexical.scores, lexical.bounds)), "lexical"
        hits = _take_best(scores, lexical, cosines, k)
        return SearchResult(hits, mode, cosines.reason, lexical.missing), lexical

    def _look_up(
        self, query: str, tenants: Sequence[str], versions: Sequence[str], k: int
    ) -> tuple[LexicalScores, Cosines]:
        """Look for words and vectors, side by side where the index is another machine's."""
        asked: Mapping[str, Sequence[str]] = {"tenants": tenants, "versions": versions}
        place = self._meanings.place
        if not self._index.is_remote:
            lexical = self._lexical.score(query, **asked)
            return lexical, self._attempt(lexical, lambda: place(self._meanings.ask(query, k=k, **asked), lexical))
        end = time.monotonic() + _VECTORS_S
        nearest = _beside.submit(self._meanings.ask, query, k=k, **asked)
        lexical = self._lexical.score(query, **asked)
        return lexical, self._attempt(lexical, lambda: _wait(_beside.submit(place, _wait(nearest, end), lexical), end))

    def _attempt(self, lexical: LexicalScores, find: Callable[[], Cosines]) -> Cosines:
        """Return what vectors say, or that they say nothing because something is unavailable."""
        try:
            return find()
        except Unavailable as exc:
            _repeats.tell(catalogue.SEARCH, exc, exc.code, index=self._index.name)
            self._meanings.forget()  # it may come back without what it had
            return no_cosines(lexical, exc.code)


def _wait(answer: Future[_T], end: float) -> _T:
    """Return the answer, waited for until `end` by time.monotonic(); what comes later goes unheard.

    Raises:
        Unavailable: whoever answers, or it didn't come (`vectors_timeout`).
    """
    try:
        return answer.result(max(0.0, end - time.monotonic()))
    except TimeoutError as exc:
        answer.cancel()
        message = "The index of vectors didn't answer in time: try again, and see docs/indexes.md if it stays."
        raise Unavailable("vectors_timeout", message) from exc


def _take_best(scores: Vectors, lexical: LexicalScores, cosines: Cosines, k: int) -> tuple[Hit, ...]:
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
