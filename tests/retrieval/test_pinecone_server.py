"""The server of the tests is as strict as Pinecone says that its own is; the SDK asks it."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from itertools import chain
from typing import Any

import pytest
from tests.pinecone_server import KEY, PineconeServer

pinecone = pytest.importorskip("pinecone")
FIELD = {"_values": {"type": "dense_vector", "dimension": 3, "metric": "cosine"}}
LONG = "x" * 41_000


@pytest.fixture
def control(pinecone_server: PineconeServer) -> Iterator[Any]:
    with pinecone.Pinecone(KEY, host=pinecone_server.url) as client:
        yield client


@pytest.fixture
def index(control: Any) -> Iterator[Any]:
    control.indexes.create(name="books", schema={"fields": FIELD}, timeout=5)
    with control.index("books") as client:
        records = [("a", [1.0, 0.0, 0.0], {"n": 1}), ("b", [0.9, 0.1, 0.0], {"n": 2, "tags": ["x", "y"]})]
        client.upsert(vectors=[*records, ("c", [0.0, 1.0, 0.0])], namespace="n")
        yield client


def find(index: Any, **filter_: Any) -> list[str]:
    found = index.query(vector=[1.0, 0.0, 0.0], top_k=10, namespace="n", filter=filter_ or None)
    return [match.id for match in found.matches]


def test_it_ranks_by_cosine_within_a_namespace(index: Any) -> None:
    assert find(index) == ["a", "b", "c"]
    assert index.query(vector=[1.0, 0.0, 0.0], top_k=10, namespace="other").matches == []


@pytest.mark.parametrize(
    ("filter_", "found"),
    [
        ({"n": {"$eq": 1}}, ["a"]),
        ({"n": 2}, ["b"]),
        ({"n": {"$ne": 1}}, ["b", "c"]),
        ({"n": {"$gte": 1, "$lt": 2}}, ["a"]),
        ({"tags": {"$in": ["y", "z"]}}, ["b"]),
        ({"tags": {"$nin": ["y"]}}, ["a", "c"]),
        ({"tags": {"$exists": True}}, ["b"]),
        ({"$and": [{"n": {"$gt": 0}}, {"tags": "x"}]}, ["b"]),
        ({"$or": [{"n": 1}, {"tags": "x"}]}, ["a", "b"]),
        ({"n": 1, "tags": "x"}, []),
    ],
)
def test_it_knows_the_language_of_filters(filter_: dict[str, Any], found: list[str], index: Any) -> None:
    assert find(index, **filter_) == found


@pytest.mark.parametrize(
    "records",
    [
        [("a", [1.0, 0.0])],
        [("a", [0.0, 0.0, 0.0])],
        [("a", [1.0, 0.0, 0.0], {"text": LONG})],
        [("a", [1.0, 0.0, 0.0], {"$text": "x"})],
        [(str(number), [1.0, 0.0, 0.0]) for number in range(1_001)],
    ],
    ids=["another length", "zero", "too much metadata", "a name that is an operator", "too many"],
)
def test_it_refuses_what_pinecone_refuses_and_stores_nothing_of_it(
    records: list[Any], index: Any, pinecone_server: PineconeServer
) -> None:
    before = pinecone_server.records("books")
    with pytest.raises(pinecone.errors.ApiError) as refused:
        index.upsert(vectors=records, namespace="n")
    assert refused.value.status_code == 400
    assert pinecone_server.records("books") == before


def test_it_refuses_a_body_of_more_than_two_megabytes(index: Any) -> None:
    records = [(str(number), [1.0, 0.0, 0.0], {"text": LONG[:30_000]}) for number in range(100)]
    with pytest.raises(pinecone.errors.PayloadTooLargeError):
        index.upsert(vectors=records, namespace="n")


@pytest.mark.parametrize("filter_", [{"n": {"$near": 1}}, {"n": {"$eq": [1]}}, {"n": {"$in": 1}}, {"$not": {"n": 1}}])
def test_it_refuses_a_filter_that_is_none(filter_: dict[str, Any], index: Any) -> None:
    with pytest.raises(pinecone.errors.ApiError) as refused:
        find(index, **filter_)
    assert refused.value.status_code == 400


def test_it_lists_in_pages_and_in_order(index: Any) -> None:
    index.upsert(vectors=[(f"p/{number:03}", [1.0, 1.0, 1.0]) for number in range(250)], namespace="n")
    pages = [[item.id for item in page.vectors] for page in index.list(prefix="p/", namespace="n")]
    assert [len(page) for page in pages] == [100, 100, 50]
    assert [*chain(*pages)] == [f"p/{number:03}" for number in range(250)]


def test_it_fetches_updates_and_deletes(index: Any) -> None:
    index.update(id="a", set_metadata={"n": 7}, namespace="n")
    assert index.fetch(ids=["a", "nobody"], namespace="n").vectors["a"].metadata == {"n": 7}
    index.delete(ids=["a"], namespace="n")
    index.delete(filter={"n": 2}, namespace="n")
    assert find(index) == ["c"]
    with pytest.raises(pinecone.errors.NotFoundError):
        index.delete(ids=["a"], namespace="never")


def test_it_tells_of_namespaces_and_counts(index: Any) -> None:
    (page,) = index.list_namespaces()
    assert [(found.name, found.record_count) for found in page.namespaces] == [("n", 3)]
    assert index.describe_namespace(name="n").record_count == 3
    stats = index.describe_index_stats()
    assert (stats.dimension, stats.total_vector_count) == (3, 3)
    index.delete_namespace(name="n")
    assert index.describe_index_stats().total_vector_count == 0


def test_it_keeps_names_and_quotas_of_indexes(control: Any, pinecone_server: PineconeServer) -> None:
    control.indexes.create(name="one", schema={"fields": FIELD}, timeout=-1)
    with pytest.raises(pinecone.errors.ConflictError):
        control.indexes.create(name="one", schema={"fields": FIELD}, timeout=-1)
    pinecone_server.most_indexes = 1
    with pytest.raises(pinecone.errors.ForbiddenError):
        control.indexes.create(name="two", schema={"fields": FIELD}, timeout=-1)
    control.indexes.delete("one", timeout=5)
    assert not control.indexes.exists("one")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Api-Key": "another", "X-Pinecone-Api-Version": "2026-07"}, 401),
        ({"X-Pinecone-Api-Version": "2026-07"}, 401),
        ({"Api-Key": KEY}, 400),
        ({"Api-Key": KEY, "X-Pinecone-Api-Version": "2019-01"}, 400),
    ],
)
def test_it_lets_nobody_in_without_key_and_version(
    headers: dict[str, str], status: int, pinecone_server: PineconeServer
) -> None:
    request = urllib.request.Request(f"{pinecone_server.url}/indexes", headers=headers)  # noqa: S310
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with pytest.raises(urllib.error.HTTPError) as refused:
        opener.open(request, timeout=10)
    with refused.value as answer:
        assert answer.code == status
        told = answer.read()
    assert told == b"Unauthorized" if status == 401 else json.loads(told)["status"] == status


def test_it_shows_late_and_in_order_when_it_is_told_to(index: Any, pinecone_server: PineconeServer) -> None:
    pinecone_server.lag.reads = 2
    index.upsert(vectors=[("d", [1.0, 0.0, 0.0])], namespace="n")
    index.delete(ids=["a"], namespace="n")
    assert find(index) == ["a", "b", "c"]
    end = time.monotonic() + 20
    while find(index) != ["d", "b", "c"]:
        assert time.monotonic() < end
