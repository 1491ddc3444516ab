"""Hybrid search over a tenant's documents: words and vectors, and an honest word when it is words alone.

query → embed → words and vectors side by side → fuse and smooth (`fusion`) → pieces (`pieces`) → pack into a budget
(`evidence`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from hellotutor.core.errors import Unavailable
from hellotutor.embeddings.base import Embedder, Vectors
from hellotutor.monitoring import Repeats, catalogue
from hellotutor.retrieval.base import IndexStamp, VectorIndex
from hellotutor.retrieval.evidence import Hit, Quote, Reader, pack
from hellotutor.retrieval.fusion import fuse, normalise, rank, smooth
from hellotutor.retrieval.lexical.analysis import analyzer_for
from hellotutor.retrieval.lexical.index import LexicalIndex, LexicalScores
from hellotutor.retrieval.meanings import Cosines, Meanings, Nearest, no_cosines

_CHARACTERS_A_HIT = 40  # of a budget: passages are longer, but not all may be in scope
_LEAST_HITS = 20
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
        self._lexical = lexical
        self._index = index
        self._meanings = Meanings(index, embedder, stamp_of(embedder) if embedder else None, why_none)

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

    def delete(self, *, tenant: str, version_id: str) -> None:
        """Remove a version from words and vectors; removing what isn't there is harmless."""
        self._lexical.delete(tenant=tenant, version_id=version_id)
        self._index.delete(tenant=tenant, version_id=version_id)
        self._meanings.forget((tenant, version_id))

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
        if not self._index.is_remote:
            lexical = self._lexical.score(query, **asked)
            return lexical, self._place(lexical, lambda: self._meanings.ask(query, k=k, **asked))
        with ThreadPoolExecutor(1, "vectors") as beside:
            nearest = beside.submit(self._meanings.ask, query, k=k, **asked)
            lexical = self._lexical.score(query, **asked)
            return lexical, self._place(lexical, nearest.result)

    def _place(self, lexical: LexicalScores, ask: Callable[[], Nearest]) -> Cosines:
        try:
            return self._meanings.place(ask(), lexical)
        except Unavailable as exc:
            _repeats.tell(catalogue.SEARCH, exc, exc.code, index=self._index.name)
            self._meanings.forget()  # it may come back without what it had
            return no_cosines(lexical, exc.code)


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
