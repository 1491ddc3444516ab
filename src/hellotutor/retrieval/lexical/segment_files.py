"""The files of the segments of words, under `{tenant}/{version}/` of a storage: written once, joined at the end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.core.files.storage import Storage

from hellotutor.retrieval import segments
from hellotutor.retrieval.lexical.analysis import ENGLISH
from hellotutor.retrieval.lexical.postings import (
    MOST_JOINED,
    Marks,
    Segment,
    build_segment,
    join_built,
    pack_segment,
    unpack_segment,
)
from hellotutor.retrieval.parts import Part, find_chain, is_whole, name_part, reach

#: Of the files and of the terms in them: raised when either changes, so that all is indexed again.
FORMAT = 3
_ANY_FORMAT = "lexical-"
_PREFIX = f"{_ANY_FORMAT}{FORMAT}"
_NOTHING = build_segment((), ENGLISH)


class SegmentFiles:
    """Reads and writes segments; every method may raise Unavailable.

    Args:
        storage: where they lie.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def list(self, tenant: str, version_id: str) -> list[Part]:
        """Return the files of this format that follow each other from passage 0 on without a gap."""
        return find_chain(segments.list_files(self._storage, segments.folder_of(tenant, version_id)), _PREFIX)

    def list_versions(self) -> Iterator[tuple[str, str]]:
        """Yield tenant and version id of every version that has a segment, in whatever format."""
        return segments.list_versions(self._storage, _ANY_FORMAT)

    def read(self, tenant: str, version_id: str, part: Part) -> tuple[Segment, Marks] | None:
        """Return what a file holds; None where it was deleted since it was listed."""
        path = f"{segments.folder_of(tenant, version_id)}/{part.name}"
        found = segments.map_array(self._storage, path, may_copy=False)  # its name does not say which words
        if found is None:
            return None
        array, is_mapped = found
        try:
            return unpack_segment(array, is_mapped=is_mapped)
        except ValueError as exc:
            raise segments.name_damage(path) from exc

    def read_segments(self, tenant: str, version_id: str, chain: Sequence[Part]) -> tuple[Segment, ...]:
        """Return the segments of these files, as far as they are still there."""
        found: list[Segment] = []
        for part in chain:
            built = self.read(tenant, version_id, part)
            if built is None:
                break
            found.append(built[0])
        return tuple(found)

    def write(
        self, tenant: str, version_id: str, first: int, segment: Segment, marks: Marks, *, is_last: bool = False
    ) -> Part:
        """Write a segment whose first passage has the ordinal `first`, and after which nothing comes if it is last."""
        end = first + len(segment.lengths)
        part = Part(name_part(_PREFIX, first, end, ".npy", is_last=is_last), first, end, is_last)
        path = f"{segments.folder_of(tenant, version_id)}/{part.name}"
        segments.write_array(self._storage, path, pack_segment(segment, marks))
        return part

    def finish(self, tenant: str, version_id: str, passages: int) -> bool:
        """Join the files of a version of so many passages, mark the last as such, and remove all others.

        Returns:
            False, and nothing is done, where there are fewer passages: it was deleted meanwhile, or is not all there.
        """
        folder = segments.folder_of(tenant, version_id)
        names = segments.list_files(self._storage, folder)
        chain = find_chain(names, _PREFIX)
        if reach(chain) != passages:
            return False
        if not is_whole(chain):
            groups = list(_group(chain))
            joined = [self._join(tenant, version_id, group, is_last=group is groups[-1]) for group in groups]
            chain = [part for part in joined if part]
            if len(chain) < len(groups):
                return False
        kept = {part.name for part in chain}
        for name in names:
            if name.startswith(_ANY_FORMAT) and name not in kept:
                segments.delete_file(self._storage, f"{folder}/{name}")
        return True

    def delete(self, tenant: str, version_id: str) -> None:
        """Remove the version's segments, in whatever format; removing what isn't there is harmless."""
        segments.delete_files(self._storage, segments.folder_of(tenant, version_id), _ANY_FORMAT)

    def _join(self, tenant: str, version_id: str, parts: Sequence[Part], *, is_last: bool) -> Part | None:
        """Write what these hold as one; None where the version was deleted meanwhile."""
        if len(parts) == 1 and not is_last:
            return parts[0]
        built = [one for part in parts if (one := self.read(tenant, version_id, part)) is not None]
        if len(built) < len(parts):
            return None
        first, joined = (parts[0].first, join_built(built)) if parts else (0, _NOTHING)
        return self.write(tenant, version_id, first, *joined, is_last=is_last)


def _group(chain: Sequence[Part]) -> Iterator[list[Part]]:
    """Yield parts that follow each other and are to be one; so many that the memory to join them is bounded."""
    group: list[Part] = []
    for part in chain:
        if group and part.end - group[0].first > MOST_JOINED:
            yield group
            group = []
        group.append(part)
    yield group
