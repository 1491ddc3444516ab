"""What every VectorIndex keeps where names, numbers or timing are odd: above all, each tenant's vectors apart."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import numpy as np
import pytest
from tests.contracts.vectors import STAMP, fill, find, make_vectors

from hellotutor.retrieval.base import IndexStamp, VectorIndex

ODD_NAMES = ("x' or '1'='1", '"x" or ""=""', "%", "_", "*", "{alice,v1}", "$1", "alice v1", "ALICE", "alice'; --")


def test_an_index_that_holds_nothing_finds_nothing(index: VectorIndex) -> None:
    index.prepare(STAMP)
    index.probe()
    assert find(index, make_vectors(1)[0]) == []
    assert index.count(tenant="alice", version_id="v1", stamp=STAMP) == 0


def test_a_name_that_looks_like_a_filter_finds_and_deletes_nothing(index: VectorIndex) -> None:
    vectors = make_vectors(3)
    fill(index, vectors)
    for odd in ODD_NAMES:
        with suppress(ValueError):  # an index may refuse a name that no tenant and no version has
            assert find(index, vectors[0], tenants=(odd,)) == []
        with suppress(ValueError):
            assert find(index, vectors[0], versions=(odd,)) == []
        with suppress(ValueError):
            index.delete(tenant=odd, version_id="v1")
        with suppress(ValueError):
            index.delete(tenant="alice", version_id=odd)
    assert index.count(tenant="alice", version_id="v1", stamp=STAMP) == 3


def test_two_tenants_with_the_same_version_id_keep_apart(index: VectorIndex) -> None:
    alices, charlies = make_vectors(4, seed=1), make_vectors(2, seed=2)
    fill(index, alices, tenant="alice")
    fill(index, charlies, tenant="charlie")
    hits = index.query(alices[3], tenants=["charlie"], version_ids=["v1"], k=10, stamp=STAMP)
    assert [hit.score for hit in hits] == pytest.approx(sorted(charlies @ alices[3], reverse=True), abs=2e-3)
    index.delete(tenant="charlie", version_id="v1")
    assert find(index, alices[3], tenants=("charlie",)) == []
    assert find(index, alices[3], k=1) == [("v1", 3)]


def test_more_is_asked_for_than_there_is(index: VectorIndex) -> None:
    fill(index, make_vectors(7))
    assert sorted(find(index, make_vectors(1, seed=9)[0], k=1_000)) == [("v1", ordinal) for ordinal in range(7)]


def test_it_finds_what_is_in_a_few_of_a_thousand_versions(index: VectorIndex) -> None:
    asked = tuple(f"v{number}" for number in range(1_000))
    for number in (0, 500, 999):
        fill(index, make_vectors(3, seed=number), version=f"v{number}")
    assert find(index, make_vectors(3, seed=500)[2], versions=asked, k=1) == [("v500", 2)]
    assert len(find(index, make_vectors(1)[0], versions=asked, k=50)) == 9


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_no_number_is_neither_stored_nor_asked(value: float, index: VectorIndex) -> None:
    vectors = make_vectors(3)
    fill(index, vectors)
    wrong = vectors.copy()
    wrong[1, 5] = value
    with pytest.raises(ValueError, match="no number"):
        fill(index, wrong, version="v2")
    with pytest.raises(ValueError, match="no number"):
        find(index, wrong[1])
    assert index.count(tenant="alice", version_id="v2", stamp=STAMP) == 0


@pytest.mark.parametrize("length", [15, 17])
def test_a_vector_of_another_length_is_neither_stored_nor_asked(length: int, index: VectorIndex) -> None:
    fill(index, make_vectors(3))
    with pytest.raises(ValueError, match="dimensions"):
        fill(index, np.ones((2, length), dtype=np.float32))
    with pytest.raises(ValueError, match="dimensions"):
        find(index, np.ones(length, dtype=np.float32))


def test_what_is_stored_from_several_threads_at_once_is_all_there(index: VectorIndex) -> None:
    vectors = make_vectors(60)
    index.prepare(STAMP)
    with ThreadPoolExecutor(4) as pool:
        starts = [*range(0, 60, 10), *range(0, 60, 10)]
        for stored in [pool.submit(fill, index, vectors[first : first + 10], first=first) for first in starts]:
            stored.result()
    assert index.count(tenant="alice", version_id="v1", stamp=STAMP) == 60
    assert [find(index, vector, k=1) for vector in vectors[::7]] == [[("v1", first)] for first in range(0, 60, 7)]


def test_a_version_deleted_while_others_ask_disturbs_none_of_them(index: VectorIndex) -> None:
    fill(index, make_vectors(20, seed=1), version="v1")
    fill(index, make_vectors(20, seed=2), version="v2")
    query = make_vectors(1)[0]
    with ThreadPoolExecutor(3) as pool:
        asked = [pool.submit(find, index, query, versions=("v1", "v2"), k=40) for _ in range(20)]
        index.delete(tenant="alice", version_id="v1")
        found = [one.result() for one in asked]
    others = sorted(find(index, query, versions=("v1", "v2"), k=40))
    assert others == [("v2", ordinal) for ordinal in range(20)]
    assert all(set(others) <= set(hits) for hits in found)


def test_many_versions_are_counted_at_once_in_the_order_asked(index: VectorIndex) -> None:
    index.prepare(STAMP)
    assert index.count_many([], stamp=STAMP) == []
    assert index.count_many([("alice", "v1")], stamp=STAMP) == [0]
    fill(index, make_vectors(3), version="v1")
    fill(index, make_vectors(5), version="v2")
    fill(index, make_vectors(2), version="v3", first=4)
    fill(index, make_vectors(4), tenant="charlie", version="v1")
    asked = [("alice", "v2"), ("charlie", "v1"), ("alice", "v3"), ("alice", "v1"), ("charlie", "v2"), ("alice", "v2")]
    assert index.count_many(asked, stamp=STAMP) == [5, 4, 0, 3, 0, 5]
    other = IndexStamp("test/model", "2", 16)
    assert index.count_many(asked, stamp=other) == [0] * 6


def test_a_version_that_is_finished_holds_what_it_held(index: VectorIndex) -> None:
    vectors, where = make_vectors(9), {"tenant": "alice", "version_id": "v1", "stamp": STAMP}
    for first in (0, 3, 6):
        fill(index, vectors[first : first + 3], first=first)
    fill(index, make_vectors(3, seed=5), version="v2")
    for _ in range(2):
        index.finish(**where)
        assert index.count(**where) == 9
        assert [find(index, vector, k=1) for vector in vectors] == [[("v1", ordinal)] for ordinal in range(9)]
    index.delete(tenant="alice", version_id="v1")
    assert index.count(**where) == 0
    assert find(index, vectors[0], versions=("v1", "v2"), k=20) == find(index, vectors[0], versions=("v2",), k=20)


def test_finishing_what_has_a_gap_or_nothing_counts_no_more_than_before(index: VectorIndex) -> None:
    index.prepare(STAMP)
    index.finish(tenant="alice", version_id="v1", stamp=STAMP)
    fill(index, make_vectors(2), version="v2")
    fill(index, make_vectors(2), version="v2", first=4)
    index.finish(tenant="alice", version_id="v2", stamp=STAMP)
    assert index.count_many([("alice", "v1"), ("alice", "v2")], stamp=STAMP) == [0, 2]
