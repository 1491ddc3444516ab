"""The VectorIndex port."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hellotutor.embeddings.base import Vectors


@dataclass(frozen=True, slots=True)
class IndexStamp:
    """What made the vectors of an index; vectors of two stamps are never compared."""

    model: str
    version: str
    dimensions: int


@dataclass(frozen=True, slots=True)
class VectorHit:
    """A passage found by its vector."""

    version_id: str
    ordinal: int
    score: float


class VectorIndex(ABC):
    """Keeps vectors by (tenant, document version, passage ordinal) and finds the nearest.

    `tenant` is a tenant tag, `version_id` the public id of a document version. Every method may raise Unavailable.
    """

    name: str

    @abstractmethod
    def upsert(self, *, tenant: str, version_id: str, first_ordinal: int, vectors: Vectors, stamp: IndexStamp) -> None:
        """Store the vectors of the passages `first_ordinal`, `first_ordinal + 1`, … ; twice is harmless."""

    @abstractmethod
    def query(
        self, vector: Vectors, *, tenants: Sequence[str], version_ids: Sequence[str], k: int, stamp: IndexStamp
    ) -> list[VectorHit]:
        """Return the k nearest passages of these tenants' versions, best first; scores are cosines in [-1, 1].

        Raises:
            ValueError: no tenant was named.
        """

    @abstractmethod
    def count(self, *, tenant: str, version_id: str, stamp: IndexStamp) -> int:
        """Return how many passages, from ordinal 0 without a gap, have a vector with this stamp."""

    def finish(self, *, tenant: str, version_id: str, stamp: IndexStamp) -> None:  # noqa: B027 - a hook
        """Tidy up after the last vector of a version was stored; twice is harmless, and so is never."""

    @abstractmethod
    def delete(self, *, tenant: str, version_id: str) -> None:
        """Remove every vector of the version; removing what isn't there is harmless."""

    @abstractmethod
    def list_versions(self) -> Iterator[tuple[str, str]]:
        """Yield tenant and version id, in any order, of every version that has vectors, whatever their stamp.

        One that is written or deleted meanwhile may be among them or not.
        """
