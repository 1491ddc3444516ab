"""A search whose vectors are on another machine: nobody waits for it without an end, and no thread is made for it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from django.core.files.storage import InMemoryStorage

from hellotutor.core.errors import Unavailable
from hellotutor.embeddings.hashing import HashingEmbedder
from hellotutor.retrieval import search as search_module
from hellotutor.retrieval.base import VectorHit
from hellotutor.retrieval.lexical.index import LexicalIndex, LexicalScores
from hellotutor.retrieval.local.index import LocalVectorIndex
from hellotutor.retrieval.search import Search, SearchResult, stamp_of

TEXTS = ["Mitochondria release energy from sugar.", "Photosynthesis makes sugar from light."]
VERSIONS = ["bio", "bio2", "bio3"]


class RemoteIndex(LocalVectorIndex):
    """Answers what is named in `held` only once it is let go."""

    is_remote = True
    held = ""

    def __init__(self, storage: InMemoryStorage) -> None:
        super().__init__(storage)
        self.released = threading.Event()
        self.answered = threading.Event()
        self.threads: list[threading.Thread] = []
        self.counted: list[list[tuple[str, str]]] = []

    def query(self, *given: Any, **named: Any) -> list[VectorHit]:
        self.threads.append(threading.current_thread())
        self._hold("query")
        return super().query(*given, **named)

    def count_many(self, versions: Sequence[tuple[str, str]], **named: Any) -> list[int]:
        self.counted.append(sorted(versions))
        self._hold("count_many")
        return super().count_many(versions, **named)

    def _hold(self, what: str) -> None:
        if self.held == what:
            self.released.wait(timeout=30)
            self.answered.set()


class BrokenWords(LexicalIndex):
    def score(self, *given: Any, **named: Any) -> LexicalScores:
        raise Unavailable("storage_down", "The storage is down.")


@pytest.fixture
def storage() -> InMemoryStorage:
    return InMemoryStorage()


@pytest.fixture
def index(storage: InMemoryStorage) -> Iterator[RemoteIndex]:
    embedder, index = HashingEmbedder(), RemoteIndex(storage)
    vectors, stamp = embedder.embed(TEXTS), stamp_of(embedder)
    for version in VERSIONS:
        LexicalIndex(storage).build(tenant="alice", version_id=version, texts=TEXTS)
        index.upsert(tenant="alice", version_id=version, first_ordinal=0, vectors=vectors, stamp=stamp)
    yield index
    index.released.set()


def ask(lexical: LexicalIndex, index: RemoteIndex) -> SearchResult:
    return look_for_energy(Search(lexical, index, HashingEmbedder()))


def look_for_energy(search: Search) -> SearchResult:
    return search.search("energy", tenants=["alice"], versions=VERSIONS, k=2)


@pytest.mark.parametrize("held", ["query", "count_many"])
def test_a_search_goes_on_by_words_when_another_machine_does_not_answer(
    held: str, storage: InMemoryStorage, index: RemoteIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_module, "_VECTORS_S", 0.2)
    index.held = held
    found = ask(LexicalIndex(storage), index)
    assert not index.answered.is_set()
    assert (found.mode, found.reason, found.hits[0].ordinal) == ("lexical", "vectors_timeout", 0)
    index.released.set()
    monkeypatch.undo()
    assert ask(LexicalIndex(storage), index).mode == "hybrid"


def test_a_search_counts_all_that_it_looks_in_at_once_and_no_more_once_that_is_whole(
    storage: InMemoryStorage, index: RemoteIndex
) -> None:
    search = Search(LexicalIndex(storage), index, HashingEmbedder())
    for _ in range(3):
        assert look_for_energy(search).reason == ""
    assert index.counted == [[("alice", version) for version in VERSIONS]]


def test_words_that_fail_are_told_of_before_the_vectors_come(storage: InMemoryStorage, index: RemoteIndex) -> None:
    index.held = "query"
    let_go = threading.Timer(20, index.released.set)
    let_go.start()
    with pytest.raises(Unavailable, match="storage is down"):
        ask(BrokenWords(storage), index)
    assert not index.answered.is_set()
    let_go.cancel()


def test_searches_share_their_threads(storage: InMemoryStorage, index: RemoteIndex) -> None:
    for _ in range(5):
        assert ask(LexicalIndex(storage), index).mode == "hybrid"
    assert len(index.threads) == 5
    assert all(thread.is_alive() for thread in index.threads)
