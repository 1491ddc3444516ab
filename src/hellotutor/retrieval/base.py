"""The VectorIndex port."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

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


def check_vectors(vectors: Vectors, stamp: IndexStamp) -> None:
    """Refuse vectors that no index can compare: of another length than the stamp's, or with what is no number.

    Args:
        vectors: shape (vectors, dimensions).
        stamp: what they were made by.

    Raises:
        ValueError: they are; whoever made them has a defect.
    """
    if vectors.ndim != 2 or vectors.shape[1] != stamp.dimensions:
        raise ValueError(f"vectors of shape {vectors.shape} are not of {stamp.dimensions} dimensions")
    if not np.isfinite(vectors).all():
        raise ValueError("a vector holds what is no number, or is infinite")


class VectorIndex(ABC):
    """Keeps vectors by (tenant, document version, passage ordinal) and finds the nearest.

    `tenant` is a tenant tag, `version_id` the public id of a document version. Every method may raise Unavailable.

    Attributes:
        name: of the adapter, as VECTOR_INDEX names it.
        is_remote: whether a query waits for another machine, so that it is worth asking beside other work.
    """

    name: str
    is_remote: bool = False

    @property
    def place(self) -> str:
        """Where the vectors lie, as it is noted of those in force: its name, and behind a slash what else matters."""
        return self.name

    def prepare(self, stamp: IndexStamp) -> None:  # noqa: B027 - a hook
        """Make what the vectors of this stamp are kept in, or check that it fits; called before each document.

        Raises:
            Unavailable: it is not there and can't be made, or is made for other vectors.
        """

    def probe(self) -> None:  # noqa: B027 - a hook
        """Raise Unavailable where the index can't be asked now; cheap enough for a readiness check."""

    def look_again(self, places: Collection[tuple[str, str]]) -> None:  # noqa: B027 - a hook
        """Drop what this process has kept of these versions (tenant, id): another may have written them anew."""

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

    def count_many(self, versions: Sequence[tuple[str, str]], *, stamp: IndexStamp) -> list[int]:
        """Return the `count` of each tenant's version, in their order; a search asks so for all that it looks in."""
        return [self.count(tenant=tenant, version_id=version_id, stamp=stamp) for tenant, version_id in versions]

    def finish(self, *, tenant: str, version_id: str, stamp: IndexStamp) -> None:  # noqa: B027 - a hook
        """Tidy up after the last vector of a version was stored; twice is harmless, and so is never."""

    @abstractmethod
    def delete(self, *, tenant: str, version_id: str) -> None:
        """Remove every vector of the version; removing what isn't there is harmless."""

    @abstractmethod
    def forget(self, *, tenant: str, version_id: str, stamp: IndexStamp) -> None:
        """Remove the version's vectors of this stamp and leave those of others; what isn't there is harmless."""

    @abstractmethod
    def list_versions(self) -> Iterator[tuple[str, str]]:
        """Yield tenant and version id, in any order, of every version that has vectors, whatever their stamp.

        One that is written or deleted meanwhile may be among them or not.
        """
