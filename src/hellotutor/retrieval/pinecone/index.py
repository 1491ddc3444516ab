"""The VectorIndex in Pinecone's cloud: a namespace a tenant, in one serverless index of this installation's own."""

from __future__ import annotations

import contextlib
import importlib.util
import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hellotutor.core.errors import Invalid, Unavailable
from hellotutor.embeddings.base import Vectors
from hellotutor.retrieval.base import IndexStamp, VectorHit, VectorIndex, check_vectors
from hellotutor.retrieval.pinecone import records
from hellotutor.retrieval.pinecone.records import RecentWrites, Run

if TYPE_CHECKING:
    from pinecone.index import Index

    from hellotutor.retrieval.pinecone.client import Patience

_Runs = dict[tuple[str, str], list[Run]]  # by version id and name of the stamp

# Pinecone's database limits and OpenAPI document, 2026-07.
_MOST_HITS = 10_000
_MOST_IDS = 1_000
_PAGE = 100
_VERSIONS_A_QUERY = 1_000  # $in takes 10,000; 40 kB of filter are enough
_LISTING_MAX_AGE_S = 1.0  # many versions are counted one after the other


@dataclass(frozen=True, slots=True)
class PineconeConfig:
    """Which index, and how long it is waited for.

    Attributes:
        api_key: of the project.
        index: its name; it belongs to this installation alone.
        cloud: where it is made, if it isn't there.
        region: of that cloud.
        host: of the control plane; empty for Pinecone's own.
        read_s: longest wait for what is read, all attempts together.
        write_s: longest wait for a batch that is written.
        ready_s: longest wait for an index that is being made; after that it is tried again later.
    """

    api_key: str = field(repr=False)
    index: str
    cloud: str = "aws"
    region: str = "us-east-1"
    host: str = ""
    read_s: float = 8.0
    write_s: float = 30.0
    ready_s: float = 45.0


