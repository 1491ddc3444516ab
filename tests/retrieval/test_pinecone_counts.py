"""How far versions reach in Pinecone is found out with few requests, however slowly it lists."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest
from django.core.files.storage import InMemoryStorage
from tests.contracts.vectors import STAMP, fill, make_vectors
from tests.pinecone_server import PineconeServer

from hellotutor.embeddings.hashing import HashingEmbedder
from hellotutor.retrieval import meanings
from hellotutor.retrieval.lexical.index import LexicalIndex, LexicalScores
from hellotutor.retrieval.pinecone import index as pinecone_index
from hellotutor.retrieval.pinecone.index import PineconeIndex
from hellotutor.retrieval.search import Search, stamp_of

Make = Callable[..., PineconeIndex]
LISTING_S = 2.0  # longer than a listing is good for


@pytest.fixture
def index(make_pinecone: Make) -> PineconeIndex:
    made = make_pinecone()
    made.prepare(STAMP)
    return made


@pytest.fixture
def slow_listings(pinecone_server: PineconeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a clock go that stands still but while something is listed."""
    clock = SimpleNamespace(monotonic=lambda: LISTING_S * pinecone_server.count("GET /vectors/list"))
    monkeypatch.setattr(pinecone_index, "time", clock)


def count(index: PineconeIndex, version: str = "v1") -> int:
    return index.count(tenant="alice", version_id=version, stamp=STAMP)


@pytest.mark.usefixtures("slow_listings")
def test_fifty_documents_are_counted_by_one_request(index: PineconeIndex, pinecone_server: PineconeServer) -> None:
    for number in range(50):
        fill(index, make_vectors(2), version=f"v{number}")
    pinecone_server.forget_requests()
    assert [count(index, f"v{number}") for number in range(50)] == [2] * 50
    assert pinecone_server.requests == ["GET /vectors/list"]


def test_what_one_search_looks_in_is_listed_once_and_anew(
    index: PineconeIndex, pinecone_server: PineconeServer
) -> None:
    for tenant in ("alice", "charlie"):
        for number in range(3):
            fill(index, make_vectors(2), tenant=tenant, version=f"v{number}")
    assert count(index) == 2
    pinecone_server.forget_requests()
    versions = [(tenant, f"v{number}") for number in range(4) for tenant in ("alice", "charlie")]
    assert index.count_many(versions, stamp=STAMP) == [2, 2, 2, 2, 2, 2, 0, 0]
    assert pinecone_server.requests == ["GET /vectors/list"] * 2


@pytest.mark.usefixtures("slow_listings")
def test_listings_are_kept_no_longer_than_they_are_good_for(index: PineconeIndex) -> None:
    for tenant in ("alice", "bob", "charlie"):
        fill(index, make_vectors(1), tenant=tenant)
        assert index.count(tenant=tenant, version_id="v1", stamp=STAMP) == 1
    assert list(index._listings) == ["charlie"]


def test_a_passage_that_is_never_found_is_counted_no_more_often_than_others(
    make_pinecone: Make, pinecone_server: PineconeServer
) -> None:
    texts = ["Mitochondria release energy.", "?!", "Photosynthesis makes sugar."]  # one of them has no direction
    embedder, lexical, index = HashingEmbedder(), LexicalIndex(InMemoryStorage()), make_pinecone()
    stamp, where = stamp_of(embedder), {"tenant": "alice", "version_id": "v1"}
    lexical.build(**where, texts=texts)
    index.prepare(stamp)
    index.upsert(**where, first_ordinal=0, vectors=embedder.embed(texts), stamp=stamp)
    search = Search(lexical, make_pinecone(), embedder)

    def reason() -> str:
        return search.search("energy", tenants=["alice"], versions=["v1"], k=3).reason

    pinecone_server.forget_requests()
    assert [reason() for _ in range(6)] == [""] * 6
    assert pinecone_server.count("POST /query") == 6
    assert pinecone_server.count("GET /vectors/list") == 2
    make_pinecone().delete(**where)
    assert [reason() for _ in range(3)][1:] == ["not_embedded"] * 2


def test_what_goes_on_missing_is_counted_again_after_a_while(
    make_pinecone: Make, pinecone_server: PineconeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SimpleNamespace(now=1_000.0)
    monkeypatch.setattr(meanings, "time", SimpleNamespace(monotonic=lambda: clock.now))
    index = make_pinecone()
    index.prepare(STAMP)
    vectors = make_vectors(4)
    vectors[1] = 0
    fill(index, vectors)
    asked = meanings.Meanings(index, None, STAMP, "")
    lexical = LexicalScores(("v1",), ("alice",), np.array([0, 4]), np.zeros(4, np.float32), ())
    found = index.query(vectors[0], tenants=["alice"], version_ids=["v1"], k=200, stamp=STAMP)
    pinecone_server.forget_requests()
    for _ in range(4):
        asked.place(meanings.Nearest(found, 200), lexical)
    assert pinecone_server.count("GET /vectors/list") == 2
    clock.now += 61
    for _ in range(4):
        asked.place(meanings.Nearest(found, 200), lexical)
    assert pinecone_server.count("GET /vectors/list") == 3


def test_a_finished_document_is_counted_by_one_record_however_many_batches_it_had(
    index: PineconeIndex, pinecone_server: PineconeServer, make_pinecone: Make
) -> None:
    for ordinal in range(101):
        fill(index, make_vectors(1), first=ordinal)
    pinecone_server.forget_requests()
    assert count(make_pinecone()) == 101
    assert pinecone_server.count("GET /vectors/list") == 2
    index.finish(tenant="alice", version_id="v1", stamp=STAMP)
    pinecone_server.forget_requests()
    assert count(make_pinecone()) == 101
    assert pinecone_server.count("GET /vectors/list") == 1
    assert len(pinecone_server.records()["alice"]) == 102


def test_finishing_what_has_a_gap_claims_nothing_beyond_it(index: PineconeIndex, make_pinecone: Make) -> None:
    fill(index, make_vectors(4))
    fill(index, make_vectors(4), first=4)
    fill(index, make_vectors(4), first=20)
    index.finish(tenant="alice", version_id="v1", stamp=STAMP)
    assert count(make_pinecone()) == 8
    fill(index, make_vectors(12), first=8)
    assert count(make_pinecone()) == 24
