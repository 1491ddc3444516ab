"""The segments of the versions that a query asks for, end to end; many small ones joined, so that each costs little.

Scoring a segment takes some 20 microseconds a term however small it is: without that, a thousand documents of a few
pages would take far longer than a textbook.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hellotutor.retrieval.lexical.postings import MOST_JOINED, Segment, join_segments

_BYTES_A_VERSION = 400  # of names and the like

#: A version's id, the tenant tag of its owner and its segments.
Member = tuple[str, str, tuple[Segment, ...]]


@dataclass(frozen=True, slots=True)
class Stack:
    """What a query is scored over.

    Attributes:
        versions: ids, in the order in which their passages follow each other.
        owners: tenant tag of each.
        bounds: (versions + 1,) where the passages of each begin, and the end.
        segments: with all these passages.
        languages: of each version.
    """

    versions: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    bounds: NDArray[np.int64] = field(default_factory=lambda: np.zeros(1, dtype=np.int64))
    segments: tuple[Segment, ...] = ()
    languages: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def all_languages(self) -> list[str]:
        """Every language of a passage, once."""
        return sorted({language for segment in self.segments for language in segment.languages})

    @property
    def size_bytes(self) -> int:
        """About how much memory it takes, that of segments which others keep too included."""
        return _BYTES_A_VERSION * (1 + len(self.versions)) + sum(segment.kept_bytes for segment in self.segments)

    def followed_by(self, members: Sequence[Member]) -> Stack:
        """Return a stack with these versions after its own; their segments are left as they are."""
        sizes = [count_passages(found) for _, _, found in members]
        return Stack(
            versions=(*self.versions, *(version_id for version_id, _, _ in members)),
            owners=(*self.owners, *(owner for _, owner, _ in members)),
            bounds=np.concatenate([self.bounds, self.bounds[-1] + np.cumsum(sizes, dtype=np.int64)]),
            segments=(*self.segments, *(segment for _, _, found in members for segment in found)),
            languages=self.languages | {version_id: _languages_of(found) for version_id, _, found in members},
        )


def stack_versions(members: Sequence[Member], *, most_bytes: int) -> Stack:
    """Return a stack of these versions, in their order; what would take more than `most_bytes` stays in parts.

    To join it for each query, because it can't be kept, would take many times as long as to score the parts.
    """
    loose = Stack().followed_by(members)
    if sum(segment.size_bytes for segment in loose.segments) > most_bytes:
        return loose
    return Stack(loose.versions, loose.owners, loose.bounds, tuple(_join(loose.segments)), loose.languages)


def count_passages(found: Iterable[Segment]) -> int:
    """Return how many passages these hold."""
    return sum(len(segment.lengths) for segment in found)


def _join(found: Sequence[Segment]) -> Iterator[Segment]:
    """Yield the segments, those joined that follow each other and are few passages together."""
    group: list[Segment] = []
    passages = 0
    for segment in found:
        passages += len(segment.lengths)
        if group and passages > MOST_JOINED:
            yield join_segments(group)[0]
            group, passages = [], len(segment.lengths)
        group.append(segment)
    if group:
        yield join_segments(group)[0]


def _languages_of(found: Iterable[Segment]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(language for segment in found for language in segment.languages))
