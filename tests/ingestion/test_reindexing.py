"""Vectors are made anew beside those in force and take their place in one step; no document falls between."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from tests.claimed import embed_claimed, read_claimed
from tests.versions import add

from hellotutor.accounts.auth import get_tenant_tag
from hellotutor.accounts.models import User
from hellotutor.config import composition
from hellotutor.config.vectors import open_index
from hellotutor.core.errors import Unavailable
from hellotutor.documents.models import DocumentVersion, Removal
from hellotutor.embeddings.base import Embedder, Vectors
from hellotutor.embeddings.hashing import HashingEmbedder
from hellotutor.ingestion.claim import claimed
from hellotutor.ingestion.rag_ingestion import IngestionParts
from hellotutor.ingestion.reindexing import Reindexing, clear_away
from hellotutor.ingestion.services import delete_document
from hellotutor.retrieval import vector_sets
from hellotutor.retrieval.base import IndexStamp
from hellotutor.retrieval.models import VectorSet
from hellotutor.retrieval.search import Search, SearchResult, stamp_of
from hellotutor.retrieval.vector_sets import StampChanged

pytestmark = pytest.mark.django_db

Status = DocumentVersion.Status
OLD, NEW = HashingEmbedder(), HashingEmbedder(dimensions=64)
# three batches of vectors
LONG = "".join(
    f"# Bay {n}\n\nThe tide of bay {n} rises when moon {n} is near the harbour wall.\n\n" for n in range(300)
)


class PickyEmbedder(HashingEmbedder):
    """Of the stamp of NEW; fails over texts that name what it can't stand."""

    def __init__(self, disliked: str) -> None:
        super().__init__(dimensions=64)
        self.disliked = disliked

    def _embed_batch(self, texts: Sequence[str]) -> Vectors:
        if self.disliked and any(self.disliked in text for text in texts):
            raise Unavailable("embedder_refused", f"The embedder refuses {self.disliked}.", retryable=False)
        return super()._embed_batch(texts)


@pytest.fixture
def owner() -> User:
    return User.objects.create_user("alice@example.org")


@pytest.fixture
def parts() -> IngestionParts:
    return replace(composition.ingestion_parts(), embedder=OLD)


Make = Callable[..., DocumentVersion]


@pytest.fixture
def make(owner: User, parts: IngestionParts, tmp_path: Path) -> Make:
    """Adds documents as a worker does: read, and embedded as the vectors in force are."""

    def make_version(text: str, *, is_embedded: bool = True) -> DocumentVersion:
        version = add(owner, tmp_path, text)
        list(read_claimed(version, parts))
        if is_embedded:
            list(embed_claimed(version, parts))
        version.refresh_from_db()
        return version

    return make_version


def start(parts: IngestionParts, embedder: Embedder = NEW, *, stop_after: int | None = None) -> Reindexing:
    """Begin a run that stops itself after so many looks at whether it should."""
    looks = iter(range(stop_after or 0))
    run = Reindexing(parts.index, embedder, is_stopped=lambda: stop_after is not None and next(looks, None) is None)
    run.begin()
    return run


def run_through(run: Reindexing) -> None:
    for _ in run.embed():
        pass


def count(version: DocumentVersion, parts: IngestionParts, embedder: Embedder) -> int:
    tenant = get_tenant_tag(version.owner.public_id)
    return parts.index.count(tenant=tenant, version_id=str(version.public_id), stamp=stamp_of(embedder))


def ask(query: str, version: DocumentVersion, parts: IngestionParts, embedder: Embedder) -> SearchResult:
    search = Search(parts.lexical, parts.index, embedder)
    return search.search(
        query, tenants=[get_tenant_tag(version.owner.public_id)], versions=[str(version.public_id)], k=3
    )


def stamp_in_force() -> IndexStamp:
    in_force = vector_sets.find_in_force()
    assert in_force
    return in_force.stamp


