"""Who works on a version: one process at a time, whatever the machine, for as long as its lease is renewed.

A claim raises the version's token, and every write of the work is made under that token: whoever was taken for dead and
comes back writes nothing any more. Clocks that differ between machines can end a lease too early, which costs work
done twice, and never what is kept.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta

from django.conf import settings
from django.db import Error, connection
from django.db.models import F, Q, QuerySet

from hellotutor.core import clock
from hellotutor.core.errors import Conflict
from hellotutor.documents.models import DocumentVersion
from hellotutor.documents.selectors import in_hand

from .holders import holder_id, is_gone

_POLL_S = 0.2
_BEATS_PER_LEASE = 4


class ClaimLost(Conflict):
    """Another process works on the version now, or it has been deleted: nothing more may be written."""

    def __init__(self) -> None:
        super().__init__("claim_lost", "Another program has taken the document over.")


class Claim:
    """The right to work on a version."""

    def __init__(self, version_pk: int, token: int) -> None:
        """Hold the claim that raised the version's token to `token`."""
        self._mine = DocumentVersion.objects.filter(pk=version_pk, claim_token=token)
        self._counted_at = time.monotonic()
        self.token = token

    def check(self) -> None:
        """Make sure that nobody took the version over.

        Raises:
            ClaimLost: somebody did, or the version is gone.
        """
        if not self._mine.exists():
            raise ClaimLost

    def update(self, **fields: object) -> None:
        """Write to the version's row and renew the lease.

        Raises:
            ClaimLost: as for `check`; nothing was written.
        """
        self._write(lease_until=_lease_end(), **fields)

    def renew(self) -> None:
        """Renew the lease.

        Raises:
            ClaimLost: as for `check`, or it has been handed back.
        """
        if not self._mine.filter(lease_until__isnull=False).update(lease_until=_lease_end()):
            raise ClaimLost

    def release(self, **fields: object) -> None:
        """Write to the version's row for the last time, and let others claim it.

        Raises:
            ClaimLost: as for `check`; nothing was written.
        """
        self._write(lease_until=None, **fields)

    def _write(self, **fields: object) -> None:
        now = time.monotonic()
        if not self._mine.update(working_s=F("working_s") + (now - self._counted_at), **fields):
            raise ClaimLost
        self._counted_at = now


_kept: set[Claim] = set()


def is_free(now: datetime) -> Q:
    """Return what is true of a version that nobody works on."""
    leased = DocumentVersion.objects.filter(lease_until__gte=now).values_list("claimed_by", flat=True).distinct()
    gone = [holder for holder in leased if is_gone(holder)]
    return Q(lease_until__isnull=True) | Q(lease_until__lt=now) | Q(claimed_by__in=gone)


def end_dead_claims() -> None:
    """Take back the claims of processes that died after all was done: nobody else claims those versions."""
    now = clock.now()
    claimed = DocumentVersion.objects.filter(is_free(now), lease_until__isnull=False)
    claimed.exclude(in_hand()).update(lease_until=None)


def try_claim(version: DocumentVersion) -> Claim | None:
    """Claim a version whose row was just read; None when somebody works on it, or took it meanwhile.

    The lease of whoever died is counted in `version.deaths`.
    """
    now = clock.now()
    seen: QuerySet[DocumentVersion] = DocumentVersion.objects.filter(pk=version.pk, claim_token=version.claim_token)
    has_died = version.lease_until is not None
    taken = seen.filter(is_free(now)).update(
        claim_token=version.claim_token + 1,
        claimed_by=holder_id(),
        claimed_at=now,
        lease_until=_lease_end(now),
        deaths=version.deaths + has_died,
    )
    return Claim(version.pk, version.claim_token + 1) if taken else None


@contextmanager
def claim_version(
    version: DocumentVersion,
    *,
    is_stopped: Callable[[], bool] = lambda: False,
    on_wait: Callable[[], None] = lambda: None,
) -> Iterator[Claim | None]:
    """Work on a version alone, waiting for whoever does; handed back at the end.

    Args:
        version: what is read or embedded; read anew from its row.
        is_stopped: asked while waiting; True gives the wait up.
        on_wait: called once when somebody else works on it.

    Yields:
        The claim; None only when the wait was given up.

    Raises:
        DocumentVersion.DoesNotExist: it was deleted while this waited.
    """
    is_waiting = False
    while not is_stopped():
        version.refresh_from_db()
        if claim := try_claim(version):
            with kept(claim):
                yield claim
            return
        if not is_waiting:
            on_wait()
        is_waiting = True
        time.sleep(_POLL_S)
    yield None


@contextmanager
def claimed(version_pk: int) -> Iterator[tuple[DocumentVersion, Claim] | None]:
    """Yield a version under a claim; None at once where somebody works on it, or it has gone."""
    version = DocumentVersion.objects.select_related("document", "owner").filter(pk=version_pk).first()
    claim = try_claim(version) if version else None
    if version is None or claim is None:
        yield None
        return
    with kept(claim):
        yield version, claim


@contextmanager
def kept(claim: Claim) -> Iterator[None]:
    """Renew the lease while the block runs, and hand it back at the end, unless that has been done or it was lost."""
    is_over = threading.Event()
    beating = threading.Thread(target=_beat, args=(claim, is_over), name="lease", daemon=True)
    beating.start()
    _kept.add(claim)
    try:
        yield
    finally:
        _kept.discard(claim)
        is_over.set()
        beating.join()
        with suppress(ClaimLost, Error):  # the lease runs out by itself
            claim.release()


def hand_back() -> None:
    """Let others claim at once what this process works on, which is about to end in the middle of it."""
    for claim in list(_kept):
        with suppress(ClaimLost, Error):
            claim.release(claim_token=F("claim_token") + 1)  # what still runs writes nothing any more


def _beat(claim: Claim, is_over: threading.Event) -> None:
    pause_s = settings.INGEST_LEASE_S / _BEATS_PER_LEASE
    try:
        while not is_over.wait(pause_s):
            try:
                claim.renew()
            except Error:  # locked for long, or the connection is lost: there is a next beat, on another one
                connection.close()
    except ClaimLost:  # the work finds out at its next write
        return
    finally:
        connection.close()


def _lease_end(now: datetime | None = None) -> datetime:
    return (now or clock.now()) + timedelta(seconds=settings.INGEST_LEASE_S)
