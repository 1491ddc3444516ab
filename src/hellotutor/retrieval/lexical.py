"""Lexical search: BM25 over the immutable segments of document versions."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.core.files.storage import Storage
from numpy.typing import NDArray

from hellotutor.retrieval import segments
from hellotutor.retrieval.analysis import ENGLISH, Analyzer
from hellotutor.retrieval.cache import ByteCache
from hellotutor.retrieval.parts import Part, find_chain, is_whole, name_part, reach

K1 = 1.2  # how soon a repeated word stops counting; Robertson & Zaragoza 2009
B = 0.75  # how much a long passage is held back; the same
_FORMAT = 2
_PREFIX = "lexical-"
_BYTES_PER_TERM = 120  # of the Python dictionary, beside the arrays


@dataclass(frozen=True, slots=True)
class Segment:
    """The postings of consecutive passages of one document version.

    Attributes:
        terms: number of each term.
        first_posting: (terms + 1,) where a term's postings start; they are in the order of the passages.
        passages: (postings,) ordinal of the passage.
        first_mark: (postings + 1,) where a posting's occurrences start; their count is the term frequency.
        marks: (occurrences, 2) start and end of each occurrence in the passage's text.
        lengths: (passages,) words that count in each passage.
    """

    terms: dict[str, int]
    first_posting: NDArray[np.int32]
    passages: NDArray[np.int32]
    first_mark: NDArray[np.int32]
    marks: NDArray[np.int32]
    lengths: NDArray[np.int32]

    def postings(self, term: str) -> slice:
        """Return where the postings of a term stand; an empty slice when it doesn't occur."""
        number = self.terms.get(term)
        return slice(0, 0) if number is None else slice(*self.first_posting[number : number + 2].tolist())

    def find_marks(self, terms: Sequence[str], passage: int) -> list[tuple[int, int]]:
        """Return the [start, end) offsets of these terms in a passage, 0-based in this segment, in order."""
        spans: set[tuple[int, int]] = set()
        for term in terms:
            place = self.postings(term)
            at = place.start + int(np.searchsorted(self.passages[place], passage))
            if at < place.stop and self.passages[at] == passage:
                marks = self.marks[self.first_mark[at] : self.first_mark[at + 1]]
                spans.update((int(start), int(end)) for start, end in marks)
        return sorted(spans)

    @property
    def size_bytes(self) -> int:
        """About how much memory it takes."""
        arrays = (self.first_posting, self.passages, self.first_mark, self.marks, self.lengths)
        return sum(a.nbytes for a in arrays) + _BYTES_PER_TERM * len(self.terms)


@dataclass(frozen=True, slots=True)
class LexicalScores:
    """BM25 of every passage of some versions.

    Attributes:
        versions: those that have a segment, in the order asked.
        owners: tenant tag of each.
        bounds: (versions + 1,) version i holds scores[bounds[i]:bounds[i + 1]], passage by passage.
        scores: (passages,) 0 or more.
        missing: versions asked that have no segment.
    """

    versions: tuple[str, ...]
    owners: tuple[str, ...]
    bounds: NDArray[np.int64]
    scores: NDArray[np.float32]
    missing: tuple[str, ...]


def build_segment(texts: Sequence[str], analyzer: Analyzer) -> Segment:
    """Index the texts of a version's passages, in order; 1.1 s for 11,000 of 300 characters."""
    terms: dict[str, int] = {}
    numbers, spans, counts = array("i"), array("i"), array("i")
    for text in texts:
        before = len(numbers)
        for term, start, end in analyzer.terms(text):
            numbers.append(terms.setdefault(term, len(terms)))
            spans.append(start)
            spans.append(end)
        counts.append(len(numbers) - before)
    lengths = np.array(counts, dtype=np.int32)
    by_term = np.argsort(np.array(numbers, dtype=np.int32), kind="stable")  # and so by passage, then by place
    number = np.array(numbers, dtype=np.int32)[by_term]
    passage = np.repeat(np.arange(len(texts), dtype=np.int32), lengths)[by_term]
    starts_posting = np.ones(len(number), dtype=bool)
    starts_posting[1:] = (number[1:] != number[:-1]) | (passage[1:] != passage[:-1])
    first_mark = np.flatnonzero(starts_posting)
    return Segment(
        terms=terms,
        first_posting=np.searchsorted(number[first_mark], np.arange(len(terms) + 1)).astype(np.int32),
        passages=passage[first_mark],
        first_mark=np.append(first_mark, len(number)).astype(np.int32),
        marks=np.array(spans, dtype=np.int32).reshape(-1, 2)[by_term],
        lengths=lengths,
    )


