"""The VectorIndex that needs no service: exact search over immutable files in a storage, mapped into memory."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

import numpy as np
from django.core.files.storage import Storage
from numpy.typing import NDArray

from hellotutor.core.errors import Unavailable
from hellotutor.embeddings.base import Vectors
from hellotutor.retrieval import segments
from hellotutor.retrieval.base import IndexStamp, VectorHit, VectorIndex, check_vectors
from hellotutor.retrieval.cache import ByteCache
from hellotutor.retrieval.local.blocks import Block, is_size_of_block, make_block, pack_block, unpack_block
from hellotutor.retrieval.local.nearest import find_nearest
from hellotutor.retrieval.parts import Part, find_chain, is_whole, name_part, reach

_PREFIX = "vectors-"
_MERGED_PASSAGES = 4_096  # of one file after merging: 5 MB at 384 dimensions
_BYTES_PER_VERSION, _BYTES_PER_BLOCK = 600, 1_800  # of Python's objects beside the vectors, measured


@dataclass(frozen=True, slots=True)
class _Loaded:
    """The vectors of a version as far as they reach without a gap from ordinal 0, and when to list its files again."""

    parts: tuple[Part, ...]
    blocks: tuple[Block, ...]
    rows: int
    good_until: float

    @property
    def size_bytes(self) -> int:
        return _BYTES_PER_VERSION + sum(_BYTES_PER_BLOCK + block.size_bytes for block in self.blocks)


class LocalVectorIndex(VectorIndex):
    """Exact cosines; files are mapped where the storage lets them be.

    Args:
        storage: where the files live; every worker and web process must reach it.
        cache_bytes: most memory kept for vectors, 388 bytes a passage at 384 dimensions; where files can't be mapped,
            three times that. The exact vectors of mapped files are the system's to keep or to drop.
        listing_max_age_s: a version's files are listed again after so long, to see what another process embedded.
        monotonic: the clock for that.
    """

    name = "local"

    def __init__(
        self,
        storage: Storage,
        *,
        cache_bytes: int = 256 << 20,
        listing_max_age_s: float = 2.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._storage = storage
        self._cache: ByteCache[_Loaded] = ByteCache(cache_bytes)
        self._listing_max_age_s = listing_max_age_s
        self._monotonic = monotonic

    def upsert(self, *, tenant: str, version_id: str, first_ordinal: int, vectors: Vectors, stamp: IndexStamp) -> None:
        """Store the vectors as one new file; see the port."""
        check_vectors(vectors, stamp)
        if not len(vectors):
            return
        folder = segments.folder_of(tenant, version_id)
        self._write(folder, first_ordinal, vectors.astype(np.float16), stamp, is_last=False)
        self._cache.drop((tenant, version_id))

    def finish(self, *, tenant: str, version_id: str, stamp: IndexStamp) -> None:
        """Merge the many files of a version into few, which needn't be listed again; see the port."""
        folder = segments.folder_of(tenant, version_id)
        parts = self._list_sound(folder, stamp)
        if not is_whole(parts):
            end = reach(parts)
            for first in range(0, end, _MERGED_PASSAGES) or [0]:
                stop = min(first + _MERGED_PASSAGES, end)
                vectors = self._read_span(folder, parts, first, stop, stamp)
                self._write(folder, first, vectors, stamp, is_last=stop == end)
        self._delete_merged(folder, stamp)
        self._cache.drop((tenant, version_id))

    def query(
        self, vector: Vectors, *, tenants: Sequence[str], version_ids: Sequence[str], k: int, stamp: IndexStamp
    ) -> list[VectorHit]:
        """Return the k nearest passages; see the port."""
        if not tenants:
            raise ValueError("a query must name its tenants")
        check_vectors(vector[None], stamp)
        found = self._load_all(tenants, version_ids, stamp)
        blocks = [block for _, loaded in found for block in loaded.blocks]
        if not blocks:
            return []
        rows, scores = find_nearest(blocks, vector, k)
        firsts = np.cumsum([0, *(loaded.rows for _, loaded in found)])
        which = np.searchsorted(firsts, rows, side="right") - 1
        places = zip(which.tolist(), (rows - firsts[which]).tolist(), scores.tolist(), strict=True)
        return [VectorHit(found[at][0], ordinal, score) for at, ordinal, score in places]

    def count(self, *, tenant: str, version_id: str, stamp: IndexStamp) -> int:
        """Return how many passages have a vector, from the files as they are now; see the port.

        A file that is cut short or grown doesn't count, so that its vectors are made again.
        """
        return reach(self._list_sound(segments.folder_of(tenant, version_id), stamp))

    def delete(self, *, tenant: str, version_id: str) -> None:
        """Remove the version's vectors of every stamp; see the port."""
        segments.delete_files(self._storage, segments.folder_of(tenant, version_id), _PREFIX)
        self._cache.drop((tenant, version_id))

    def forget(self, *, tenant: str, version_id: str, stamp: IndexStamp) -> None:
        """Remove the version's vectors of this stamp; see the port."""
        segments.delete_files(self._storage, segments.folder_of(tenant, version_id), f"{_prefix(stamp)}-")
        self._cache.drop((tenant, version_id))

    def look_again(self, places: Collection[tuple[str, str]]) -> None:
        """Drop what is kept of these versions; see the port."""
        self._cache.drop(*places)

    def list_versions(self) -> Iterator[tuple[str, str]]:
        """Yield the versions that have a file of vectors; see the port."""
        return segments.list_versions(self._storage, _PREFIX)

    @property
    def cached_bytes(self) -> int:
        """Bytes of vectors kept in memory now."""
        return self._cache.size_bytes

    def _delete_merged(self, folder: str, stamp: IndexStamp) -> None:
        """Remove the files that others have replaced; somebody may have died between writing these and this."""
        needed = {part.name for part in self._list_sound(folder, stamp)}
        for name in segments.list_files(self._storage, folder):
            if name.startswith(f"{_prefix(stamp)}-") and name not in needed:
                segments.delete_file(self._storage, f"{folder}/{name}")

    def _load_all(
        self, tenants: Sequence[str], version_ids: Sequence[str], stamp: IndexStamp
    ) -> list[tuple[str, _Loaded]]:
        """Return the vectors of each version; a library of 1,000 passes here at every query."""
        prefix, now, found = _prefix(stamp), self._monotonic(), []
        for version_id in version_ids:
            for tenant in tenants:
                loaded = self._cache.get((tenant, version_id, prefix))
                if loaded is None or now >= loaded.good_until:
                    loaded = self._load(tenant, version_id, stamp, loaded)
                if loaded.rows:
                    found.append((version_id, loaded))
        return found

    def _load(self, tenant: str, version_id: str, stamp: IndexStamp, kept: _Loaded | None) -> _Loaded:
        folder, now = segments.folder_of(tenant, version_id), self._monotonic()
        parts = tuple(self._list_parts(folder, stamp))
        blocks = kept.blocks if kept and kept.parts == parts else tuple(self._read(folder, parts, stamp))
        good_until = math.inf if is_whole(parts) else now + self._listing_max_age_s
        loaded = _Loaded(parts, blocks, sum(len(block.scales) for block in blocks), good_until)
        if loaded.rows == reach(parts):  # otherwise it is being merged or deleted
            self._cache.put((tenant, version_id, _prefix(stamp)), loaded, loaded.size_bytes)
        return loaded

    def _list_parts(self, folder: str, stamp: IndexStamp) -> list[Part]:
        """Return the files that reach, without a gap, furthest from ordinal 0."""
        return _chain(segments.list_files(self._storage, folder), stamp)

    def _list_sound(self, folder: str, stamp: IndexStamp) -> list[Part]:
        """Return the same without those that have not the size of what they should hold."""
        names = segments.list_files(self._storage, folder)
        while True:
            parts = _chain(names, stamp)
            unsound = {part.name for part in parts if not self._is_sound(folder, part, stamp)}
            if not unsound:
                return parts
            names = [name for name in names if name not in unsound]

    def _is_sound(self, folder: str, part: Part, stamp: IndexStamp) -> bool:
        size_bytes = segments.find_size(self._storage, f"{folder}/{part.name}")
        rows = part.end - part.first
        return size_bytes is not None and is_size_of_block(size_bytes, rows=rows, dimensions=stamp.dimensions)

    def _read(self, folder: str, parts: Sequence[Part], stamp: IndexStamp) -> Iterator[Block]:
        """Yield the vectors of the parts, those that several hold once, until one has gone."""
        reached = 0
        for part in parts:
            block = self._read_block(folder, part, stamp)
            if block is None:
                return
            if part.end > reached:
                yield block.without_first(reached - part.first)
                reached = part.end

    def _read_block(self, folder: str, part: Part, stamp: IndexStamp) -> Block | None:
        name = f"{folder}/{part.name}"
        found = segments.map_array(self._storage, name)
        if found is None:
            return None
        array, is_mapped = found
        try:
            return unpack_block(array, stamp.dimensions, rows=part.end - part.first, is_mapped=is_mapped)
        except ValueError as exc:
            raise segments.name_damage(name) from exc

    def _read_span(
        self, folder: str, parts: Sequence[Part], first: int, end: int, stamp: IndexStamp
    ) -> NDArray[np.float16]:
        """Return the stored vectors of the passages [first, end), reading only the files that hold them."""
        vectors = np.zeros((end - first, stamp.dimensions), dtype=np.float16)
        for part in parts:
            if part.first < end and part.end > first:
                block = self._read_block(folder, part, stamp)
                if block is None:
                    raise Unavailable("vectors_gone", "Vectors vanished while they were merged: try it again.")
                begin, stop = max(part.first, first), min(part.end, end)
                vectors[begin - first : stop - first] = block.exact[begin - part.first : stop - part.first]
        return vectors

    def _write(
        self, folder: str, first: int, vectors: NDArray[np.float16], stamp: IndexStamp, *, is_last: bool
    ) -> None:
        # What they hold is in the name, so that a copy on another machine's disk is never one of other vectors.
        prefix = f"{_prefix(stamp)}-{blake2b(vectors.tobytes(), digest_size=4).hexdigest()}"
        name = name_part(prefix, first, first + len(vectors), ".npy", is_last=is_last)
        segments.write_array(self._storage, f"{folder}/{name}", pack_block(make_block(vectors)))


def _chain(names: Sequence[str], stamp: IndexStamp) -> list[Part]:
    """Return the files that hold all, once each, where there are such; else those that reach furthest."""
    whole = find_chain(names, _prefix(stamp))
    return whole if is_whole(whole) else find_chain(names, _prefix(stamp), may_overlap=True)


@lru_cache(maxsize=64)
def _prefix(stamp: IndexStamp) -> str:
    """Return what the names of the files of this stamp, and of no other, begin with."""
    exact = f"{stamp.model}\n{stamp.version}\n{stamp.dimensions}"
    readable = re.sub(r"[^a-z0-9]+", "-", stamp.model.lower()).strip("-")[:40]
    return f"{_PREFIX}{readable}-{blake2b(exact.encode(), digest_size=6).hexdigest()}"
