"""Whose turn it is: the fairest of the versions that wait."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from django.db import DatabaseError
from django.db.models import Case, F, IntegerField, Max, OuterRef, Q, QuerySet, Subquery, Value, When

from hellotutor.core import clock
from hellotutor.core.errors import Unavailable
from hellotutor.documents.models import DocumentVersion
from hellotutor.documents.selectors import in_hand
from hellotutor.monitoring import capture, catalogue

from .claim import Claim, ClaimLost, is_free, try_claim

MOST_DEATHS = 5
_LOOKED_AT = 20
_LONGEST_WAIT_S = 60.0  # so that those who come later don't keep somebody waiting for what was once served
_Status = DocumentVersion.Status
_WANTS_WORDS = Q(wants_words=True, status__in=(_Status.EMBEDDING, _Status.INDEXED))


def list_waiting(*, with_embedding: bool) -> QuerySet[DocumentVersion]:
    """Return the versions that can be worked on now, the fairest first; those too whose words are to be indexed again.

    A higher priority comes first; then the tenant that was served longest ago, as `end_turn` counts; of one tenant's,
    what nothing is known of yet, so that it can be studied, and the smaller before the larger.

    Args:
        with_embedding: whether vectors can be made: otherwise what has been read waits for nothing.
    """
    now = clock.now()
    served = DocumentVersion.objects.filter(owner=OuterRef("owner"), claimed_at__isnull=False).order_by("-claimed_at")
    is_begun = Case(When(status=_Status.QUEUED, then=Value(0)), default=Value(1), output_field=IntegerField())
    return (
        DocumentVersion.objects.filter(is_free(now), in_hand(with_embedding=with_embedding) | _WANTS_WORDS)
        .filter(Q(not_before__isnull=True) | Q(not_before__lte=now))
        .select_related("document", "owner")
        .annotate(served_at=Subquery(served.values("claimed_at")[:1]), is_begun=is_begun)
        .order_by("-priority", F("served_at").asc(nulls_first=True), "is_begun", "size_bytes", "pk")
    )


def claim_next(*, with_embedding: bool) -> tuple[DocumentVersion, Claim] | None:
    """Claim the fairest version that waits; None when none does.

    One that whoever worked on it died of again and again is set aside: it fails with `worker_died`.
    """
    while candidates := list(list_waiting(with_embedding=with_embedding)[:_LOOKED_AT]):
        served: set[int] = set()
        for version in candidates:
            claim = None if version.owner_id in served else try_claim(version)
            if claim is None:  # another worker serves this tenant since the list was made
                served.add(version.owner_id)
                continue
            if version.lease_until is not None and version.deaths + 1 >= MOST_DEATHS:
                _set_aside(version, claim)
                continue
            version.claim_token = claim.token
            return version, claim
    return None


def end_turn(version: DocumentVersion, worked_s: float, *, with_embedding: bool) -> None:
    """Let the tenant's next turn come when each of the others that wait has had as much time: it may have had a lot.

    Args:
        version: what was worked on; one that was deleted meanwhile counts for nothing.
        worked_s: how long, until now.
        with_embedding: as for `list_waiting`.
    """
    now = clock.now()
    owned = DocumentVersion.objects.filter(owner=version.owner_id)
    with suppress(DatabaseError):  # then this turn counts as a short one
        tenants = list_waiting(with_embedding=with_embedding).order_by().values("owner").distinct().count()
        leased = DocumentVersion.objects.filter(lease_until__gte=now).values("claimed_by").distinct()
        workers = 1 + leased.count()
        last = owned.aggregate(last=Max("claimed_at"))["last"] or now
        due = max(last, now - timedelta(seconds=worked_s)) + timedelta(seconds=worked_s * tenants / workers)
        latest = now + timedelta(seconds=_LONGEST_WAIT_S)
        DocumentVersion.objects.filter(pk=version.pk).update(claimed_at=min(due, latest))


def _set_aside(version: DocumentVersion, claim: Claim) -> None:
    error = Unavailable(
        "worker_died",
        "Reading it ended the program each time: save the file anew with another program, and try again.",
        retryable=False,
    )
    # one that was read can be studied and searched by words
    status = version.status if version.is_read else _Status.FAILED
    with suppress(ClaimLost):
        claim.release(status=status, error_code=error.code, error_message=error.message, wants_words=False)
        document_id, user_id = str(version.document.public_id), str(version.owner.public_id)
        capture(catalogue.INGEST_UNEXPECTED, error, document_id=document_id, user_id=user_id)
