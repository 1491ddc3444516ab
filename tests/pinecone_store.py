"""What Pinecone keeps and answers, after its OpenAPI documents of 2026-07 and its published limits; exact cosines."""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from tests.pinecone_filter import Refused, make_filter

MOST_RECORDS, MOST_BYTES, MOST_IDS, MOST_HITS, MOST_PAGE = 1_000, 2 << 20, 1_000, 10_000, 100
MOST_METADATA_BYTES = 40 << 10
REGIONS = {("aws", "us-east-1"), ("aws", "us-west-2"), ("aws", "eu-west-1"), ("gcp", "us-central1")}
Records = dict[str, dict[str, Any]]


@dataclass
class Lag:
    """How late writes show: so many reads of their namespace, and so many seconds."""

    reads: int = 0
    seconds: float = 0.0


@dataclass
class _Write:
    apply: Callable[[Records], None]
    written_at: float
    reads_left: int


@dataclass
class Namespace:
    """The records of a namespace: what readers see, and what was written since, in order."""

    seen: Records = field(default_factory=dict)
    waiting: list[_Write] = field(default_factory=list)

    def write(self, lag: Lag, apply: Callable[[Records], None]) -> None:
        self.waiting.append(_Write(apply, time.monotonic(), lag.reads))
        if not (lag.reads or lag.seconds):
            self.catch_up(lag)

    def read(self, lag: Lag) -> Records:
        self.catch_up(lag)
        for write in self.waiting:
            write.reads_left -= 1
        return self.seen

    def show(self) -> None:
        """Let readers see everything."""
        while self.waiting:
            self.waiting.pop(0).apply(self.seen)

    def catch_up(self, lag: Lag) -> None:
        """Let readers see what is old enough."""
        now = time.monotonic()
        while self.waiting and self.waiting[0].reads_left <= 0 and now - self.waiting[0].written_at >= lag.seconds:
            self.waiting.pop(0).apply(self.seen)


@dataclass
class StoredIndex:
    """One index; `not_ready` is how often it is still described as initializing."""

    name: str
    fields: dict[str, Any]
    deployment: dict[str, Any]
    not_ready: int = 0
    state: str = "Ready"
    namespaces: dict[str, Namespace] = field(default_factory=dict)

    @property
    def dense(self) -> dict[str, Any]:
        """The field that the vectors API serves; another's index is refused."""
        if "_values" not in self.fields:
            raise Refused(400, "This index has a document schema, so writes must go through the documents API.")
        return dict(self.fields["_values"])

    def describe(self, host: str) -> Any:
        is_ready = self.not_ready <= 0 and self.state == "Ready"
        state = "Initializing" if self.not_ready > 0 else self.state
        self.not_ready -= 1
        return {
            "name": self.name,
            "host": host,
            "schema": {"fields": self.fields},
            "deployment": self.deployment,
            "deletion_protection": "disabled",
            "read_capacity": {"mode": "OnDemand", "status": {"state": "Ready", "current_shards": None}},
            "status": {"ready": is_ready, "state": state},
            "tags": None,
        }


def make_index(body: Any) -> StoredIndex:
    """Return the index that a request asks for, checked as `create_index` checks it."""
    fields, name = body.get("schema", {}).get("fields"), body.get("name", "")
    if not isinstance(fields, dict) or not fields:
        raise Refused(422, "Failed to deserialize the JSON body: missing field `schema`", "UNPROCESSABLE_ENTITY")
    if not re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,43}[a-z0-9])?", name):
        raise Refused(400, "Name must consist of lower case alphanumeric characters or '-'.", "INVALID_ARGUMENT")
    deployment = body.get("deployment") or {"deployment_type": "managed", "cloud": "aws", "region": "us-east-1"}
    cloud, region = deployment.get("cloud"), deployment.get("region")
    if deployment["deployment_type"] == "managed" and (cloud, region) not in REGIONS:
        raise Refused(404, f"Resource cloud: {cloud} region: {region} not found.", "NOT_FOUND")
    for one in fields.values():
        is_dense = one.get("type") == "dense_vector"
        fits = one.get("metric") in ("cosine", "euclidean", "dotproduct") and 1 <= one.get("dimension", 0) <= 20_000
        if is_dense and not fits:
            raise Refused(400, "Bad request. The request body included invalid request parameters.", "INVALID_ARGUMENT")
    return StoredIndex(name, fields, deployment)


