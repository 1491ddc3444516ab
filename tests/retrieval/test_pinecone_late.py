"""What Pinecone shows late is neither lost nor embedded again, nor taken for what is still there."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest
from django.core.files.storage import InMemoryStorage
from tests.pinecone_server import PineconeServer

from hellotutor.embeddings.hashing import HashingEmbedder
from hellotutor.retrieval.base import IndexStamp
from hellotutor.retrieval.lexical.index import LexicalIndex
from hellotutor.retrieval.pinecone.index import PineconeIndex
from hellotutor.retrieval.search import Search, stamp_of

STAMP = IndexStamp("test/model", "1", 16)
VECTORS = np.random.default_rng(1).normal(size=(8, 16)).astype(np.float32)
WHERE = {"tenant": "alice", "version_id": "v1"}
LONG_S, BOUND_S = 3_600.0, 20.0
Make = Callable[..., PineconeIndex]


@pytest.fixture
def index(make_pinecone: Make) -> PineconeIndex:
    made = make_pinecone()
    made.prepare(STAMP)
    return made


def store(index: PineconeIndex, first: int, end: int) -> None:
    index.upsert(**WHERE, first_ordinal=first, vectors=VECTORS[first:end], stamp=STAMP)


def count(index: PineconeIndex) -> int:
    return index.count(**WHERE, stamp=STAMP)


def eventually(is_so: Callable[[], object]) -> None:
    end = time.monotonic() + BOUND_S
    while not is_so():
        assert time.monotonic() < end, "it never showed"
        time.sleep(0.02)


def test_who_stored_it_counts_it_at_once_and_goes_on_behind_it(
    index: PineconeIndex, make_pinecone: Make, pinecone_server: PineconeServer
) -> None:
    pinecone_server.lag.seconds = LONG_S
    store(index, 0, 3)
    assert count(index) == 3
    store(index, 3, 8)
    assert count(index) == 8
    assert count(make_pinecone()) == 0


def test_another_process_counts_it_a_while_later(
    index: PineconeIndex, make_pinecone: Make, pinecone_server: PineconeServer
) -> None:
    pinecone_server.lag.reads = 3
    store(index, 0, 8)
    eventually(lambda: count(make_pinecone()) == 8)


def test_what_was_counted_too_low_is_stored_again_without_harm(
    index: PineconeIndex, make_pinecone: Make, pinecone_server: PineconeServer
) -> None:
    pinecone_server.lag.reads = 2
    store(index, 0, 5)
    other = make_pinecone()
    assert count(other) == 0
    store(other, 0, 8)
    other.finish(**WHERE, stamp=STAMP)
    pinecone_server.show_everything()
    hits = make_pinecone().query(VECTORS[6], tenants=["alice"], version_ids=["v1"], k=20, stamp=STAMP)
    assert sorted(hit.ordinal for hit in hits) == list(range(8))
    assert count(make_pinecone()) == 8


def test_what_was_deleted_and_still_shows_is_embedded_again(
    index: PineconeIndex, make_pinecone: Make, pinecone_server: PineconeServer
) -> None:
    store(index, 0, 8)
    assert count(index) == 8
    pinecone_server.lag.seconds = LONG_S
    index.delete(**WHERE)
    assert count(index) == 0
    assert list(index.list_versions()) == []
    assert list(make_pinecone().list_versions()) == [("alice", "v1")]  # it still shows
    store(index, 0, 2)
    assert count(index) == 2
    pinecone_server.show_everything()
    assert count(make_pinecone()) == 2


def test_a_stamp_that_was_forgotten_and_still_shows_takes_no_other_with_it(
    index: PineconeIndex, pinecone_server: PineconeServer
) -> None:
    other = IndexStamp("test/other", "1", 16)
    store(index, 0, 8)
    index.upsert(**WHERE, first_ordinal=0, vectors=VECTORS[:4], stamp=other)
    pinecone_server.lag.seconds = LONG_S
    index.forget(**WHERE, stamp=STAMP)
    assert count(index) == 0
    assert index.count(**WHERE, stamp=other) == 4
    assert list(index.list_versions()) == [("alice", "v1")]


def test_a_version_that_was_deleted_before_it_showed_leaves_nothing(
    index: PineconeIndex, make_pinecone: Make, pinecone_server: PineconeServer
) -> None:
    pinecone_server.lag.seconds = 0.2
    store(index, 0, 8)
    make_pinecone().delete(**WHERE)
    eventually(pinecone_server.is_settled)
    assert pinecone_server.records() == {"alice": {}}


def test_search_says_that_not_everything_shows_yet_and_then_searches_all_of_it(
    make_pinecone: Make, pinecone_server: PineconeServer
) -> None:
    texts = ["Mitochondria release energy.", "Membranes surround every cell.", "Photosynthesis makes sugar."]
    embedder, lexical, index = HashingEmbedder(), LexicalIndex(InMemoryStorage()), make_pinecone()
    stamp = stamp_of(embedder)
    lexical.build(**WHERE, texts=texts)
    index.prepare(stamp)
    pinecone_server.lag.reads = 2
    index.upsert(**WHERE, first_ordinal=0, vectors=embedder.embed(texts), stamp=stamp)
    search = Search(lexical, make_pinecone(), embedder)

    def ask() -> tuple[str, str]:
        found = search.search("energy", tenants=["alice"], versions=["v1"], k=3)
        return found.mode, found.reason

    assert ask() == ("lexical", "not_embedded")
    eventually(lambda: ask() == ("hybrid", ""))


def test_search_notices_that_the_index_was_emptied_under_it(
    make_pinecone: Make, pinecone_server: PineconeServer
) -> None:
    texts = ["Mitochondria release energy.", "Membranes surround every cell."]
    embedder, lexical, worker = HashingEmbedder(), LexicalIndex(InMemoryStorage()), make_pinecone()
    stamp = stamp_of(embedder)
    lexical.build(**WHERE, texts=texts)
    worker.prepare(stamp)
    worker.upsert(**WHERE, first_ordinal=0, vectors=embedder.embed(texts), stamp=stamp)
    search = Search(lexical, make_pinecone(), embedder)

    def reason() -> str:
        return search.search("energy", tenants=["alice"], versions=["v1"], k=2).reason

    assert reason() == ""
    del pinecone_server.indexes["hellotutor"]
    assert reason() == "pinecone_index_missing"
    make_pinecone().prepare(stamp)  # another process makes it again, empty
    eventually(lambda: reason() == "not_embedded")