class PineconeIndex(VectorIndex):
    """Cosines as Pinecone finds them, which is approximately.

    With each batch goes the record of its run of ordinals, stored with it or not at all: how far a version reaches is
    read off the runs, 100 to a request, instead of its passages.

    Raises:
        Invalid: the SDK isn't installed (`missing_extra`).
    """

    name = "pinecone"
    is_remote = True

    def __init__(self, config: PineconeConfig) -> None:
        """Ask nothing yet."""
        if importlib.util.find_spec("pinecone") is None:
            message = "VECTOR_INDEX is pinecone, and its package isn't there: pip install 'hellotutor[pinecone]'."
            raise Invalid("missing_extra", message)
        from hellotutor.retrieval.pinecone.client import PineconeClient

        self._config = config
        self._client = PineconeClient(config)
        self._recent = RecentWrites()
        self._listings: dict[str, tuple[float, _Runs]] = {}  # by tenant; replaced as a whole: threads share it

    @property
    def place(self) -> str:
        """The index by its name; see the port."""
        return f"{self.name}/{self._config.index}"

    def prepare(self, stamp: IndexStamp) -> None:
        """Make the index or check it; see the port."""
        self._client.prepare(stamp.dimensions)

    def close(self) -> None:
        """End all connections."""
        self._client.close()

    def probe(self) -> None:
        """Ask for the index's statistics; one that isn't there yet is made with the next document."""
        self._client.probe()

    def upsert(self, *, tenant: str, version_id: str, first_ordinal: int, vectors: Vectors, stamp: IndexStamp) -> None:
        """Store the vectors in batches that Pinecone takes; see the port.

        Raises:
            ValueError: see `check_vectors`.
        """
        check_vectors(vectors, stamp)
        size = records.batch_size(stamp.dimensions)
        for at in range(0, len(vectors), size):
            batch = vectors[at : at + size]
            first = first_ordinal + at
            run = Run(tenant, version_id, records.name_stamp(stamp), first, first + len(batch))
            self._store(run, list(records.make_records(run, batch)), stamp)

    def query(
        self, vector: Vectors, *, tenants: Sequence[str], version_ids: Sequence[str], k: int, stamp: IndexStamp
    ) -> list[VectorHit]:
        """Return the k nearest passages, 10,000 at most; see the port."""
        if not tenants:
            raise ValueError("a query must name its tenants")
        check_vectors(vector[None], stamp)
        if not vector.any():
            return []
        patience = self._client.to_read()
        hits: list[VectorHit] = []
        for tenant in tenants:
            for at in range(0, len(version_ids), _VERSIONS_A_QUERY):
                asked = version_ids[at : at + _VERSIONS_A_QUERY]
                hits += self._query_namespace(vector, tenant, asked, k, stamp, patience)
        return sorted(hits, key=lambda hit: -hit.score)[:k]

    def count(self, *, tenant: str, version_id: str, stamp: IndexStamp) -> int:
        """Return how far the version's runs reach, as listed within the last second; see the port."""
        return records.reach(self._correct(tenant, version_id, stamp, self._list_lately(tenant)))

    def count_many(self, versions: Sequence[tuple[str, str]], *, stamp: IndexStamp) -> list[int]:
        """Count them as they are now, by one listing of each tenant; see the port."""
        listed = {tenant: self._list_runs(tenant) for tenant in {tenant for tenant, _ in versions}}
        return [records.reach(self._correct(tenant, of, stamp, listed[tenant])) for tenant, of in versions]

    def finish(self, *, tenant: str, version_id: str, stamp: IndexStamp) -> None:
        """Put one run in the place of all, so that 100 whole versions are listed by one request; see the port."""
        runs = self._correct(tenant, version_id, stamp, self._list_runs(tenant))
        whole = Run(tenant, version_id, records.name_stamp(stamp), 0, records.reach(runs))
        if not whole.end or runs == {whole}:
            return
        self._store(whole, [records.make_run_record(whole, stamp.dimensions)], stamp)
        replaced = [run.id for run in runs if run != whole and run.end <= whole.end]
        for at in range(0, len(replaced), _MOST_IDS):
            self._remove(tenant, ids=replaced[at : at + _MOST_IDS])

    def delete(self, *, tenant: str, version_id: str) -> None:
        """Remove the version's vectors of every stamp; see the port."""
        self._recent.remove(tenant, version_id)  # first: whether the request was carried out isn't always told
        self._remove(tenant, filter=records.everything_of(version_id))

    def forget(self, *, tenant: str, version_id: str, stamp: IndexStamp) -> None:
        """Remove the version's vectors of this stamp; see the port."""
        self._recent.remove(tenant, version_id, records.name_stamp(stamp))
        self._remove(tenant, filter=records.everything_of(version_id, records.name_stamp(stamp)))

    def list_versions(self) -> Iterator[tuple[str, str]]:
        """Yield the versions of which runs are listed; see the port."""
        tenants: list[str] = []
        namespaces = self._list_pages(
            lambda index, token: index.list_namespaces_paginated(limit=_PAGE, pagination_token=token)
        )
        with _without_an_index_too():
            tenants += [records.read_namespace(found.name) for page in namespaces for found in page.namespaces]
        for tenant in tenants:
            runs = self._list_runs(tenant)
            yield from sorted(
                {(tenant, of[0]) for of, listed in runs.items() if self._recent.correct(tenant, *of, listed)}
            )

    def _store(self, run: Run, batch: list[dict[str, Any]], stamp: IndexStamp) -> None:
        """Upsert the records of a run, which go into one request."""
        namespace = records.name_namespace(run.tenant)
        self._client.ask(
            lambda index: index.upsert(vectors=batch, namespace=namespace),
            self._client.to_write(),
            dimensions=stamp.dimensions,
        )
        self._recent.add(run)

    def _remove(self, tenant: str, **what: Any) -> None:
        """Delete by ids or by a filter; where there is no index there is nothing to delete."""
        namespace = records.name_namespace(tenant)
        with _without_an_index_too():
            self._client.ask_namespace(lambda index: index.delete(namespace=namespace, **what), self._client.to_write())

    def _query_namespace(
        self, vector: Vectors, tenant: str, asked: Sequence[str], k: int, stamp: IndexStamp, patience: Patience
    ) -> Iterator[VectorHit]:
        """Yield what one query finds; what isn't asked for is no answer to it."""
        namespace, wanted = records.name_namespace(tenant), frozenset(asked)
        passing = records.passages_of(asked, records.name_stamp(stamp))
        answer = self._client.ask_namespace(
            lambda index: index.query(
                vector=vector.tolist(), top_k=min(k, _MOST_HITS), namespace=namespace, filter=passing
            ),
            patience,
            dimensions=stamp.dimensions,
        )
        for match in answer.matches if answer else ():
            passage = records.read_passage(match.id)
            if passage and passage[0] in wanted:
                yield VectorHit(*passage, min(1.0, max(-1.0, match.score)))

    def _correct(self, tenant: str, version_id: str, stamp: IndexStamp, listed: _Runs) -> set[Run]:
        of = version_id, records.name_stamp(stamp)
        return self._recent.correct(tenant, *of, listed.get(of, ()))

    def _list_lately(self, tenant: str) -> _Runs:
        """Return what was listed within the last second, otherwise list it."""
        listed_at, runs = self._listings.get(tenant, (-math.inf, {}))
        if time.monotonic() - listed_at > _LISTING_MAX_AGE_S:
            runs = self._list_runs(tenant)
            now = time.monotonic()
            fresh = {of: kept for of, kept in self._listings.items() if now - kept[0] <= _LISTING_MAX_AGE_S}
            self._listings = {**fresh, tenant: (now, runs)}
        return runs

    def _list_runs(self, tenant: str) -> _Runs:
        """Return the runs of every version of a tenant."""
        namespace = records.name_namespace(tenant)
        pages = self._list_pages(
            lambda index, token: index.list_paginated(
                prefix=records.RUNS, limit=_PAGE, pagination_token=token, namespace=namespace
            )
        )
        runs: _Runs = defaultdict(list)
        for run in [records.read_run(tenant, str(item.id)) for page in pages for item in page.vectors]:
            if run:
                runs[run.version_id, run.stamp].append(run)
        return dict(runs)

    def _list_pages(self, ask_for: Callable[[Index, str | None], Any]) -> Iterator[Any]:
        """Yield the pages of a listing, all within the patience of one call."""
        patience = self._client.to_read()
        token: str | None = None
        while (page := self._client.ask_namespace(_with(ask_for, token), patience)) is not None:
            yield page
            token = page.pagination.next if page.pagination else None
            if not token:
                return


@contextlib.contextmanager
def _without_an_index_too() -> Iterator[None]:
    """Go on where there is no index: nothing is in it."""
    try:
        yield
    except Unavailable as error:
        if error.code != "pinecone_index_missing":
            raise


def _with(ask_for: Callable[[Index, str | None], Any], token: str | None) -> Callable[[Index], Any]:
    return lambda index: ask_for(index, token)
