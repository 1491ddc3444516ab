"""Whose turn it is: every tenant gets its share, and nobody's small document waits behind a large one."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hellotutor.accounts.models import User
from hellotutor.core import clock
from hellotutor.documents.models import Document, DocumentVersion
from hellotutor.ingestion.claim import Claim, try_claim
from hellotutor.ingestion.turns import claim_next, end_turn

pytestmark = pytest.mark.django_db

Status = DocumentVersion.Status


@pytest.fixture(autouse=True)
def passing_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a second pass whenever somebody asks what time it is."""
    seconds = iter(range(10**6))
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    monkeypatch.setattr(clock, "now", lambda: begin + timedelta(seconds=next(seconds)))


def wait(name: str, **fields: Any) -> DocumentVersion:
    """Let a document wait; its name begins with its tenant's."""
    email = f"{name.split()[0]}@example.org"
    owner = User.objects.filter(email=email).first() or User.objects.create_user(email)
    return DocumentVersion.objects.create(
        document=Document.objects.create(owner=owner, title=name),
        owner=owner,
        filename=name,
        sha256=uuid.uuid4().hex,
        **{"size_bytes": 1_000, "storage_key": "somewhere", **fields},
    )


def take() -> tuple[DocumentVersion, Claim]:
    """Take what comes next, and keep it."""
    claimed = claim_next(with_embedding=True)
    assert claimed
    return claimed


def turns(slices: dict[str, int]) -> Iterator[str]:
    """Yield whose turn it is until everything is done; each document needs the number of slices given, or one."""
    done: Counter[str] = Counter()
    while claimed := claim_next(with_embedding=True):
        version, claim = claimed
        done[version.filename] += 1
        is_done = done[version.filename] == slices.get(version.filename, 1)
        claim.release(status=Status.INDEXED if is_done else Status.READING)
        yield version.filename


def test_a_small_document_does_not_wait_behind_a_large_one_that_came_before() -> None:
    wait("alice book", size_bytes=50_000_000)
    working = turns({"alice book": 4})
    assert next(working) == "alice book"
    wait("bob note")
    assert list(working) == ["bob note", "alice book", "alice book", "alice book"]


def test_many_documents_of_one_tenant_do_not_hold_up_another() -> None:
    for number in range(5):
        wait(f"alice {number}")
    wait("bob note")
    assert list(turns({}))[:2] == ["alice 0", "bob note"]


def test_tenants_take_turns() -> None:
    for name in ("alice 1", "alice 2", "alice 3", "bob 1", "bob 2", "carol 1"):
        wait(name)
    order = [name.split()[0] for name in turns({})]
    assert order == ["alice", "bob", "carol", "alice", "bob", "alice"]


def test_one_who_was_never_served_comes_before_one_who_was() -> None:
    wait("alice 1")
    wait("alice 2")
    served = turns({})
    next(served)
    wait("bob note")
    assert next(served) == "bob note"


def test_a_tenants_new_document_comes_before_the_rest_of_its_large_one() -> None:
    wait("alice book", size_bytes=50_000_000, status=Status.READING)
    wait("alice note")
    assert list(turns({"alice book": 2})) == ["alice note", "alice book", "alice book"]


def test_of_a_tenants_new_documents_the_small_come_first() -> None:
    for name, size_bytes in (("alice large", 900), ("alice small", 100), ("alice middle", 500)):
        wait(name, size_bytes=size_bytes)
    assert list(turns({})) == ["alice small", "alice middle", "alice large"]


def test_a_higher_priority_comes_first_whoever_was_served() -> None:
    wait("alice 1")
    wait("alice urgent", priority=1)
    wait("bob 1")
    assert next(turns({})) == "alice urgent"


def test_a_tenant_gets_as_many_turns_as_any_other_while_both_wait() -> None:
    wait("alice book")
    wait("bob book")
    wait("carol book")
    every = list(turns({"alice book": 9, "bob book": 6, "carol book": 3}))
    assert Counter(every[:9]) == {"alice book": 3, "bob book": 3, "carol book": 3}
    assert Counter(every[9:15]) == {"alice book": 3, "bob book": 3}