def upsert(index: StoredIndex, body: Any, lag: Lag) -> Any:
    """Store records, all or none."""
    records = body.get("vectors") or []
    if not 1 <= len(records) <= MOST_RECORDS:
        raise Refused(400, f"Vectors to upsert must be between 1 and {MOST_RECORDS}, got {len(records)}")
    for record in records:
        _check_id(record["id"])
        _check_vector(index, record["values"])
        _check_metadata(record.get("metadata") or {})
    stored = {record["id"]: record for record in records}
    namespace = index.namespaces.setdefault(body.get("namespace") or "__default__", Namespace())
    namespace.write(lag, lambda seen: seen.update(stored))
    return {"upsertedCount": len(records)}


def query(index: StoredIndex, body: Any, lag: Lag) -> Any:
    """Return the nearest records that pass the filter."""
    if not 1 <= body.get("topK", 0) <= MOST_HITS:
        raise Refused(400, f"topK must be between 1 and {MOST_HITS}")
    vector, passes = np.asarray(_check_vector(index, body["vector"])), make_filter(body.get("filter") or {})
    name = body.get("namespace") or "__default__"
    found = [record for record in _read(index, name, lag).values() if passes(record.get("metadata") or {})]
    scores = [_cosine(vector, np.asarray(record["values"])) for record in found]
    best = sorted(range(len(found)), key=lambda at: -scores[at])[: body["topK"]]
    matches = [{"id": found[at]["id"], "score": scores[at], "values": []} for at in best]
    return {"results": [], "matches": matches, "namespace": name, "usage": {"readUnits": 1}}


def fetch(index: StoredIndex, ids: list[str], name: str, lag: Lag) -> Any:
    """Return records by their ids."""
    if not 1 <= len(ids) <= MOST_IDS:
        raise Refused(400, f"Up to {MOST_IDS} ids can be fetched at once")
    seen = _read(index, name, lag)
    return {"vectors": {id_: seen[id_] for id_ in ids if id_ in seen}, "namespace": name, "usage": {"readUnits": 1}}


def list_ids(index: StoredIndex, name: str, prefix: str, limit: int, token: str, lag: Lag) -> Any:
    """Return a page of ids in order, bitwise."""
    ids = sorted(id_ for id_ in _read(index, name, lag) if id_.startswith(prefix))
    page, more = _page(ids, limit, token)
    return {"vectors": [{"id": id_} for id_ in page], "namespace": name, "usage": {"readUnits": 1}, **more}


def list_namespaces(index: StoredIndex, prefix: str, limit: int, token: str, lag: Lag) -> Any:
    """Return a page of namespaces in order; the counts are strings."""
    names = sorted(name for name in index.namespaces if name.startswith(prefix))
    page, more = _page(names, limit, token)
    listed = [{"name": name, "record_count": str(len(_read(index, name, lag)))} for name in page]
    return {"namespaces": listed, "total_count": len(names), **more}


def delete(index: StoredIndex, body: Any, lag: Lag) -> Any:
    """Remove records by ids, by a filter, or all."""
    name = body.get("namespace") or "__default__"
    if sum(bool(body.get(key)) for key in ("ids", "filter", "deleteAll")) != 1:
        raise Refused(400, "Exactly one of ids, filter and deleteAll must be given")
    if len(body.get("ids") or ()) > MOST_IDS:
        raise Refused(400, f"Up to {MOST_IDS} ids can be deleted at once")
    ids, passes = body.get("ids"), make_filter(body.get("filter") or {})
    if name not in index.namespaces:
        raise Refused(404, "Namespace not found")

    def remove(seen: Records) -> None:
        for id_ in ids or [id_ for id_, record in seen.items() if passes(record.get("metadata") or {})]:
            seen.pop(id_, None)

    index.namespaces[name].write(lag, remove)
    return {}


