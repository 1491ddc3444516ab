"""What every VectorIndex keeps."""

from __future__ import annotations

import numpy as np
import pytest
from tests.contracts.vectors import STAMP, fill, find, make_vectors

from hellotutor.retrieval.base import IndexStamp, VectorIndex


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


def test_forgetting_a_stamp_leaves_the_vectors_of_others_and_of_other_versions(index: VectorIndex) -> None:
    old, query = IndexStamp("test/model", "0", 16), make_vectors(1)[0]
    index.prepare(old)
    index.prepare(STAMP)
    for version, stamp in (("v1", old), ("v2", old), ("v1", STAMP)):
        where = {"tenant": "alice", "version_id": version, "stamp": stamp}
        index.upsert(**where, first_ordinal=0, vectors=make_vectors(3))
        index.finish(**where)
    index.query(query, tenants=["alice"], version_ids=["v1"], k=3, stamp=old)
    index.forget(tenant="alice", version_id="v1", stamp=old)
    index.forget(tenant="alice", version_id="v1", stamp=old)
    assert index.count(tenant="alice", version_id="v1", stamp=old) == 0
    assert index.query(query, tenants=["alice"], version_ids=["v1"], k=3, stamp=old) == []
    assert index.count(tenant="alice", version_id="v2", stamp=old) == 3
    assert index.count(tenant="alice", version_id="v1", stamp=STAMP) == 3
    assert len(index.query(query, tenants=["alice"], version_ids=["v1"], k=3, stamp=STAMP)) == 3
    index.forget(tenant="alice", version_id="v2", stamp=old)
    assert sorted(index.list_versions()) == [("alice", "v1")]


def test_forgetting_what_was_never_there_is_harmless(index: VectorIndex) -> None:
    index.prepare(STAMP)
    index.forget(tenant="alice", version_id="never", stamp=STAMP)


def test_forgetting_touches_nothing_of_another_tenants(index: VectorIndex) -> None:
    index.prepare(STAMP)
    fill(index, make_vectors(3), tenant="alice")
    fill(index, make_vectors(3), tenant="charlie")
    index.forget(tenant="charlie", version_id="v1", stamp=STAMP)
    assert index.count(tenant="alice", version_id="v1", stamp=STAMP) == 3
