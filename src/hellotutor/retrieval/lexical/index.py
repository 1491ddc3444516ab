"""Lexical search: BM25 over the immutable segments of document versions."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from django.core.files.storage import Storage
from numpy.typing import NDArray

from hellotutor.retrieval.cache import ByteCache
from hellotutor.retrieval.lexical.analysis import analyzer_for
from hellotutor.retrieval.lexical.bm25 import score_bm25
from hellotutor.retrieval.lexical.languages import DEFAULT, find_language
from hellotutor.retrieval.lexical.postings import Segment, build_segment, find_marks
from hellotutor.retrieval.lexical.segment_files import SegmentFiles
from hellotutor.retrieval.lexical.stacks import Member, Stack, stack_versions
from hellotutor.retrieval.parts import Part, is_whole, reach


@dataclass(frozen=True, slots=True)
class LexicalScores:
    """BM25 of every passage of some versions.

    Attributes:
        versions: those that have a segment, in the order asked; those still being read come last.
        owners: tenant tag of each.
        bounds: (versions + 1,) version i holds scores[bounds[i]:bounds[i + 1]], passage by passage.
        scores: (passages,) 0 or more.
        missing: versions asked that have no segment.
        weights: inverse document frequency of each term that is looked for and occurs.
        languages: of the passages of each version: one, unless it changes its language.
    """

    versions: tuple[str, ...]
    owners: tuple[str, ...]
    bounds: NDArray[np.int64]
    scores: NDArray[np.float32]
    missing: tuple[str, ...]
    weights: Mapping[str, float] = field(default_factory=dict)
    languages: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Loaded:
    """The segments of a tenant's version as far as they reach from passage 0, and when their files were listed."""

    tenant: str
    chain: tuple[Part, ...]
    segments: tuple[Segment, ...]
    listed_at: float

    @property
    def size_bytes(self) -> int:
        return 500 + sum(500 + segment.kept_bytes for segment in self.segments)

    @property
    def is_whole(self) -> bool:
        """Whether nothing comes after these."""
        return is_whole(self.chain) and len(self.segments) == len(self.chain)

    def as_member(self, version_id: str) -> Member:
        """Return what a stack takes."""
        return version_id, self.tenant, self.segments