def test_the_old_vectors_serve_until_the_switch_and_the_new_ones_from_then_on(
    make: Make, parts: IngestionParts
) -> None:
    versions = [make("# Tides\n\nThe moon pulls the sea.\n"), make("# Bread\n\nYeast makes dough rise.\n")]
    run = start(parts)
    run_through(run)
    assert stamp_in_force() == stamp_of(OLD)
    assert ask("moon", versions[0], parts, OLD).mode == "hybrid"
    assert (run.tally.documents, run.tally.documents_total) == (2, 2)
    assert run.tally.passages == run.tally.passages_total == run.tally.embedded == 2
    assert run.switch()
    assert stamp_in_force() == stamp_of(NEW)
    for version in versions:
        assert ask("moon yeast", version, parts, NEW).mode == "hybrid"
        version.refresh_from_db()
        assert (version.status, version.passages_embedded) == (Status.INDEXED, 1)


def test_what_was_embedded_is_not_embedded_again_by_the_next_run(make: Make, parts: IngestionParts) -> None:
    version = make(LONG)
    first = start(parts, stop_after=2)
    run_through(first)
    assert 0 < first.tally.embedded < version.passages_read
    version.refresh_from_db()
    assert version.lease_until is None
    second = start(parts)
    run_through(second)
    assert first.tally.embedded + second.tally.embedded == version.passages_read
    assert second.tally.passages == version.passages_read
    assert second.switch()


def test_what_an_earlier_run_made_counts_from_the_start(make: Make, parts: IngestionParts) -> None:
    make("# Tides\n\nThe moon pulls the sea.\n"), make(LONG)
    first = start(parts, stop_after=4)
    run_through(first)
    tally = next(start(parts).embed())
    assert (tally.documents, tally.passages, tally.embedded) == (1, first.tally.passages, 0)
    assert 1 < tally.passages < tally.passages_total


def test_what_is_uploaded_and_embedded_before_the_switch_is_caught_up(make: Make, parts: IngestionParts) -> None:
    make("# Tides\n\nThe moon pulls the sea.\n")
    run = start(parts)
    run_through(run)
    late = make("# Bread\n\nYeast makes dough rise.\n")
    assert not run.switch()
    assert stamp_in_force() == stamp_of(OLD)
    run_through(run)
    assert run.switch()
    assert ask("yeast", late, parts, NEW).reason == ""


def test_what_was_touched_after_it_was_done_is_looked_at_again(make: Make, parts: IngestionParts) -> None:
    version = make("# Tides\n\nThe moon pulls the sea.\n")
    run = start(parts)
    run_through(run)
    with claimed(version.pk):  # as whoever reads it anew, and has removed what was made of it
        parts.index.delete(tenant=get_tenant_tag(version.owner.public_id), version_id=str(version.public_id))
    assert not run.switch()
    run_through(run)
    assert run.switch()
    assert count(version, parts, NEW) == 1


@pytest.mark.parametrize("batches", [1, 3])
def test_what_a_worker_has_in_hand_at_the_switch_ends_in_the_new_vectors(
    make: Make, parts: IngestionParts, batches: int
) -> None:
    make("# Tides\n\nThe moon pulls the sea.\n")
    version = make(LONG, is_embedded=False)
    with closing(embed_claimed(version, parts)) as working:  # type: ignore[type-var]
        for _ in range(batches):
            next(working)
        run = start(parts)
        run_through(run)
        assert run.switch()
        with pytest.raises(StampChanged):
            list(working)
    version.refresh_from_db()
    assert (version.status, version.error_code, version.lease_until) == (Status.EMBEDDING, "", None)
    anew = replace(parts, embedder=NEW)
    list(embed_claimed(version, anew))
    version.refresh_from_db()
    assert (version.status, version.passages_embedded) == (Status.INDEXED, version.passages_read)
    assert ask("moon 7 harbour", version, parts, NEW).reason == ""
    assert count(version, parts, OLD) == 0


def test_what_waits_for_vectors_gets_the_new_ones_at_once(make: Make, parts: IngestionParts) -> None:
    version = make("# Tides\n\nThe moon pulls the sea.\n", is_embedded=False)
    make("# Bread\n\nYeast makes dough rise.\n")
    given_up = make("# Ice\n\nIce floats on water.\n", is_embedded=False)
    DocumentVersion.objects.filter(pk=given_up.pk).update(error_code="index_down", error_message="It was down.")
    run = start(parts)
    run_through(run)
    assert run.switch()
    for one in (version, given_up):
        one.refresh_from_db()
        assert (one.status, one.error_code, one.passages_embedded) == (Status.INDEXED, "", 1)