def update(index: StoredIndex, body: Any, lag: Lag) -> Any:
    """Change a record's values or metadata; of one that isn't there nothing."""
    values, metadata, id_ = body.get("values"), body.get("setMetadata") or {}, body.get("id")
    if not id_:
        raise Refused(400, "An id must be given")
    if values:
        _check_vector(index, values)
    _check_metadata(metadata)

    def change(seen: Records) -> None:
        if id_ in seen:
            old = seen[id_]
            seen[id_] = {**old, "values": values or old["values"], "metadata": {**old.get("metadata", {}), **metadata}}

    index.namespaces.setdefault(body.get("namespace") or "__default__", Namespace()).write(lag, change)
    return {}


def describe_namespace(index: StoredIndex, name: str, lag: Lag) -> Any:
    """Return how many records a namespace has, as a string."""
    if name not in index.namespaces:
        raise Refused(404, "Namespace not found")
    return {"name": name, "record_count": str(len(_read(index, name, lag)))}


def delete_namespace(index: StoredIndex, name: str) -> Any:
    """Remove a namespace with all that is in it."""
    if index.namespaces.pop(name, None) is None:
        raise Refused(404, "Namespace not found")
    return {}


def describe_stats(index: StoredIndex, body: Any, lag: Lag) -> Any:
    """Return how many records there are."""
    if body.get("filter"):
        raise Refused(
            400, "Serverless and Starter indexes do not support describing index stats with metadata filtering"
        )
    counts = {name: len(_read(index, name, lag)) for name in index.namespaces}
    return {
        "namespaces": {name: {"vectorCount": count} for name, count in counts.items()},
        "dimension": index.dense["dimension"],
        "indexFullness": 0,
        "totalVectorCount": sum(counts.values()),
        "metric": index.dense["metric"],
        "vectorType": "dense",
    }


def _page(names: list[str], limit: int, token: str) -> tuple[list[str], dict[str, Any]]:
    if not 1 <= limit <= MOST_PAGE:
        raise Refused(400, f"limit must be between 1 and {MOST_PAGE}")
    after = bytes.fromhex(token).decode() if token else ""
    rest = [name for name in names if name > after] if token else names
    page = rest[:limit]
    return page, {"pagination": {"next": page[-1].encode().hex()}} if len(rest) > limit else {}


def _read(index: StoredIndex, name: str, lag: Lag) -> Records:
    namespace = index.namespaces.get(name)
    return namespace.read(lag) if namespace else {}


def _check_id(id_: str) -> None:
    if not (1 <= len(id_) <= 512 and id_.isascii() and "\0" not in id_):
        raise Refused(400, "Vector ID must be ASCII and 1 to 512 characters long")


def _check_vector(index: StoredIndex, values: list[float]) -> list[float]:
    wanted = index.dense["dimension"]
    if len(values) != wanted:
        message = f"Vector dimension {len(values)} does not match the dimension of the index {wanted}"
        raise Refused(400, message)
    if not all(isinstance(value, int | float) and math.isfinite(value) for value in values):
        raise Refused(400, "Vector values must be finite numbers")
    if not any(values):
        raise Refused(400, "Dense vectors must contain at least one non-zero value.")
    return values


def _check_metadata(metadata: dict[str, Any]) -> None:
    if len(json.dumps(metadata).encode()) > MOST_METADATA_BYTES:
        raise Refused(400, f"metadata size exceeds the limit of {MOST_METADATA_BYTES} bytes per vector")
    for name, value in metadata.items():
        is_list = isinstance(value, list) and all(isinstance(one, str) for one in value)
        if name.startswith("$") or not (is_list or isinstance(value, str | int | float | bool)):
            raise Refused(400, "Metadata value must be a string, number, boolean or list of strings")


def _cosine(one: Any, other: Any) -> float:
    return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))