def test_two_workers_take_documents_of_two_tenants() -> None:
    for name in ("alice 1", "alice 2", "bob 1"):
        wait(name)
    assert [take()[0].filename for _ in range(3)] == ["alice 1", "bob 1", "alice 2"]


def test_what_somebody_works_on_is_nobody_elses_turn() -> None:
    wait("alice book")
    take()
    assert claim_next(with_embedding=True) is None


def test_what_failed_was_stopped_or_waits_has_no_turn() -> None:
    wait("alice failed", status=Status.FAILED, error_code="unreadable_pdf")
    wait("alice stopped", status=Status.CANCELLED)
    wait("alice indexed", status=Status.INDEXED)
    wait("alice words only", status=Status.EMBEDDING, error_code="worker_died")
    wait("alice later", not_before=clock.now() + timedelta(hours=1))
    assert list(turns({})) == []


def test_what_waited_long_enough_has_its_turn() -> None:
    wait("alice again", not_before=clock.now())
    assert list(turns({})) == ["alice again"]


def test_without_an_embedder_what_was_read_has_no_turn() -> None:
    wait("alice read", status=Status.EMBEDDING)
    wait("bob new")
    claimed = claim_next(with_embedding=False)
    assert claimed
    assert claimed[0].filename == "bob new"
    assert claim_next(with_embedding=False) is None


def test_two_hundred_small_documents_of_twenty_tenants_are_done_while_a_large_one_waits_its_turns() -> None:
    names = [f"tenant{tenant} {number}" for number in range(10) for tenant in range(20)]
    wait("reader book", size_bytes=80_000_000)
    for name in names:
        wait(name)
    order = list(turns({"reader book": 60}))
    last_small = max(order.index(name) for name in names)
    assert order[: last_small + 1].count("reader book") == 9  # its share: a twenty-first of the turns
    for round_at in range(0, 210, 21):
        assert len({name.split()[0] for name in order[round_at : round_at + 21]}) == 21


def test_whoever_was_served_for_long_waits_until_the_others_have_had_as_much() -> None:
    wait("alice book")
    for number in range(9):
        wait(f"bob {number}")
    version, claim = take()
    assert version.filename == "alice book"
    claim.release(status=Status.EMBEDDING)
    end_turn(version, 30.0, with_embedding=True)
    order = turns({})
    assert [next(order).split()[0] for _ in range(9)] == ["bob"] * 9
    assert next(order) == "alice book"


def test_a_long_turn_is_forgotten_after_a_minute() -> None:
    wait("alice book")
    wait("bob 1")
    wait("bob 2")
    version, claim = take()
    claim.release(status=Status.EMBEDDING)
    end_turn(version, 100_000.0, with_embedding=True)
    DocumentVersion.objects.filter(filename="bob 1").update(claimed_at=clock.now() + timedelta(seconds=90))
    assert next(turns({})) == "alice book"


def test_a_turn_with_nobody_else_waiting_costs_nothing() -> None:
    wait("alice book")
    version, claim = take()
    claim.release(status=Status.EMBEDDING, claimed_at=clock.now() - timedelta(seconds=30))
    end_turn(version, 30.0, with_embedding=True)
    version.refresh_from_db()
    assert version.claimed_at
    assert version.claimed_at <= clock.now()


def test_the_turn_of_a_deleted_document_counts_for_nothing() -> None:
    wait("alice book")
    version, _ = take()
    version.document.delete()
    end_turn(version, 30.0, with_embedding=True)
    assert not DocumentVersion.objects.exists()


def test_a_worker_that_came_too_late_for_one_of_a_tenants_documents_serves_another_tenant(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("alice 1", "alice 2", "bob 1"):
        wait(name)
    first = DocumentVersion.objects.get(filename="alice 1")

    def lose_the_first(version: DocumentVersion) -> Claim | None:
        if version.pk == first.pk:
            first.refresh_from_db()
            try_claim(first)
            return None
        return try_claim(version)

    monkeypatch.setattr("hellotutor.ingestion.turns.try_claim", lose_the_first)
    assert take()[0].filename == "bob 1"
