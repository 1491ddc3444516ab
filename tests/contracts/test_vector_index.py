"""What every VectorIndex keeps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from django.core.files.storage import FileSystemStorage, InMemoryStorage

from hellotutor.embeddings.base import Vectors
from hellotutor.retrieval.base import IndexStamp, VectorIndex
from hellotutor.retrieval.local import LocalVectorIndex

STAMP = IndexStamp("test/model", "1", 16)


@pytest.fixture(params=["local in memory", "local on disk", "local on a disk that overwrites", "local in S3"])
def index(request: pytest.FixtureRequest, tmp_path: Path) -> VectorIndex:
    if request.param == "local in memory":
        return LocalVectorIndex(InMemoryStorage())
    if request.param == "local in S3":
        return LocalVectorIndex(request.getfixturevalue("s3_storage"))
    return LocalVectorIndex(FileSystemStorage(tmp_path, allow_overwrite="overwrites" in request.param))


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


def test_it_finds_the_nearest_best_first_with_cosines(index: VectorIndex) -> None:
    vectors = make_vectors(50)
    fill(index, vectors)
    query = make_vectors(1, seed=9)[0]
    cosines = vectors @ query
    hits = index.query(query, tenants=["alice"], version_ids=["v1"], k=5, stamp=STAMP)
    assert [hit.ordinal for hit in hits] == np.argsort(-cosines)[:5].tolist()
    assert [hit.score for hit in hits] == pytest.approx(sorted(cosines, reverse=True)[:5], abs=2e-3)


def test_it_ranks_over_several_versions_at_once(index: VectorIndex) -> None:
    one, two = make_vectors(10, seed=1), make_vectors(10, seed=2)
    fill(index, one, version="v1")
    fill(index, two, version="v2")
    assert find(index, two[4], versions=("v1", "v2"), k=1) == [("v2", 4)]
    assert len(find(index, two[4], versions=("v1", "v2"), k=20)) == 20


def test_it_refuses_a_query_that_names_no_tenant(index: VectorIndex) -> None:
    fill(index, make_vectors(3))
    with pytest.raises(ValueError, match="tenant"):
        find(index, make_vectors(1)[0], tenants=())


def test_charlie_finds_nothing_of_alices(index: VectorIndex) -> None:
    fill(index, make_vectors(3), tenant="alice")
    fill(index, make_vectors(3), tenant="charlie", version="v9")
    assert find(index, make_vectors(1)[0], tenants=("charlie",)) == []
    assert find(index, make_vectors(1)[0], versions=("v9",)) == []


def test_versions_not_asked_for_stay_out(index: VectorIndex) -> None:
    fill(index, make_vectors(3), version="v1")
    assert find(index, make_vectors(1)[0], versions=("v2",)) == []
    assert find(index, make_vectors(1)[0], versions=()) == []


def test_the_same_upsert_twice_is_harmless(index: VectorIndex) -> None:
    fill(index, make_vectors(4))
    fill(index, make_vectors(4))
    assert index.count(tenant="alice", version_id="v1", stamp=STAMP) == 4
    assert sorted(find(index, make_vectors(1)[0], k=10)) == [("v1", ordinal) for ordinal in range(4)]


def test_an_interrupted_embedding_goes_on_at_the_count(index: VectorIndex) -> None:
    vectors = make_vectors(10)
    assert index.count(tenant="alice", version_id="v1", stamp=STAMP) == 0
    fill(index, vectors[:4])
    assert index.count(tenant="alice", version_id="v1", stamp=STAMP) == 4
    fill(index, vectors[2:10], first=2)
    assert index.count(tenant="alice", version_id="v1", stamp=STAMP) == 10
    assert [find(index, vector, k=1)[0][1] for vector in vectors] == list(range(10))


def test_what_follows_a_gap_is_not_counted(index: VectorIndex) -> None:
    vectors = make_vectors(9)
    fill(index, vectors[:3])
    fill(index, vectors[6:], first=6)
    assert index.count(tenant="alice", version_id="v1", stamp=STAMP) == 3
    fill(index, vectors[3:6], first=3)
    assert index.count(tenant="alice", version_id="v1", stamp=STAMP) == 9


def test_vectors_of_another_stamp_are_never_compared(index: VectorIndex) -> None:
    fill(index, make_vectors(3))
    for other in (IndexStamp("test/model", "2", 16), IndexStamp("test-model", "1", 16)):
        assert index.count(tenant="alice", version_id="v1", stamp=other) == 0
        assert index.query(make_vectors(1)[0], tenants=["alice"], version_ids=["v1"], k=3, stamp=other) == []


def test_a_deleted_version_is_gone_and_its_neighbour_stays(index: VectorIndex) -> None:
    fill(index, make_vectors(3), version="v1")
    fill(index, make_vectors(3), version="v2")
    find(index, make_vectors(1)[0])
    index.delete(tenant="alice", version_id="v1")
    index.delete(tenant="alice", version_id="v1")
    assert find(index, make_vectors(1)[0]) == []
    assert index.count(tenant="alice", version_id="v1", stamp=STAMP) == 0
    assert index.count(tenant="alice", version_id="v2", stamp=STAMP) == 3


def test_deleting_what_was_never_there_is_harmless(index: VectorIndex) -> None:
    index.delete(tenant="alice", version_id="never")


def test_it_lists_each_version_that_has_vectors_once_whatever_their_stamp(index: VectorIndex) -> None:
    assert list(index.list_versions()) == []
    fill(index, make_vectors(3), version="v1")
    fill(index, make_vectors(2), version="v1", first=3)
    fill(index, make_vectors(3), tenant="charlie", version="v2")
    other = IndexStamp("test/other-model", "1", 16)
    index.upsert(tenant="alice", version_id="v3", first_ordinal=7, vectors=make_vectors(1), stamp=other)
    assert sorted(index.list_versions()) == [("alice", "v1"), ("alice", "v3"), ("charlie", "v2")]
    index.delete(tenant="alice", version_id="v1")
    assert sorted(index.list_versions()) == [("alice", "v3"), ("charlie", "v2")]
