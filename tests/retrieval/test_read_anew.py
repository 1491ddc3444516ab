"""What a process finds in a version that another process has read anew under the same id."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from django.core.files.storage import InMemoryStorage, Storage

from hellotutor.documents.local_storage import DurableFileSystemStorage
from hellotutor.embeddings.hashing import HashingEmbedder
from hellotutor.retrieval.evidence import Place
from hellotutor.retrieval.lexical.index import LexicalIndex
from hellotutor.retrieval.local.index import LocalVectorIndex
from hellotutor.retrieval.search import Search, stamp_of

WAS = ["Mitochondria release energy from sugar.", "Membranes surround every cell.", "Light makes sugar."]
IS = ["The cover of this book.", "Membranes surround every cell.", "Mitochondria release energy from sugar."]


def write(storage: Storage, texts: list[str]) -> None:
    """Write words and vectors of the version, as a worker does when it reads it from its first page."""
    lexical, index, embedder = LexicalIndex(storage), LocalVectorIndex(storage), HashingEmbedder()
    where = {"tenant": "alice", "version_id": "bio"}
    lexical.delete(**where)
    index.delete(**where)
    lexical.add(**where, first_ordinal=0, texts=texts)
    lexical.finish(**where, passages=len(texts))
    index.upsert(**where, first_ordinal=0, vectors=embedder.embed(texts), stamp=stamp_of(embedder))
    index.finish(**where, stamp=stamp_of(embedder))


def find(search: Search, mark: str) -> tuple[Place, float | None]:
    search.look_again({("alice", "bio"): mark})
    best = search.search("mitochondria energy", tenants=["alice"], versions=["bio"], k=1).hits[0]
    return best.place, best.cosine


@pytest.fixture(params=["disk", "memory"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    return DurableFileSystemStorage(location=str(tmp_path)) if request.param == "disk" else InMemoryStorage()


@pytest.mark.parametrize("with_vectors", [True, False])
def test_a_version_read_anew_by_another_process_is_cited_as_it_is_now(storage: Storage, *, with_vectors: bool) -> None:
    web = Search(LexicalIndex(storage), LocalVectorIndex(storage), HashingEmbedder() if with_vectors else None)
    write(storage, WAS)
    before = find(web, "1 True")
    assert before[0] == ("bio", 0)
    write(storage, IS)
    after = find(web, "3 True")
    assert after[0] == ("bio", 2)
    assert (before[1] is not None) == with_vectors
    assert after[1] == before[1]


def test_what_is_unchanged_stays_in_memory(tmp_path: Path) -> None:
    storage = DurableFileSystemStorage(location=str(tmp_path))
    web = Search(LexicalIndex(storage), LocalVectorIndex(storage), HashingEmbedder())
    write(storage, WAS)
    before = find(web, "1 True")
    for path in tmp_path.rglob("*.npy"):
        path.unlink()
    assert find(web, "1 True") == before


def test_words_that_do_not_fit_in_the_cache_score_like_those_that_do(tmp_path: Path) -> None:
    storage, versions = DurableFileSystemStorage(location=str(tmp_path)), [f"v{number}" for number in range(6)]
    drawn = np.random.default_rng(0)
    for version in versions:
        texts = [" ".join(f"w{word}" for word in drawn.integers(0, 300, 40)) for _ in range(1_500)]
        LexicalIndex(storage).build(tenant="alice", version_id=version, texts=texts)
    large, small = LexicalIndex(storage), LexicalIndex(storage, cache_bytes=100_000)
    for query in ("w3 w77", "w5"):
        asked = (index.score(query, tenants=["alice"], versions=versions) for index in (large, small))
        one, other = asked
        assert one.versions == other.versions
        assert np.allclose(one.scores, other.scores)
        assert one.weights == other.weights


def test_large_files_of_words_are_not_read_again_for_each_query_where_the_cache_is_small(tmp_path: Path) -> None:
    storage = DurableFileSystemStorage(location=str(tmp_path))
    versions = ["v0", "v1"]
    for version in versions:
        texts = [" ".join(f"w{number % 500 + word}" for word in range(60)) for number in range(3_000)]
        LexicalIndex(storage).build(tenant="alice", version_id=version, texts=texts)
    assert min(path.stat().st_size for path in tmp_path.rglob("*.npy")) > 500_000
    index = LexicalIndex(storage, cache_bytes=100_000)
    before = index.score("w7", tenants=["alice"], versions=versions).scores
    for path in tmp_path.rglob("*.npy"):
        path.unlink()
    assert np.array_equal(index.score("w7", tenants=["alice"], versions=versions).scores, before)