def score_bm25(found: Sequence[Segment], terms: Sequence[str]) -> NDArray[np.float32]:
    """Score every passage of the segments, one after the other, with the statistics of these segments alone.

    Source: Robertson & Zaragoza 2009, with Lucene's idf, which is never negative.
    """
    lengths = np.concatenate([segment.lengths for segment in found]).astype(np.float32)
    scores = np.zeros(len(lengths), dtype=np.float32)
    if not lengths.any():
        return scores
    damping = K1 * (1 - B + B * lengths / lengths.mean())
    firsts = np.cumsum([0, *(len(segment.lengths) for segment in found)])
    for term in dict.fromkeys(terms):
        places = [segment.postings(term) for segment in found]
        in_passages = sum(place.stop - place.start for place in places)
        idf = np.log(1 + (len(lengths) - in_passages + 0.5) / (in_passages + 0.5))
        for segment, place, first in zip(found, places, firsts[:-1], strict=True):
            rows = segment.passages[place] + first
            frequency = np.diff(segment.first_mark[place.start : place.stop + 1]).astype(np.float32)
            scores[rows] += idf * frequency * (K1 + 1) / (frequency + damping[rows])
    return scores


@dataclass(frozen=True, slots=True)
class _Loaded:
    """The segments of a version as far as they reach from passage 0, and when their files were listed."""

    chain: tuple[Part, ...]
    segments: tuple[Segment, ...]
    listed_at: float

    @property
    def size_bytes(self) -> int:
        return 200 + sum(segment.size_bytes for segment in self.segments)


