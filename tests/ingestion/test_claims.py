"""Who works on a version: one at a time, for as long as it lives; whoever was taken for dead writes nothing more."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import InMemoryStorage
from django.db import connection

from hellotutor.accounts.models import User
from hellotutor.core import clock
from hellotutor.core.locks import try_hold
from hellotutor.documents.models import DocumentVersion
from hellotutor.embeddings.hashing import HashingEmbedder
from hellotutor.ingestion.claim import Claim, ClaimLost, claim_version, end_dead_claims, hand_back, kept, try_claim
from hellotutor.ingestion.holders import forget_holders, holder_id, is_gone
from hellotutor.ingestion.rag_ingestion import IngestionParts, ingest_document
from hellotutor.ingestion.readers.markdown import MarkdownReader
from hellotutor.ingestion.services import add_document, cancel_ingestion
from hellotutor.ingestion.turns import MOST_DEATHS, claim_next
from hellotutor.retrieval.lexical.index import LexicalIndex
from hellotutor.retrieval.local.index import LocalVectorIndex

pytestmark = pytest.mark.django_db

Status = DocumentVersion.Status


@pytest.fixture(autouse=True)
def short_lease(settings: Any, tmp_path: Path) -> None:
    settings.INGEST_LEASE_S = 60.0
    settings.DATA_DIR = tmp_path / "data"


@pytest.fixture
def parts() -> IngestionParts:
    storage = InMemoryStorage()
    index = LocalVectorIndex(storage)
    return IngestionParts(storage, (MarkdownReader(),), LexicalIndex(storage), index, HashingEmbedder())


@pytest.fixture
def version(parts: IngestionParts, tmp_path: Path) -> DocumentVersion:
    path = tmp_path / "tides.md"
    path.write_text("\n\n".join(f"# Bay {n}\n\nThe tide of bay {n} rises twice a day." for n in range(300)))
    owner = User.objects.create_user("alice@example.org")
    return add_document(
        owner=owner, path=path, filename=path.name, storage=parts.storage, readers=parts.readers, max_bytes=10**7
    ).version


def claim(version: DocumentVersion) -> Claim:
    """Claim what must be free."""
    version.refresh_from_db()
    made = try_claim(version)
    assert made
    version.claim_token = made.token
    return made


def run_out(version: DocumentVersion) -> None:
    """Let the lease run out, as when its holder is frozen."""
    DocumentVersion.objects.filter(pk=version.pk).update(lease_until=clock.now() - timedelta(seconds=1))


def name_holder(version: DocumentVersion, holder: str) -> Path:
    """Let another process hold the claim; return where its file would be."""
    from django.conf import settings

    DocumentVersion.objects.filter(pk=version.pk).update(claimed_by=holder)
    return Path(settings.DATA_DIR) / "locks" / f"holder-{holder}.lock"


def test_only_one_of_two_who_saw_the_same_row_gets_it(version: DocumentVersion) -> None:
    version.refresh_from_db()
    assert try_claim(version)
    assert try_claim(version) is None


def test_what_is_held_cannot_be_claimed(version: DocumentVersion) -> None:
    claim(version)
    version.refresh_from_db()
    assert try_claim(version) is None


def test_what_was_handed_back_is_free_at_once_and_nobody_died_of_it(version: DocumentVersion) -> None:
    claim(version).release()
    claim(version)
    version.refresh_from_db()
    assert version.deaths == 0


def test_a_lease_that_ran_out_is_free_and_counts_a_death(version: DocumentVersion) -> None:
    claim(version)
    run_out(version)
    claim(version)
    version.refresh_from_db()
    assert version.deaths == 1


def test_what_a_process_that_died_on_this_machine_held_is_free_at_once(version: DocumentVersion) -> None:
    claim(version)
    path = name_holder(version, "dead")
    path.touch()
    claim(version)
    version.refresh_from_db()
    assert version.deaths == 1


def test_what_a_process_that_lives_on_this_machine_holds_is_not_free(version: DocumentVersion) -> None:
    claim(version)
    lock = try_hold(name_holder(version, "alive"))
    assert lock
    version.refresh_from_db()
    assert try_claim(version) is None
    lock.release()
    assert try_claim(version)


def test_what_a_process_on_another_machine_holds_is_not_free_before_its_lease_ends(version: DocumentVersion) -> None:
    claim(version)
    name_holder(version, "elsewhere")
    version.refresh_from_db()
    assert try_claim(version) is None
    run_out(version)
    claim(version)


def test_asking_about_a_process_elsewhere_does_not_make_it_known_as_dead(version: DocumentVersion) -> None:
    assert [is_gone("elsewhere"), is_gone("elsewhere")] == [False, False]


def test_the_file_of_a_dead_process_is_kept_as_long_as_it_holds_a_lease(version: DocumentVersion) -> None:
    held = claim(version)
    path = name_holder(version, "dead")
    path.touch()
    forget_holders()
    assert path.exists()
    held.release()
    forget_holders()
    assert not path.exists()


def test_a_process_claims_under_one_name_whose_file_it_holds() -> None:
    assert holder_id() == holder_id()
    assert not is_gone(holder_id())


def test_a_zombie_writes_nothing_renews_nothing_and_hands_nothing_back(version: DocumentVersion) -> None:
    zombie = claim(version)
    run_out(version)
    claim(version)
    version.refresh_from_db()
    lease = version.lease_until
    for write in (zombie.check, zombie.renew, zombie.release, lambda: zombie.update(pages_read=99)):
        with pytest.raises(ClaimLost):
            write()
    version.refresh_from_db()
    assert (version.pages_read, version.lease_until) == (0, lease)


def test_a_deleted_version_cannot_be_written(version: DocumentVersion) -> None:
    mine = claim(version)
    version.delete()
    with pytest.raises(ClaimLost):
        mine.update(pages_read=1)


def test_a_stop_takes_the_claim_from_whoever_works(version: DocumentVersion) -> None:
    mine = claim(version)
    assert cancel_ingestion(version)
    with pytest.raises(ClaimLost):
        mine.check()


def test_every_write_renews_the_lease(version: DocumentVersion) -> None:
    mine = claim(version)
    run_out(version)
    mine.update(pages_read=1)
    version.refresh_from_db()
    assert version.lease_until
    assert version.lease_until > clock.now()


@pytest.mark.parametrize("batches", [1, 2, 3])
def test_what_a_zombie_read_meanwhile_is_not_kept_and_what_took_over_is_whole(
    version: DocumentVersion, parts: IngestionParts, batches: int
) -> None:
    seen_by_zombie = DocumentVersion.objects.select_related("owner", "document").get(pk=version.pk)
    working = ingest_document(seen_by_zombie, parts, claim(seen_by_zombie))
    for _ in range(batches):
        next(working)
    run_out(version)
    other = DocumentVersion.objects.select_related("owner", "document").get(pk=version.pk)
    for _ in ingest_document(other, parts, claim(other)):
        pass
    with pytest.raises(ClaimLost):
        for _ in working:
            pass
    version.refresh_from_db()
    assert (version.status, version.passages_read, version.passages_embedded) == (Status.INDEXED, 300, 300)
    assert list(version.passages.order_by("ordinal").values_list("ordinal", flat=True)) == list(range(300))
    assert sorted(version.pages.values_list("ordinal", flat=True)) == list(range(300))


def test_waiting_for_a_version_ends_when_it_is_handed_back(version: DocumentVersion) -> None:
    mine = claim(version)
    waited: list[bool] = []
    with claim_version(version, on_wait=lambda: (waited.append(True), mine.release())) as got:  # type: ignore[func-returns-value]
        assert got
    assert waited == [True]


def test_waiting_for_a_version_can_be_given_up(version: DocumentVersion) -> None:
    claim(version)
    answers = iter([False, True])
    with claim_version(version, is_stopped=lambda: next(answers)) as got:
        assert got is None


def test_the_end_of_the_block_hands_a_claim_back_however_it_ends(version: DocumentVersion) -> None:
    with pytest.raises(ZeroDivisionError), kept(claim(version)):
        _ = 1 / 0
    version.refresh_from_db()
    assert version.lease_until is None


def test_a_process_that_died_after_all_was_done_holds_nothing_for_long(version: DocumentVersion) -> None:
    claim(version).update(status=Status.INDEXED)
    end_dead_claims()
    version.refresh_from_db()
    assert version.lease_until  # it may still be handing it back
    name_holder(version, "dead").touch()
    end_dead_claims()
    version.refresh_from_db()
    assert version.lease_until is None


def test_what_a_process_died_of_in_the_middle_keeps_its_lease_so_that_the_death_is_counted(
    version: DocumentVersion,
) -> None:
    claim(version)
    run_out(version)
    end_dead_claims()
    claim(version)
    version.refresh_from_db()
    assert version.deaths == 1


def test_a_process_that_leaves_hands_back_all_that_it_holds(version: DocumentVersion) -> None:
    with kept(claim(version)):
        hand_back()
        version.refresh_from_db()
        assert version.lease_until is None


def test_what_still_runs_in_a_process_that_leaves_writes_and_renews_nothing(version: DocumentVersion) -> None:
    made = claim(version)
    with kept(made):
        hand_back()
        with pytest.raises(ClaimLost):
            made.update(pages_read=7)
        with pytest.raises(ClaimLost):
            made.renew()
    claim(version)
    version.refresh_from_db()
    assert (version.pages_read, version.deaths) == (0, 0)


@pytest.mark.django_db(transaction=True)
def test_the_lease_of_long_work_is_renewed_while_it_runs(version: DocumentVersion, settings: Any) -> None:
    settings.INGEST_LEASE_S = 0.4
    is_renewed = threading.Event()
    mine = claim(version)
    version.refresh_from_db()
    first = version.lease_until
    assert first
    with kept(mine):
        for _ in range(1_000):
            version.refresh_from_db()
            assert version.lease_until
            if version.lease_until > first:
                is_renewed.set()
                break
            is_renewed.wait(0.02)
        assert is_renewed.is_set()
    connection.close()


def test_a_document_that_ends_its_workers_again_and_again_is_set_aside(
    version: DocumentVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    captured: list[dict[str, str]] = []
    monkeypatch.setattr(
        "hellotutor.ingestion.turns.capture", lambda failure, error, **fields: captured.append({"code": error.code})
    )
    for _ in range(MOST_DEATHS):
        assert claim_next(with_embedding=True)
        run_out(version)
    assert claim_next(with_embedding=True) is None
    version.refresh_from_db()
    assert (version.status, version.error_code, version.lease_until) == (Status.FAILED, "worker_died", None)
    assert claim_next(with_embedding=True) is None
    assert captured == [{"code": "worker_died"}]


def test_deaths_between_which_work_comes_further_set_nothing_aside(
    version: DocumentVersion, parts: IngestionParts
) -> None:
    for _ in range(2 * MOST_DEATHS):
        claimed = claim_next(with_embedding=True)
        if claimed is None:
            break
        next(ingest_document(claimed[0], parts, claimed[1]), None)
        run_out(version)
    version.refresh_from_db()
    assert version.error_code == ""


def test_one_that_was_read_before_it_was_set_aside_stays_searchable_by_words(
    version: DocumentVersion,
) -> None:
    DocumentVersion.objects.update(status=Status.EMBEDDING, deaths=MOST_DEATHS - 1)
    claim(version)
    run_out(version)
    assert claim_next(with_embedding=True) is None
    version.refresh_from_db()
    assert (version.status, version.error_code) == (Status.EMBEDDING, "worker_died")