def test_no_vector_of_other_than_those_in_force_is_added(make: Make, parts: IngestionParts) -> None:
    make("# Tides\n\nThe moon pulls the sea.\n")
    version = make("# Bread\n\nYeast makes dough rise.\n", is_embedded=False)
    with pytest.raises(StampChanged):
        list(embed_claimed(version, replace(parts, embedder=NEW)))
    version.refresh_from_db()
    assert (version.status, version.error_code, count(version, parts, NEW)) == (Status.EMBEDDING, "", 0)


def test_a_document_that_can_not_be_embedded_is_named_and_the_others_are(make: Make, parts: IngestionParts) -> None:
    good, bad = make("# Tides\n\nThe moon pulls the sea.\n"), make("# Poison\n\nArsenic is a poison.\n")
    run = start(parts, PickyEmbedder("Arsenic"))
    run_through(run)
    (failed,) = run.failed.values()
    assert str(bad.document.public_id) in failed.subject
    assert failed.error.code == "embedder_refused"
    assert (count(good, parts, NEW), count(bad, parts, NEW)) == (1, 0)
    assert run.switch()  # whoever asks for it leaves it out
    bad.refresh_from_db()
    assert (bad.status, bad.error_code, bad.passages_embedded) == (Status.EMBEDDING, "embedder_refused", 0)
    assert ask("arsenic", bad, parts, NEW).mode == "lexical"


def test_when_one_document_after_the_other_fails_it_ends_and_says_why(make: Make, parts: IngestionParts) -> None:
    for number in range(5):
        make(f"# Note\n\nArsenic is a poison, says note {number}.\n")
    picky = PickyEmbedder("Arsenic")
    with pytest.raises(Unavailable, match="refuses Arsenic"):
        run_through(start(parts, picky))
    assert stamp_in_force() == stamp_of(OLD)
    picky.disliked = ""
    run = start(parts, picky)
    run_through(run)
    assert run.switch()


def test_a_document_deleted_while_it_is_embedded_leaves_nothing(make: Make, parts: IngestionParts) -> None:
    version = make(LONG)
    tenant, version_id = get_tenant_tag(version.owner.public_id), str(version.public_id)
    run = start(parts)
    working = run.embed()
    next(working)
    next(working)
    delete_document(document=version.document, parts=parts)
    list(working)
    assert run.switch()
    assert not run.failed
    # whatever was being written at that moment is removed once more, later
    assert Removal.objects.get().version_id == version.public_id
    assert parts.index.count(tenant=tenant, version_id=version_id, stamp=stamp_of(NEW)) == 0


def test_only_the_old_vectors_are_removed_and_a_removal_goes_on(make: Make, parts: IngestionParts) -> None:
    versions = [make("# Tides\n\nThe moon pulls the sea.\n"), make("# Bread\n\nYeast makes dough rise.\n")]
    run = start(parts)
    run_through(run)
    assert run.switch()
    looks: Iterator[bool] = iter([False, True])
    assert list(clear_away(open_index, is_stopped=lambda: next(looks))) == [1]
    assert [one.stamp for one in vector_sets.list_not_in_force()] == [stamp_of(OLD)]
    assert list(clear_away(open_index, is_stopped=lambda: False)) == [1, 2]
    assert VectorSet.objects.get().stamp == stamp_of(NEW)
    for version in versions:
        assert (count(version, parts, OLD), count(version, parts, NEW)) == (0, 1)


def test_an_abandoned_run_to_another_model_is_removed_too(make: Make, parts: IngestionParts) -> None:
    version, third = make("# Tides\n\nThe moon pulls the sea.\n"), HashingEmbedder(dimensions=32)
    run_through(start(parts, third))
    run = start(parts)
    run_through(run)
    assert run.switch()
    list(clear_away(open_index, is_stopped=lambda: False))
    assert [count(version, parts, one) for one in (OLD, NEW, third)] == [0, 1, 0]


def test_nothing_is_begun_where_the_embedder_does_not_work(make: Make, parts: IngestionParts) -> None:
    make("# Tides\n\nThe moon pulls the sea.\n")
    with pytest.raises(Unavailable, match="refuses It works"):
        start(parts, PickyEmbedder("It works"))
    assert VectorSet.objects.count() == 1


def test_the_long_text_has_several_batches(make: Make) -> None:
    assert make(LONG, is_embedded=False).passages_read > 2 * 128