class LexicalIndex:
    """Keeps the segments of each document version in a storage, and those last used in memory.

    A version that is being read gets one segment after the other; each can be searched at once.

    Args:
        storage: where segments live; the disk and the memory of this machine are only their cache.
        cache_bytes: most memory kept for segments.
        analyzer: what makes terms; its name is part of the files' names.
        listing_max_age_s: the files of a version still being read are listed again after so long.
        monotonic: the clock for that.
    """

    def __init__(
        self,
        storage: Storage,
        *,
        cache_bytes: int = 64 << 20,
        analyzer: Analyzer = ENGLISH,
        listing_max_age_s: float = 1.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._storage = storage
        self._analyzer = analyzer
        self._cache: ByteCache[_Loaded] = ByteCache(cache_bytes)
        self._listing_max_age_s = listing_max_age_s
        self._monotonic = monotonic
        self._prefix = f"{_PREFIX}{analyzer.name}-{_FORMAT}"

    def add(self, *, tenant: str, version_id: str, first_ordinal: int, texts: Sequence[str]) -> None:
        """Index the texts of the passages `first_ordinal`, `first_ordinal + 1`, …; twice is harmless.

        Raises:
            Unavailable: the storage cannot be written.
        """
        self._write(tenant, version_id, first_ordinal, build_segment(texts, self._analyzer), is_last=False)

    def finish(self, *, tenant: str, version_id: str, passages: int) -> None:
        """Say that the version has so many passages, all of which were added: its files needn't be listed again.

        Raises:
            Unavailable: the storage cannot be written.
        """
        self._write(tenant, version_id, passages, build_segment((), self._analyzer), is_last=True)

    def build(self, *, tenant: str, version_id: str, texts: Sequence[str]) -> None:
        """Index the texts of all passages of a version, ordinal 0 first, in the place of any earlier segments.

        Raises:
            Unavailable: the storage cannot be written.
        """
        self.delete(tenant=tenant, version_id=version_id)
        self._write(tenant, version_id, 0, build_segment(texts, self._analyzer), is_last=True)

    def count(self, *, tenant: str, version_id: str) -> int:
        """Return how many passages, from 0 on without a gap, are indexed by this analyzer, as the files are now."""
        return reach(self._list(tenant, version_id))

    def delete(self, *, tenant: str, version_id: str) -> None:
        """Remove the version's segments; removing what isn't there is harmless."""
        segments.delete_files(self._storage, segments.folder_of(tenant, version_id), _PREFIX)
        self._cache.drop((tenant, version_id))

    def list_versions(self) -> Iterator[tuple[str, str]]:
        """Yield tenant and version id of every version that has a segment, by whatever analyzer."""
        return segments.list_versions(self._storage, _PREFIX)

    def score(self, query: str, *, tenants: Sequence[str], versions: Sequence[str]) -> LexicalScores:
        """Score every passage of the versions that these tenants own.

        Raises:
            ValueError: no tenant was named.
            Unavailable: the storage cannot be read, or a segment is damaged.
        """
        if not tenants:
            raise ValueError("a search must name its tenants")
        found: dict[str, tuple[str, tuple[Segment, ...]]] = {}
        for version_id in versions:
            for tenant in tenants:
                loaded = self._load(tenant, version_id)
                if loaded:
                    found[version_id] = tenant, loaded
                    break
        sizes = [sum(len(segment.lengths) for segment in loaded) for _, loaded in found.values()]
        all_segments = [segment for _, loaded in found.values() for segment in loaded]
        terms = [term for term, _, _ in self._analyzer.terms(query)]
        return LexicalScores(
            versions=tuple(found),
            owners=tuple(tenant for tenant, _ in found.values()),
            bounds=np.cumsum([0, *sizes]),
            scores=score_bm25(all_segments, terms) if all_segments else np.zeros(0, dtype=np.float32),
            missing=tuple(version_id for version_id in versions if version_id not in found),
        )

    def find_marks(self, query: str, *, tenant: str, version_id: str, ordinal: int) -> list[tuple[int, int]]:
        """Return the [start, end) offsets of the query's words in a passage's text, in order, for highlighting."""
        within = ordinal
        for segment in self._load(tenant, version_id):
            if within < len(segment.lengths):
                return segment.find_marks([term for term, _, _ in self._analyzer.terms(query)], within)
            within -= len(segment.lengths)
        return []

    def _write(self, tenant: str, version_id: str, first: int, segment: Segment, *, is_last: bool) -> None:
        name = name_part(self._prefix, first, first + len(segment.lengths), ".npz", is_last=is_last)
        path = f"{segments.folder_of(tenant, version_id)}/{name}"
        segments.write_arrays(self._storage, path, _pack(segment, self._analyzer.name))
        self._cache.drop((tenant, version_id))

    def _load(self, tenant: str, version_id: str) -> tuple[Segment, ...]:
        """Return the version's segments, in order; none where nothing is indexed."""
        kept, now = self._cache.get((tenant, version_id)), self._monotonic()
        if kept and (is_whole(kept.chain) or now - kept.listed_at < self._listing_max_age_s):
            return kept.segments
        chain = tuple(self._list(tenant, version_id))
        found = kept.segments if kept and kept.chain == chain else self._read(tenant, version_id, chain)
        loaded = _Loaded(chain, found, now)
        if len(found) == len(chain):  # otherwise it is being deleted
            self._cache.put((tenant, version_id), loaded, loaded.size_bytes)
        return found

    def _read(self, tenant: str, version_id: str, chain: Sequence[Part]) -> tuple[Segment, ...]:
        found: list[Segment] = []
        for part in chain:
            arrays = segments.read_arrays(self._storage, f"{segments.folder_of(tenant, version_id)}/{part.name}")
            if arrays is None:  # deleted since it was listed
                break
            found.append(_unpack(arrays))
        return tuple(found)

    def _list(self, tenant: str, version_id: str) -> list[Part]:
        return find_chain(segments.list_files(self._storage, segments.folder_of(tenant, version_id)), self._prefix)


def _pack(segment: Segment, analyzer_name: str) -> dict[str, NDArray[Any]]:
    return {
        "analyzer": np.array(analyzer_name),
        "vocabulary": np.frombuffer("\n".join(segment.terms).encode(), dtype=np.uint8),
        "first_posting": segment.first_posting,
        "passages": segment.passages,
        "first_mark": segment.first_mark,
        "marks": segment.marks,
        "lengths": segment.lengths,
    }


def _unpack(arrays: dict[str, NDArray[Any]]) -> Segment:
    words = arrays["vocabulary"].tobytes().decode()
    return Segment(
        terms={term: number for number, term in enumerate(words.split("\n"))} if words else {},
        first_posting=arrays["first_posting"],
        passages=arrays["passages"],
        first_mark=arrays["first_mark"],
        marks=arrays["marks"],
        lengths=arrays["lengths"],
    )
