"""Short vectors, and what is stored and asked with them."""

from __future__ import annotations

import numpy as np

from hellotutor.embeddings.base import Vectors
from hellotutor.retrieval.base import IndexStamp, VectorIndex

STAMP = IndexStamp("test/model", "1", 16)


def make_vectors(count: int, seed: int = 0) -> Vectors:
    vectors = np.random.default_rng(seed).normal(size=(count, STAMP.dimensions)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def fill(index: VectorIndex, vectors: Vectors, *, tenant: str = "alice", version: str = "v1", first: int = 0) -> None:
    index.upsert(tenant=tenant, version_id=version, first_ordinal=first, vectors=vectors, stamp=STAMP)


def find(
    index: VectorIndex,
    vector: Vectors,
    *,
    tenants: tuple[str, ...] = ("alice",),
    versions: tuple[str, ...] = ("v1",),
    k: int = 3,
) -> list[tuple[str, int]]:
    hits = index.query(vector, tenants=tenants, version_ids=versions, k=k, stamp=STAMP)
    return [(hit.version_id, hit.ordinal) for hit in hits]
