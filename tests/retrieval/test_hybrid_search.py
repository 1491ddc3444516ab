from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.files.storage import InMemoryStorage

from hellotutor.core.errors import Unavailable
from hellotutor.core.sentences import split_sentences
from hellotutor.embeddings.base import Embedder, Vectors
from hellotutor.embeddings.hashing import HashingEmbedder
from hellotutor.retrieval.base import VectorHit
from hellotutor.retrieval.evidence import Hit
from hellotutor.retrieval.lexical.index import LexicalIndex, LexicalScores
from hellotutor.retrieval.local.index import LocalVectorIndex
from hellotutor.retrieval.search import Search, SearchResult, stamp_of

BIOLOGY = [
    "Mitochondria release energy from sugar.",
    "Membranes surround every cell.",
    "Photosynthesis makes sugar from light.",
]
HISTORY = ["The Stamp Act taxed printed paper.", "Colonists resisted the taxes."]


class BrokenEmbedder(HashingEmbedder):
    """Of the same stamp as the real one, and down."""

    def _embed_batch(self, texts: Sequence[str]) -> Vectors:
        raise Unavailable("embedder_down", "The embedder is down.")


class Library:
    """Alice's two documents in a storage of their own."""

    def __init__(self) -> None:
        self.storage = InMemoryStorage()
        self.index = LocalVectorIndex(self.storage, listing_max_age_s=0)
        self.lexical = LexicalIndex(self.storage)
        for version, texts in {"bio": BIOLOGY, "hist": HISTORY}.items():
            self.lexical.build(tenant="alice", version_id=version, texts=texts)

    def search(self, embedder: Embedder | None = None) -> Search:
        return Search(self.lexical, self.index, embedder)

    def embed(self, version: str, texts: list[str]) -> None:
        embedder = HashingEmbedder()
        vectors, stamp = embedder.embed(texts), stamp_of(embedder)
        self.index.upsert(tenant="alice", version_id=version, first_ordinal=0, vectors=vectors, stamp=stamp)


@pytest.fixture
def library() -> Library:
    return Library()


def ask(search: Search, query: str, *, tenants: tuple[str, ...] = ("alice",), k: int = 3) -> SearchResult:
    return search.search(query, tenants=tenants, versions=["bio", "hist"], k=k)


def places(result: SearchResult) -> list[tuple[str, int]]:
    return [(hit.version_id, hit.ordinal) for hit in result.hits]


def test_words_and_vectors_are_fused_once_all_is_embedded(library: Library) -> None:
    library.embed("bio", BIOLOGY)
    library.embed("hist", HISTORY)
    result = ask(library.search(HashingEmbedder()), "Which part releases energy from sugar?")
    assert (result.mode, result.reason, result.missing) == ("hybrid", "", ())
    assert places(result)[0] == ("bio", 0)
    best = result.hits[0]
    assert 0 < best.score <= 1
    assert best.lexical_score > 0
    assert best.cosine is not None
    assert best.cosine > 0.3


def test_a_vector_finds_what_no_word_does(library: Library) -> None:
    library.embed("bio", BIOLOGY)
    library.embed("hist", HISTORY)
    query = "photosynthetically"  # its stem is not the stem of photosynthesis
    assert ask(library.search(), query).hits == ()
    assert places(ask(library.search(HashingEmbedder()), query))[0] == ("bio", 2)


@pytest.mark.parametrize(
    ("embedder", "reason"),
    [(None, "no_embedder"), (HashingEmbedder(), "not_embedded"), (HashingEmbedder(dimensions=64), "not_embedded")],
)
def test_without_vectors_it_searches_by_words_and_says_so(
    library: Library, embedder: Embedder | None, reason: str
) -> None:
    result = ask(library.search(embedder), "Who resisted the tax?")
    assert (result.mode, result.reason) == ("lexical", reason)
    assert places(result)[0] == ("hist", 1)


def test_vectors_of_another_model_are_not_used(library: Library) -> None:
    library.embed("bio", BIOLOGY)
    result = ask(library.search(HashingEmbedder(dimensions=64)), "sugar")
    assert (result.mode, result.reason) == ("lexical", "not_embedded")


def test_a_document_still_being_embedded_takes_part_by_its_words(library: Library) -> None:
    library.embed("bio", BIOLOGY)
    search = library.search(HashingEmbedder())
    result = ask(search, "Who resisted the taxes?")
    assert (result.mode, result.reason) == ("hybrid", "partly_embedded")
    assert places(result)[0] == ("hist", 1)
    assert result.hits[0].cosine is None
    library.embed("hist", HISTORY)
    assert ask(search, "Who resisted the taxes?").reason == ""


def test_when_the_embedder_is_down_it_searches_by_words_and_says_why(library: Library) -> None:
    library.embed("bio", BIOLOGY)
    result = ask(library.search(BrokenEmbedder()), "sugar from light")
    assert (result.mode, result.reason) == ("lexical", "embedder_down")
    assert places(result)[0] == ("bio", 2)


