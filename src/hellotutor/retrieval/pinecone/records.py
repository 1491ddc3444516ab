"""What is stored in Pinecone: one record a passage, and one a run of them that says that they are there."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

from hellotutor.embeddings.base import Vectors
from hellotutor.retrieval.base import IndexStamp

MOST_RECORDS = 1_000  # of an upsert; Pinecone's database limits, 2026-11
_MOST_BYTES = 1_900_000  # of 2 MB
_NUMBER_BYTES, _RECORD_BYTES = 26, 600  # as JSON, at most
RUNS = "+/"  # no version's id begins so: quote() writes a plus as %2B
_LATE_S = 60.0  # what was written shows within seconds, mostly


class Run(NamedTuple):
    """The passages [first, end) of one version with vectors of one stamp."""

    tenant: str
    version_id: str
    stamp: str
    first: int
    end: int

    @property
    def id(self) -> str:
        """The id of its record."""
        return f"{RUNS}{quote(self.version_id, safe='')}/{self.stamp}/{self.first}-{self.end}"


def name_stamp(stamp: IndexStamp) -> str:
    """Return a short name that no other stamp has."""
    exact = f"{stamp.model}\n{stamp.version}\n{stamp.dimensions}"
    return blake2b(exact.encode(), digest_size=8).hexdigest()


def name_namespace(tenant: str) -> str:
    """Return the namespace of a tenant.

    Raises:
        ValueError: the tenant has no name; without one Pinecone would take a namespace that all share.
    """
    if not tenant:
        raise ValueError("a query must name its tenants")
    return quote(tenant, safe="")


def read_namespace(namespace: str) -> str:
    """Return the tenant whose namespace it is."""
    return unquote(namespace)


def batch_size(dimensions: int) -> int:
    """Return how many passages fit in an upsert, beside the record of their run."""
    return max(1, min(MOST_RECORDS, _MOST_BYTES // (dimensions * _NUMBER_BYTES + _RECORD_BYTES)) - 1)


def make_records(run: Run, vectors: Vectors) -> Iterator[dict[str, Any]]:
    """Yield the record of each passage of a run, and its own, which is stored with them or not at all.

    A zero vector has no direction: Pinecone refuses it, and no query would find it.
    """
    version = quote(run.version_id, safe="")
    metadata = {"version": version, "stamp": run.stamp}
    for ordinal, vector in enumerate(vectors, start=run.first):
        if vector.any():
            yield {"id": f"{version}/{run.stamp}/{ordinal}", "values": vector.tolist(), "metadata": metadata}
    yield make_run_record(run, vectors.shape[1])


def make_run_record(run: Run, dimensions: int) -> dict[str, Any]:
    """Return the record of a run; no query finds it, because it has no field `version`."""
    metadata = {"run_of": quote(run.version_id, safe=""), "stamp": run.stamp}
    return {"id": run.id, "values": [1.0] + [0.0] * (dimensions - 1), "metadata": metadata}


def read_run(tenant: str, record_id: str) -> Run | None:
    """Return the run whose record it is; None for another's."""
    parts = record_id.removeprefix(RUNS).split("/")
    if not record_id.startswith(RUNS) or len(parts) != 3:
        return None
    first, _, end = parts[2].partition("-")
    if not (first.isdecimal() and end.isdecimal()):
        return None
    return Run(tenant, unquote(parts[0]), parts[1], int(first), int(end))


def read_passage(record_id: str) -> tuple[str, int] | None:
    """Return version id and ordinal of the passage whose record it is; None for another's."""
    version, _, rest = record_id.partition("/")
    ordinal = rest.partition("/")[2]
    return (unquote(version), int(ordinal)) if ordinal.isdecimal() else None


def passages_of(version_ids: Sequence[str], stamp: str) -> dict[str, Any]:
    """Return the filter that lets through these versions' passages of one stamp."""
    versions = [quote(version_id, safe="") for version_id in version_ids]
    return {"version": {"$in": versions}, "stamp": {"$eq": stamp}}


def everything_of(version_id: str, stamp: str = "") -> dict[str, Any]:
    """Return the filter that lets through passages and runs of a version; of one stamp only, where one is named."""
    version = {"$eq": quote(version_id, safe="")}
    both: dict[str, Any] = {"$or": [{"version": version}, {"run_of": version}]}
    return {"$and": [both, {"stamp": {"$eq": stamp}}]} if stamp else both


def reach(runs: Iterable[Run]) -> int:
    """Return how far runs of one version and stamp reach from 0 without a gap."""
    end = 0
    for run in sorted(runs, key=lambda run: run.first):
        if run.first > end:
            break
        end = max(end, run.end)
    return end


class RecentWrites:
    """What this process wrote within the last minute, because Pinecone lists it a while later; threads may share it.

    Without it, what was just embedded would be embedded again, and what was just deleted be taken for embedded.
    """

    def __init__(self) -> None:
        """Know of nothing."""
        self._guard = threading.Lock()
        self._written: dict[Run, float] = {}
        self._removed: dict[tuple[str, str, str], float] = {}

    def add(self, run: Run) -> None:
        """Note that a run was stored."""
        with self._guard:
            self._drop_old()
            self._written[run] = time.monotonic()

    def remove(self, tenant: str, version_id: str, stamp: str = "") -> None:
        """Note that a version's vectors go; of one stamp only, where one is named."""
        with self._guard:
            self._drop_old()
            self._removed[tenant, version_id, stamp] = time.monotonic()
            self._written = {
                run: at
                for run, at in self._written.items()
                if run[:2] != (tenant, version_id) or stamp not in ("", run.stamp)
            }

    def correct(self, tenant: str, version_id: str, stamp: str, listed: Iterable[Run]) -> set[Run]:
        """Return the runs of a version with vectors of one stamp, given those that Pinecone lists."""
        with self._guard:
            self._drop_old()
            is_removed = any((tenant, version_id, which) in self._removed for which in ("", stamp))
            written = {run for run in self._written if run[:3] == (tenant, version_id, stamp)}
            return written if is_removed else written | set(listed)

    def _drop_old(self) -> None:
        since = time.monotonic() - _LATE_S
        self._written = {run: at for run, at in self._written.items() if at > since}
        self._removed = {removed: at for removed, at in self._removed.items() if at > since}
