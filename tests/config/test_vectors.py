"""What serves search by meaning: the vectors in force, as far as the settings allow."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from hellotutor.config import composition, vectors
from hellotutor.config.settings import get_settings
from hellotutor.config.vectors import choose_embedder, find_serving, open_index
from hellotutor.core.errors import Invalid, Unavailable
from hellotutor.embeddings.hashing import HashingEmbedder
from hellotutor.retrieval import vector_sets
from hellotutor.retrieval.base import IndexStamp
from hellotutor.retrieval.models import VectorSet
from hellotutor.retrieval.search import stamp_of
from hellotutor.retrieval.vector_sets import StampChanged

pytestmark = pytest.mark.django_db

HASHES = stamp_of(HashingEmbedder())
UNKNOWN = IndexStamp("somebody/large", "3", 1_024)
Set = Callable[..., None]


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Iterator[Set]:
    """Change settings for the test."""

    def change(**settings: str) -> None:
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        get_settings.cache_clear()
        monkeypatch.setattr(vectors, "_latest", vectors._Latest())

    yield change
    monkeypatch.undo()
    get_settings.cache_clear()
    open_index.cache_clear()


def test_a_new_library_gets_the_usual_embedder_and_the_wished_index() -> None:
    serving = find_serving()
    assert serving.embedder is vectors.usual_embedder()
    assert (serving.index.name, serving.reason, serving.advice) == ("local", "", "")


def test_auto_makes_vectors_like_those_in_force() -> None:
    vector_sets.enter("local", HASHES)
    assert composition.search() is not None
    assert isinstance(find_serving(is_fresh=True).embedder, HashingEmbedder)
    assert isinstance(choose_embedder(), HashingEmbedder)


@pytest.mark.parametrize(
    ("chosen", "stamp", "reason"),
    [
        ("minilm", HASHES, "stamp_mismatch"),
        ("hashing", HASHES, ""),
        ("none", HASHES, "no_embedder"),
        ("auto", UNKNOWN, "stamp_mismatch"),
        ("auto", IndexStamp(HASHES.model, "0", HASHES.dimensions), "stamp_mismatch"),
        ("auto", IndexStamp(HASHES.model, HASHES.version, 64), "stamp_mismatch"),
    ],
)
def test_an_embedder_that_makes_other_vectors_is_not_used(
    given: Set, chosen: str, stamp: IndexStamp, reason: str
) -> None:
    vector_sets.enter("local", stamp)
    given(EMBEDDER=chosen)
    serving = find_serving()
    assert serving.reason == reason
    assert (serving.embedder is None) == bool(reason)
    assert ("hellotutor reindex" in serving.advice) == (reason == "stamp_mismatch")
    assert composition.ingestion_parts().embedder is serving.embedder


def test_an_index_that_the_settings_do_not_reach_refuses_everything_and_its_vectors_stay_noted(given: Set) -> None:
    vector_sets.enter("pinecone/elsewhere", HASHES)
    serving = find_serving(is_fresh=True)
    assert (serving.embedder, serving.reason) == (None, "index_mismatch")
    assert "PINECONE_API_KEY" in serving.advice
    with pytest.raises(Unavailable, match="pinecone/elsewhere"):
        serving.index.delete(tenant="alice", version_id="v1")
    assert composition.search().search("tides", tenants=["alice"], versions=[], k=1).reason == "index_mismatch"


def test_the_index_in_force_serves_while_another_one_is_wished_for(given: Set) -> None:
    vector_sets.enter("local", HASHES)
    given(VECTOR_INDEX="pgvector", PGVECTOR_URL="postgresql://u@127.0.0.1:1/d")
    serving = find_serving()
    assert (serving.index.name, serving.reason) == ("local", "")
    assert isinstance(serving.embedder, HashingEmbedder)
    assert "pgvector" in serving.advice


def test_what_is_deleted_is_removed_wherever_vectors_lie() -> None:
    vector_sets.enter("local", HASHES)
    vector_sets.begin_set("pinecone/elsewhere", HASHES)
    parts = composition.ingestion_parts()
    assert [index.place for index in (parts.index, *parts.other_indexes)] == ["local", "pinecone/elsewhere"]


def test_a_query_every_two_seconds_is_enough(django_assert_num_queries: Callable[[int], CaptureQueriesContext]) -> None:
    with django_assert_num_queries(1):
        for _ in range(5):
            composition.search()
            composition.embedder()


def test_a_database_that_fails_changes_nothing_of_what_was_seen() -> None:
    vector_sets.enter("local", HASHES)
    before = find_serving(is_fresh=True)

    def refuse(*given: object) -> object:
        raise OperationalError("the database is gone")

    with connection.execute_wrapper(refuse):
        assert find_serving(is_fresh=True) == before


def test_the_first_vectors_are_put_in_force_and_others_are_refused() -> None:
    vector_sets.enter("local", HASHES)
    vector_sets.enter("local", HASHES)
    for place, stamp in (("local", UNKNOWN), ("pgvector", HASHES)):
        with pytest.raises(StampChanged):
            vector_sets.enter(place, stamp)
    assert VectorSet.objects.get().stamp == HASHES


def test_what_somebody_begins_again_is_not_taken_out_of_force() -> None:
    vector_sets.enter("local", HASHES)
    vector_sets.begin_set("local", HASHES)
    in_force = vector_sets.find_in_force()
    assert in_force
    assert in_force.stamp == HASHES


def test_hashing_is_refused_outside_of_tests(given: Set) -> None:
    given(EMBEDDER="hashing", ENV="development")
    with pytest.raises(Invalid, match="ENV=test"):
        get_settings()