def test_charlie_finds_nothing_of_alices(library: Library) -> None:
    library.embed("bio", BIOLOGY)
    result = ask(library.search(HashingEmbedder()), "sugar", tenants=("charlie",))
    assert result.hits == ()
    assert result.missing == ("bio", "hist")
    with pytest.raises(ValueError, match="tenant"):
        ask(library.search(HashingEmbedder()), "sugar", tenants=())


def test_a_version_without_a_segment_is_named(library: Library) -> None:
    result = library.search().search("sugar", tenants=["alice"], versions=["bio", "new"], k=1)
    assert result.missing == ("new",)
    assert [hit.version_id for hit in result.hits] == ["bio"]


def test_no_more_than_k_come_back(library: Library) -> None:
    library.embed("bio", BIOLOGY)
    library.embed("hist", HISTORY)
    search = library.search(HashingEmbedder())
    assert len(ask(search, "sugar", k=1).hits) == 1
    assert len(ask(search, "sugar", k=2).hits) == 2


def test_a_query_without_a_word_finds_nothing(library: Library) -> None:
    library.embed("bio", BIOLOGY)
    for query in ("", "  ", "?!"):
        assert ask(library.search(HashingEmbedder()), query).hits == ()


def test_a_deleted_document_is_found_by_neither(library: Library) -> None:
    library.embed("bio", BIOLOGY)
    library.embed("hist", HISTORY)
    search = library.search(HashingEmbedder())
    ask(search, "sugar")
    for index in (library.lexical, library.index):
        index.delete(tenant="alice", version_id="bio")
    result = ask(search, "sugar")
    assert result.missing == ("bio",)
    assert all(hit.version_id == "hist" for hit in result.hits)


class RemoteIndex(LocalVectorIndex):
    """Answers a query only once words were looked for, as a slow service would."""

    is_remote = True
    words_were_looked_for = threading.Event()

    def query(self, *args: Any, **kwargs: Any) -> list[VectorHit]:
        assert self.words_were_looked_for.wait(timeout=30)
        return super().query(*args, **kwargs)


class WatchedWords(LexicalIndex):
    def score(self, *args: Any, **kwargs: Any) -> LexicalScores:
        found = super().score(*args, **kwargs)
        RemoteIndex.words_were_looked_for.set()
        return found


def test_words_are_looked_for_while_another_machine_looks_for_vectors(library: Library) -> None:
    library.index = RemoteIndex(library.storage, listing_max_age_s=0)
    library.embed("bio", BIOLOGY)
    library.embed("hist", HISTORY)
    search = Search(WatchedWords(library.storage), library.index, HashingEmbedder())
    beside = ask(search, "Which part releases energy from sugar?")
    local = Search(LexicalIndex(library.storage), LocalVectorIndex(library.storage), HashingEmbedder())
    assert beside == ask(local, "Which part releases energy from sugar?")


def test_a_remote_index_that_is_down_leaves_the_words(library: Library) -> None:
    library.index = RemoteIndex(library.storage, listing_max_age_s=0)
    library.embed("bio", BIOLOGY)
    result = ask(library.search(BrokenEmbedder()), "sugar from light")
    assert (result.mode, result.reason) == ("lexical", "embedder_down")
    assert places(result)[0] == ("bio", 2)


@dataclass(frozen=True)
class Text:
    text: str
    sentences: tuple[tuple[int, int], ...]


def read_all(hits: Sequence[Hit]) -> dict[tuple[str, int], Text]:
    texts = {"bio": BIOLOGY, "hist": HISTORY}
    return {
        hit.place: Text(text, tuple(split_sentences(text)))
        for hit in hits
        if (text := texts[hit.version_id][hit.ordinal])
    }


def find(search: Search, query: str, **options: Any) -> list[str]:
    found = search.find_evidence(
        query, tenants=["alice"], versions=["bio", "hist"], **({"read": read_all, "budget": 60} | options)
    )
    texts = {"bio": BIOLOGY, "hist": HISTORY}
    return [texts[quote.version_id][quote.ordinal][quote.start : quote.end] for quote in found.quotes]


def test_the_evidence_for_a_question_is_quoted_within_a_budget(library: Library) -> None:
    assert find(library.search(), "Who resisted the taxes?") == ["Colonists resisted the taxes."]
    assert find(library.search(), "Who resisted the taxes?", budget=90) == [HISTORY[1], HISTORY[0]]
    assert find(library.search(), "Who resisted the taxes?", budget=10) == []
    assert find(library.search(), "unheard of") == []


def test_what_is_out_of_scope_is_not_quoted(library: Library) -> None:
    def read_first(hits: Sequence[Hit]) -> dict[tuple[str, int], Text]:
        return {place: text for place, text in read_all(hits).items() if place == ("hist", 0)}

    assert find(library.search(), "Who resisted the taxes?", read=read_first) == [HISTORY[0]]


def test_evidence_of_somebody_else_is_never_read(library: Library) -> None:
    def read_nothing(hits: Sequence[Hit]) -> dict[tuple[str, int], Text]:
        assert not hits
        return {}

    search = library.search()
    found = search.find_evidence("taxes", tenants=["charlie"], versions=["bio", "hist"], read=read_nothing, budget=99)
    assert (found.quotes, found.missing) == ((), ("bio", "hist"))
