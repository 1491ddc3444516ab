"""What the Pinecone index stores, asks and makes, over a server that keeps to the published limits."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from copy import deepcopy

import numpy as np
import pytest
from tests.pinecone_server import KEY, PineconeServer
from tests.pinecone_store import StoredIndex

from hellotutor.core.errors import Invalid, Unavailable
from hellotutor.embeddings.base import Vectors
from hellotutor.retrieval.base import IndexStamp
from hellotutor.retrieval.pinecone.index import PineconeConfig, PineconeIndex

STAMP = IndexStamp("test/model", "1", 16)
MANAGED = {"deployment_type": "managed", "cloud": "aws", "region": "us-east-1"}
POD = {"deployment_type": "pod", "environment": "us-east1-gcp", "pod_type": "p1.x1", "replicas": 1, "shards": 1}
Make = Callable[..., PineconeIndex]


@pytest.fixture
def index(make_pinecone: Make) -> PineconeIndex:
    made = make_pinecone()
    made.prepare(STAMP)
    return made


def make_vectors(count: int, dimensions: int = STAMP.dimensions) -> Vectors:
    return np.random.default_rng(count).normal(size=(count, dimensions)).astype(np.float32)


def fill(index: PineconeIndex, vectors: Vectors, version: str = "v1", first: int = 0, tenant: str = "alice") -> None:
    stamp = IndexStamp(STAMP.model, STAMP.version, vectors.shape[1])
    index.upsert(tenant=tenant, version_id=version, first_ordinal=first, vectors=vectors, stamp=stamp)


def count(index: PineconeIndex, version: str = "v1") -> int:
    return index.count(tenant="alice", version_id=version, stamp=STAMP)


def has_index(
    server: PineconeServer, name: str = "hellotutor", deployment: dict[str, object] = MANAGED, **field: object
) -> None:
    fields = {"_values": {"type": "dense_vector", "dimension": 16, "metric": "cosine", **field}}
    server.indexes[name] = StoredIndex(name, fields, dict(deployment))


def test_it_makes_the_index_for_the_models_vectors_compared_by_cosine(
    make_pinecone: Make, pinecone_server: PineconeServer
) -> None:
    make_pinecone(cloud="gcp", region="us-central1", index="of-a-school").prepare(STAMP)
    made = pinecone_server.indexes["of-a-school"]
    assert made.fields == {"_values": {"type": "dense_vector", "dimension": 16, "metric": "cosine"}}
    assert made.deployment == {"deployment_type": "managed", "cloud": "gcp", "region": "us-central1"}


def test_it_looks_at_a_fitting_index_once_and_makes_no_other(
    make_pinecone: Make, pinecone_server: PineconeServer
) -> None:
    has_index(pinecone_server)
    index = make_pinecone()
    for _ in range(3):
        index.prepare(STAMP)
    assert pinecone_server.requests == ["GET /indexes/hellotutor"]


def test_two_processes_that_make_it_at_once_both_go_on(make_pinecone: Make, pinecone_server: PineconeServer) -> None:
    processes = [make_pinecone() for _ in range(6)]
    together, failed = threading.Barrier(len(processes)), list[Exception]()

    def prepare(index: PineconeIndex) -> None:
        together.wait()
        try:
            index.prepare(STAMP)
            fill(index, make_vectors(2), version=f"v{id(index)}")
        except Exception as error:  # noqa: BLE001 - told below
            failed.append(error)

    threads = [threading.Thread(target=prepare, args=(index,)) for index in processes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(pinecone_server.records()["alice"]) == len(processes) * 3


def test_it_waits_for_an_index_that_is_being_made(make_pinecone: Make, pinecone_server: PineconeServer) -> None:
    pinecone_server.not_ready = 2
    index = make_pinecone()
    index.prepare(STAMP)
    fill(index, make_vectors(3))
    assert count(index) == 3


def test_it_does_not_wait_for_ever(make_pinecone: Make, pinecone_server: PineconeServer) -> None:
    pinecone_server.not_ready = 1_000_000
    index = make_pinecone(ready_s=0.5)
    with pytest.raises(Unavailable) as refused:
        index.prepare(STAMP)
    assert (refused.value.code, refused.value.retryable) == ("pinecone_not_ready", True)
    with pytest.raises(Unavailable) as refused:
        count(index)
    assert refused.value.code == "pinecone_not_ready"


@pytest.mark.parametrize(
    ("found", "code"),
    [
        ({"dimension": 8}, "pinecone_wrong_dimension"),
        ({"metric": "euclidean"}, "pinecone_wrong_kind"),
        ({"deployment": POD}, "pinecone_wrong_kind"),
    ],
)
def test_it_refuses_an_index_that_was_made_for_something_else(
    found: dict[str, object], code: str, make_pinecone: Make, pinecone_server: PineconeServer
) -> None:
    has_index(pinecone_server, **found)  # type: ignore[arg-type]
    with pytest.raises(Unavailable, match="PINECONE_INDEX") as refused:
        make_pinecone().prepare(STAMP)
    assert (refused.value.code, refused.value.retryable) == (code, False)


def test_it_refuses_an_index_of_documents_with_a_schema(make_pinecone: Make, pinecone_server: PineconeServer) -> None:
    fields = {"embedding": {"type": "dense_vector", "dimension": 16, "metric": "cosine"}}
    pinecone_server.indexes["hellotutor"] = StoredIndex("hellotutor", fields, dict(MANAGED))
    with pytest.raises(Unavailable) as refused:
        make_pinecone().prepare(STAMP)
    assert refused.value.code == "pinecone_wrong_kind"


@pytest.mark.parametrize("state", ["InitializationFailed", "Disabled"])
def test_it_says_that_an_index_is_dead(state: str, make_pinecone: Make, pinecone_server: PineconeServer) -> None:
    has_index(pinecone_server)
    pinecone_server.indexes["hellotutor"].state = state
    with pytest.raises(Unavailable) as refused:
        make_pinecone().prepare(STAMP)
    assert (refused.value.code, refused.value.retryable) == ("pinecone_index_failed", False)


def test_it_says_that_there_is_no_such_region(make_pinecone: Make) -> None:
    with pytest.raises(Unavailable, match="PINECONE_REGION") as refused:
        make_pinecone(region="mars-north-1").prepare(STAMP)
    assert refused.value.code == "pinecone_region_unknown"


def test_it_says_that_the_project_may_have_no_more_indexes(
    make_pinecone: Make, pinecone_server: PineconeServer
) -> None:
    pinecone_server.most_indexes = 0
    with pytest.raises(Unavailable) as refused:
        make_pinecone().prepare(STAMP)
    assert (refused.value.code, refused.value.retryable) == ("pinecone_quota", False)


def test_many_vectors_go_in_as_many_requests_as_pinecone_takes(
    index: PineconeIndex, pinecone_server: PineconeServer
) -> None:
    vectors = make_vectors(2_500)
    fill(index, vectors)
    assert pinecone_server.count("POST /vectors/upsert") == 3
    assert count(index) == 2_500
    found = index.query(vectors[2_400], tenants=["alice"], version_ids=["v1"], k=1, stamp=STAMP)
    assert [hit.ordinal for hit in found] == [2_400]


def test_long_vectors_go_in_requests_below_two_megabytes(make_pinecone: Make, pinecone_server: PineconeServer) -> None:
    index, stamp = make_pinecone(), IndexStamp(STAMP.model, STAMP.version, 3_072)
    index.prepare(stamp)
    fill(index, make_vectors(100, 3_072) * -1e-7)  # the longest numbers as text
    assert pinecone_server.count("POST /vectors/upsert") == 5
    assert index.count(tenant="alice", version_id="v1", stamp=stamp) == 100


def test_a_query_over_thousands_of_versions_is_several_and_their_best_come_first(
    index: PineconeIndex, pinecone_server: PineconeServer
) -> None:
    vectors = make_vectors(3)
    names = [f"v{number}" for number in range(2_500)]
    for name, vector in zip(("v0", "v1200", "v2400"), vectors, strict=True):
        fill(index, vector[None], version=name)
    found = index.query(vectors[1], tenants=["alice"], version_ids=names, k=3, stamp=STAMP)
    assert found[0].version_id == "v1200"
    assert [hit.score for hit in found] == sorted((hit.score for hit in found), reverse=True)
    assert {hit.version_id for hit in found} == {"v0", "v1200", "v2400"}
    assert pinecone_server.count("POST /query") == 3


def test_it_asks_for_no_more_than_pinecone_gives(index: PineconeIndex) -> None:
    fill(index, make_vectors(5))
    assert len(index.query(make_vectors(1)[0], tenants=["alice"], version_ids=["v1"], k=50_000, stamp=STAMP)) == 5


def test_a_passage_without_a_word_counts_and_is_never_found(index: PineconeIndex) -> None:
    vectors = make_vectors(3)
    vectors[1] = 0
    fill(index, vectors)
    assert count(index) == 3
    found = index.query(vectors[0], tenants=["alice"], version_ids=["v1"], k=5, stamp=STAMP)
    assert sorted(hit.ordinal for hit in found) == [0, 2]
    assert index.query(vectors[1], tenants=["alice"], version_ids=["v1"], k=5, stamp=STAMP) == []


@pytest.mark.parametrize(
    ("tenant", "version"),
    [
        ("alice", "+/v1"),
        ("a/b", "v/1/0-9"),
        ("../victim", "été"),
        ("élève", "v1"),
        ("__default__", "$exists"),
        ("vict%69m", "0"),
        ('{"$ne": ""}', '{"$in": ["v1"]}'),
        ("*", "a b\n"),
    ],
)
def test_no_name_reaches_beyond_itself(tenant: str, version: str, index: PineconeIndex) -> None:
    theirs, own = make_vectors(4), make_vectors(3)
    fill(index, theirs, tenant="victim")
    fill(index, theirs, tenant="victim", version="+/v1")
    fill(index, own, tenant=tenant, version=version)
    found = index.query(theirs[0], tenants=[tenant], version_ids=[version, "*", ""], k=50, stamp=STAMP)
    assert sorted(hit.ordinal for hit in found) == [0, 1, 2]
    assert {hit.version_id for hit in found} == {version}
    assert index.count(tenant=tenant, version_id=version, stamp=STAMP) == 3
    index.delete(tenant=tenant, version_id=version)
    assert index.query(theirs[0], tenants=[tenant], version_ids=[version], k=50, stamp=STAMP) == []
    assert sorted(index.list_versions()) == [("victim", "+/v1"), ("victim", "v1")]


def test_a_tenant_without_a_name_has_no_namespace(index: PineconeIndex) -> None:
    with pytest.raises(ValueError, match="tenant"):
        fill(index, make_vectors(1), tenant="")
    with pytest.raises(ValueError, match="tenant"):
        index.query(make_vectors(1)[0], tenants=[""], version_ids=["v1"], k=1, stamp=STAMP)


def test_a_match_that_was_not_asked_for_is_no_answer(index: PineconeIndex, pinecone_server: PineconeServer) -> None:
    fill(index, make_vectors(2))
    namespace = pinecone_server.indexes["hellotutor"].namespaces["alice"]
    strange = {"values": [1.0] * 16, "metadata": dict(next(iter(namespace.seen.values()))["metadata"])}
    for record_id in ("of somebody else", "v2/x/1", "v1/x/-1", "v1//"):
        namespace.seen[record_id] = {"id": record_id, **strange}
    found = index.query(make_vectors(1)[0], tenants=["alice"], version_ids=["v1"], k=50, stamp=STAMP)
    assert sorted((hit.version_id, hit.ordinal) for hit in found) == [("v1", 0), ("v1", 1)]


def test_it_lists_more_tenants_and_documents_than_a_page_holds(
    index: PineconeIndex, pinecone_server: PineconeServer
) -> None:
    fill(index, make_vectors(1))
    namespaces = pinecone_server.indexes["hellotutor"].namespaces
    for number in range(120):
        namespaces[f"tenant-{number:03}"] = deepcopy(namespaces["alice"])
    kept = namespaces["alice"].seen
    kept.update({id_.replace("v1", f"v1-{one:03}"): record for id_, record in list(kept.items()) for one in range(130)})
    wanted = [(f"tenant-{number:03}", "v1") for number in range(120)]
    wanted += [("alice", "v1"), *(("alice", f"v1-{one:03}") for one in range(130))]
    assert sorted(index.list_versions()) == sorted(wanted)


def test_it_knows_its_place_by_the_indexs_name_and_never_shows_the_key(make_pinecone: Make) -> None:
    index = make_pinecone(index="of-a-school")
    assert index.place == "pinecone/of-a-school"
    assert KEY not in repr(index._config)
    assert "PINECONE" not in index.place


def test_without_its_package_it_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pinecone", None)
    with pytest.raises(Invalid, match=r"hellotutor\[pinecone\]") as refused:
        PineconeIndex(PineconeConfig(KEY, "hellotutor"))
    assert refused.value.code == "missing_extra"