class LexicalIndex:
    """Keeps the segments of each document version in a storage, and those last used in memory.

    A version that is being read gets one segment after the other; each can be searched at once.

    Args:
        storage: where segments live; the disk and the memory of this machine are only their cache.
        cache_bytes: most memory kept for segments; those of mapped files are the system's to keep or to drop.
        listing_max_age_s: the files of a version still being read are listed again after so long.
        monotonic: the clock for that.
    """

    def __init__(
        self,
        storage: Storage,
        *,
        cache_bytes: int = 64 << 20,
        listing_max_age_s: float = 1.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._files = SegmentFiles(storage)
        self._cache: ByteCache[_Loaded | Stack] = ByteCache(cache_bytes)
        self._cache_bytes = cache_bytes
        self._serial = itertools.count(1)
        self._changes: dict[str, int] = {}  # the last one of a tenant's files, by this process
        self._listing_max_age_s = listing_max_age_s
        self._monotonic = monotonic

    def add(
        self,
        *,
        tenant: str,
        version_id: str,
        first_ordinal: int,
        texts: Sequence[str],
        headings: Sequence[Sequence[str]] = (),
    ) -> None:
        """Index the passages `first_ordinal`, `first_ordinal + 1`, … in the language found; twice is harmless.

        Args:
            tenant: tag of the owner.
            version_id: public id of the document version.
            first_ordinal: of the first passage.
            texts: of the passages.
            headings: above each passage; none for all when left out.

        Raises:
            Unavailable: the storage cannot be written.
        """
        language = find_language(texts) or self._find_language_before(tenant, version_id, first_ordinal) or DEFAULT
        built = build_segment(texts, analyzer_for(language), headings)
        self._files.write(tenant, version_id, first_ordinal, *built)
        self.look_again([(tenant, version_id)])

    def finish(self, *, tenant: str, version_id: str, passages: int) -> None:
        """Say that the version has so many passages, all of which were added; twice is harmless.

        Their segments become one, whose file needn't be looked for again; what an earlier program wrote is removed.

        Raises:
            Unavailable: the storage cannot be read or written.
        """
        if self._files.finish(tenant, version_id, passages):
            self.look_again([(tenant, version_id)])

    def build(
        self, *, tenant: str, version_id: str, texts: Sequence[str], headings: Sequence[Sequence[str]] = ()
    ) -> None:
        """Index all passages of a version, ordinal 0 first, in the place of any earlier segments.

        Takes and raises what `add` does.
        """
        self.delete(tenant=tenant, version_id=version_id)
        built = build_segment(texts, analyzer_for(find_language(texts) or DEFAULT), headings)
        self._files.write(tenant, version_id, 0, *built, is_last=True)
        self.look_again([(tenant, version_id)])

    def count(self, *, tenant: str, version_id: str) -> int:
        """Return how many passages, from 0 on without a gap, are indexed in this format, as the files are now."""
        return reach(self._files.list(tenant, version_id))

    def delete(self, *, tenant: str, version_id: str) -> None:
        """Remove the version's segments; removing what isn't there is harmless."""
        self._files.delete(tenant, version_id)
        self.look_again([(tenant, version_id)])

    def look_again(self, places: Collection[tuple[str, str]]) -> None:
        """Drop what this process has kept of these versions (tenant, id): another may have written them anew."""
        for tenant, _ in places:
            self._changes[tenant] = next(self._serial)
        self._cache.drop(*places)

    def list_versions(self) -> Iterator[tuple[str, str]]:
        """Yield tenant and version id of every version that has a segment, in whatever format."""
        return self._files.list_versions()

    def score(self, query: str, *, tenants: Sequence[str], versions: Sequence[str]) -> LexicalScores:
        """Score every passage of the versions that these tenants own.

        Its words are looked for in the languages of these versions.

        Raises:
            ValueError: no tenant was named.
            Unavailable: the storage cannot be read, or a segment is damaged.
        """
        if not tenants:
            raise ValueError("a search must name its tenants")
        asked = tuple(dict.fromkeys(versions))
        stack = self._stack(tuple(tenants), asked)
        terms = [term for language in stack.all_languages for term in analyzer_for(language).query_terms(query)]
        scores, weights = score_bm25(stack.segments, list(dict.fromkeys(terms)))
        return LexicalScores(
            versions=stack.versions,
            owners=stack.owners,
            bounds=stack.bounds,
            scores=scores,
            missing=tuple(version_id for version_id in asked if version_id not in stack.languages),
            weights=weights,
            languages=stack.languages,
        )

    def find_marks(self, query: str, *, tenant: str, version_id: str, ordinal: int) -> list[tuple[int, int]]:
        """Return the [start, end) offsets of the query's words in a passage's text, in order, for highlighting.

        The places of words aren't kept in memory: a file is read each time.
        """
        for part in self._files.list(tenant, version_id):
            if part.first <= ordinal < part.end and (built := self._files.read(tenant, version_id, part)):
                segment, marks = built
                terms = [term for language in segment.languages for term in analyzer_for(language).query_terms(query)]
                return find_marks(segment, marks, terms, ordinal - part.first)
        return []

    def _find_language_before(self, tenant: str, version_id: str, first_ordinal: int) -> str:
        """Return the language of the passages before one, where so few words don't tell their own."""
        loaded = self._load(tenant, version_id) if first_ordinal else None
        return next((one for segment in reversed(loaded.segments if loaded else ()) for one in segment.languages), "")

    def _stack(self, tenants: tuple[str, ...], versions: tuple[str, ...]) -> Stack:
        key = ("/stack", *(f"{tenant}/{self._changes.get(tenant, 0)}" for tenant in tenants), "/", *versions)
        kept = self._cache.get(key)
        if isinstance(kept, Stack):
            return kept
        found = {version_id: loaded for version_id in versions if (loaded := self._find(tenants, version_id))}
        whole = tuple(version_id for version_id, loaded in found.items() if loaded.is_whole)
        if len(whole) < len(versions):  # what is still being read changes, and the rest stays as it is
            growing = [loaded.as_member(version_id) for version_id, loaded in found.items() if not loaded.is_whole]
            return (self._stack(tenants, whole) if whole else Stack()).followed_by(growing)
        members = [loaded.as_member(version_id) for version_id, loaded in found.items()]
        stack = stack_versions(members, most_bytes=self._cache_bytes // 2)
        self._cache.put(key, stack, stack.size_bytes)
        return stack

    def _find(self, tenants: Sequence[str], version_id: str) -> _Loaded | None:
        return next((loaded for tenant in tenants if (loaded := self._load(tenant, version_id))), None)

    def _load(self, tenant: str, version_id: str) -> _Loaded | None:
        """Return the version's segments, in order; None where nothing is indexed."""
        kept, now = self._cache.get((tenant, version_id)), self._monotonic()
        kept = kept if isinstance(kept, _Loaded) else None
        if kept and (kept.is_whole or now - kept.listed_at < self._listing_max_age_s):
            return kept if kept.segments else None
        chain = tuple(self._files.list(tenant, version_id))
        found = kept.segments if kept and kept.chain == chain else self._files.read_segments(tenant, version_id, chain)
        loaded = _Loaded(tenant, chain, found, now)
        if len(found) == len(chain):  # otherwise it is being deleted
            self._cache.put((tenant, version_id), loaded, loaded.size_bytes)
        return loaded if found else None
