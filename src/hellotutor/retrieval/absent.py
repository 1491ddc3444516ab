"""The VectorIndex that stands for one which the present settings don't reach."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NoReturn

from hellotutor.core.errors import Unavailable
from hellotutor.embeddings.base import Vectors
from hellotutor.retrieval.base import IndexStamp, VectorHit, VectorIndex


class AbsentIndex(VectorIndex):
    """Refuses whatever is asked of it: what is to be removed from there waits, and search is by words.

    Args:
        place: where vectors lie.
        why: what the settings lack; the end of a sentence.
    """

    is_remote = True

    def __init__(self, place: str, why: str) -> None:
        self.name = place.partition("/")[0]
        self._place, self._why = place, why

    @property
    def place(self) -> str:
        """Where vectors lie."""
        return self._place

    @property
    def refusal(self) -> str:
        """Why it refuses, in a sentence."""
        return f"Vectors lie in {self._place}, which these settings don't reach: {self._why.rstrip('.')}."

    def prepare(self, stamp: IndexStamp) -> None:
        """Refuse."""
        self._refuse()

    def probe(self) -> None:
        """Refuse."""
        self._refuse()

    def upsert(self, *, tenant: str, version_id: str, first_ordinal: int, vectors: Vectors, stamp: IndexStamp) -> None:
        """Refuse."""
        self._refuse()

    def query(
        self, vector: Vectors, *, tenants: Sequence[str], version_ids: Sequence[str], k: int, stamp: IndexStamp
    ) -> list[VectorHit]:
        """Refuse."""
        self._refuse()

    def count(self, *, tenant: str, version_id: str, stamp: IndexStamp) -> int:
        """Refuse."""
        self._refuse()

    def delete(self, *, tenant: str, version_id: str) -> None:
        """Refuse."""
        self._refuse()

    def forget(self, *, tenant: str, version_id: str, stamp: IndexStamp) -> None:
        """Refuse."""
        self._refuse()

    def list_versions(self) -> Iterator[tuple[str, str]]:
        """Refuse."""
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise Unavailable("index_mismatch", self.refusal, retryable=False)
