"""The VectorIndex that lives in Postgres: exact for what one learner has, HNSW where that would take too long."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from hellotutor.core.errors import Invalid
from hellotutor.embeddings.base import Vectors
from hellotutor.retrieval.base import IndexStamp, VectorHit, VectorIndex, check_vectors

try:
    from hellotutor.retrieval.pgvector import rows
    from hellotutor.retrieval.pgvector.errors import TablesGone
    from hellotutor.retrieval.pgvector.pool import Connection, Pool, Result
    from hellotutor.retrieval.pgvector.tables import make_tables
except ImportError as exc:
    message = "The driver for Postgres isn't there: pip install 'hellotutor[postgres]', or choose another VECTOR_INDEX."
    raise Invalid("missing_extra", message) from exc

_STORED_AT_ONCE = 1_000
_LISTED_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class PgvectorConfig:
    """Where the vectors are kept, and how long that may take.

    Attributes:
        url: the database, as libpq reads it; its user makes the tables.
        connections: most connections of a process at once.
        query_timeout_s: most seconds of a query or a count; search goes on by words alone then.
        change_timeout_s: most seconds of each thousand vectors stored, and of a deletion.
        index_weight: how many vectors are compared one by one in the time in which the HNSW index passes one; with 0
            every query is answered by the index.
    """

    url: str = field(repr=False)
    connections: int = 4
    query_timeout_s: float = 5.0
    change_timeout_s: float = 60.0
    index_weight: float = 10.0


class PgvectorIndex(VectorIndex):
    """Vectors as halfvec, in a table for each stamp; safe to share between threads and across forks.

    Args:
        config: where they are kept.
    """

    name = "pgvector"
    is_remote = True

    def __init__(self, config: PgvectorConfig) -> None:
        self._config = config
        self._pool = Pool(config.url, config.connections)
        self._prepared: frozenset[IndexStamp] = frozenset()

    def prepare(self, stamp: IndexStamp) -> None:
        """Make the tables that aren't there, and the extension where the user may; see the port."""
        self._change(partial(make_tables, stamp=stamp))
        self._prepared |= {stamp}

    def probe(self) -> None:
        """See the port; that nothing was ever stored is no reason to refuse."""
        self._ask(rows.probe)

    def close(self) -> None:
        """End the connections that nobody uses; the next call makes new ones."""
        self._pool.close()

    def upsert(self, *, tenant: str, version_id: str, first_ordinal: int, vectors: Vectors, stamp: IndexStamp) -> None:
        """Store the vectors, a thousand in each transaction; see the port."""
        check_vectors(vectors, stamp)
        if stamp not in self._prepared:
            self.prepare(stamp)
        store = partial(rows.store, tenant=tenant, version_id=version_id, stamp=stamp)
        try:
            for start in range(0, len(vectors), _STORED_AT_ONCE):
                halves = vectors[start : start + _STORED_AT_ONCE].astype(np.float16)
                self._change(partial(store, first=first_ordinal + start, vectors=halves))
        except TablesGone:  # to be made again before whoever asks begins anew, at what is counted then
            self._prepared -= {stamp}
            raise

    def query(
        self, vector: Vectors, *, tenants: Sequence[str], version_ids: Sequence[str], k: int, stamp: IndexStamp
    ) -> list[VectorHit]:
        """Return the k nearest passages; see the port.

        Raises:
            Unavailable: the tables are gone (`pgvector_table_missing`), or as in every other method.
        """
        if not tenants:
            raise ValueError("a query must name its tenants")
        check_vectors(vector[None], stamp)
        if not version_ids:
            return []
        find = partial(
            rows.find,
            vector=vector.astype(np.float16),
            tenants=tenants,
            version_ids=version_ids,
            k=k,
            stamp=stamp,
            index_weight=self._config.index_weight,
        )
        return self._ask(find)

    def count(self, *, tenant: str, version_id: str, stamp: IndexStamp) -> int:
        """Return how many passages have a vector: none where a table is gone; see the port."""
        return self.count_many([(tenant, version_id)], stamp=stamp)[0]

    def count_many(self, versions: Sequence[tuple[str, str]], *, stamp: IndexStamp) -> list[int]:
        """Count them all at once; see the port."""
        with suppress(TablesGone):
            return self._ask(partial(rows.count, versions=versions, stamp=stamp))
        return [0] * len(versions)

    def delete(self, *, tenant: str, version_id: str) -> None:
        """Remove the version's vectors of every stamp; see the port."""
        with suppress(TablesGone):
            self._change(partial(rows.remove, tenant=tenant, version_id=version_id, stamp=None))

    def forget(self, *, tenant: str, version_id: str, stamp: IndexStamp) -> None:
        """Remove the version's vectors of one stamp; see the port."""
        with suppress(TablesGone):
            self._change(partial(rows.remove, tenant=tenant, version_id=version_id, stamp=stamp))

    def list_versions(self) -> Iterator[tuple[str, str]]:
        """Yield the versions that have vectors; see the port."""
        last = "", ""
        while listed := self._list_after(last):
            yield from listed
            last = listed[-1]

    def _list_after(self, last: tuple[str, str]) -> list[tuple[str, str]]:
        with suppress(TablesGone):
            return self._ask(partial(rows.list_after, last=last, most=_LISTED_AT_ONCE))
        return []

    def _ask(self, work: Callable[[Connection], Result]) -> Result:
        return self._pool.run(work, timeout_s=self._config.query_timeout_s)

    def _change(self, work: Callable[[Connection], Result]) -> Result:
        return self._pool.run(work, timeout_s=self._config.change_timeout_s)
