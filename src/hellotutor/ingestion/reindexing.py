"""Making every vector anew, beside those in force, and putting the new ones in their place in one step.

While it runs, search asks the vectors in force and workers add to them. It may end anywhere, however it ends: what it
made is counted in the index, and the next run goes on from there. A version is done as long as nobody has claimed it
since; the switch looks at all of them again, in the transaction that makes it, so that none falls between.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F, QuerySet

from hellotutor.accounts.auth import get_tenant_tag
from hellotutor.core import clock
from hellotutor.core.errors import HelloTutorError, Unavailable
from hellotutor.documents.models import DocumentVersion
from hellotutor.embeddings.base import Embedder
from hellotutor.monitoring import capture, catalogue
from hellotutor.monitoring.catalogue import Failure
from hellotutor.retrieval import vector_sets
from hellotutor.retrieval.base import IndexStamp, VectorIndex
from hellotutor.retrieval.search import stamp_of

from .claim import Claim, ClaimLost, claimed
from .embedding import Embedding
from .findings import describe

_POLL_S, _PAUSE_S = 0.3, 2.0
_MOST_TRIES = 2
_MOST_FAILURES = 3  # one after the other: then it isn't the documents
_ROWS = 500
_Status = DocumentVersion.Status
_READ = (_Status.EMBEDDING, _Status.INDEXED)


@dataclass(slots=True)
class Tally:
    """How far it has come.

    Attributes:
        documents: versions that are done.
        documents_total: versions that have been read.
        passages: that have a new vector.
        passages_total: of those versions.
        embedded: passages embedded by this run.
    """

    documents: int = 0
    documents_total: int = 0
    passages: int = 0
    passages_total: int = 0
    embedded: int = 0


@dataclass(frozen=True, slots=True)
class Failed:
    """A version that could not be embedded.

    Attributes:
        subject: which one, by ids that say nothing of a person.
        error: why.
    """

    subject: str
    error: HelloTutorError


class _StageFailed(Exception):
    """A step failed; carries which, and what is told of it."""

    def __init__(self, failure: Failure, error: Exception, fields: dict[str, Any]) -> None:
        super().__init__(failure.name)
        self.failure, self.error, self.fields = failure, error, fields

    @property
    def named(self) -> HelloTutorError:
        """What it failed with, in a sentence for a person."""
        if isinstance(self.error, HelloTutorError):
            return self.error
        where = (self.failure.stage or "embedding").replace("_", " ")
        message = f"Making vectors failed inside HelloTutor ({where})."
        return Unavailable("embedding_failed", message, retryable=False)


class Reindexing:
    """One run; nobody else may run one meanwhile."""

    def __init__(self, index: VectorIndex, embedder: Embedder, *, is_stopped: Callable[[], bool]) -> None:
        """Make vectors that are to follow those in force.

        Args:
            index: where the new ones go.
            embedder: what makes them.
            is_stopped: asked after every batch; True ends what goes on.
        """
        self._index, self._embedder, self._is_stopped = index, embedder, is_stopped
        self._done: dict[int, int] = {}  # by version, the claim under which it was done
        self._found: set[int] = set()  # what runs before have made whole, as far as is known
        self._counts: dict[int, int] = {}
        self._tries: dict[int, int] = {}
        self._failures = 0
        self.failed: dict[int, Failed] = {}
        self.tally = Tally()

    def begin(self) -> None:
        """Note that these vectors are about to be made, once embedder and index have shown that they work.

        Raises:
            Unavailable: one of them doesn't, which has been captured.
        """
        stamp = stamp_of(self._embedder)
        try:
            with _stage(catalogue.INGEST_EMBEDDING, chunk_count=1):
                self._embedder.embed(["It works."])
            with _stage(catalogue.INGEST_INITIALIZATION, index=self._index.name):
                self._index.prepare(stamp)
                self._count_what_is_there(stamp)
        except _StageFailed as failed:
            capture(failed.failure, failed.error, **failed.fields)
            raise failed.named from failed.error
        vector_sets.begin_set(self._index.place, stamp)

    def embed(self) -> Iterator[Tally]:
        """Embed all that has been read, also what comes meanwhile; yield after every batch.

        What a worker has in hand is left to it: it ends in the vectors in force, whichever these are by then.

        Raises:
            Unavailable: the index, the embedder or the database failed one document after the other.
        """
        while left := self._list_left():
            is_waiting = True
            for pk in left:
                if self._is_stopped():
                    return
                with claimed(pk) as work:
                    if work and work[0].is_read:
                        is_waiting = False
                        yield from self._embed(*work)
            if is_waiting and set(left.values()) == {_Status.EMBEDDING}:
                return
            if is_waiting or self._failures:
                time.sleep(_PAUSE_S if self._failures else _POLL_S)

    def switch(self) -> bool:
        """Put the new vectors in force, but for those that failed; return False where another version came meanwhile.

        What failed is searched by its words from then on, and says why.
        """
        with transaction.atomic():
            vector_sets.lock_in_force()
            rows = list(_readable().values_list("pk", "status", "claim_token"))
            whole = {pk for pk, _, token in rows if self._done.get(pk) == token}
            if any(status == _Status.INDEXED and pk not in whole | self.failed.keys() for pk, status, _ in rows):
                return False
            vector_sets.put_in_force(self._index.place, stamp_of(self._embedder))
            self._mark(pk for pk, status, _ in rows if status == _Status.EMBEDDING and pk in whole)
        return True

    def _count_what_is_there(self, stamp: IndexStamp) -> None:
        last, rows = 0, _readable().select_related("owner").order_by("pk")
        while batch := list(rows.filter(pk__gt=last)[:_ROWS]):
            places = [(get_tenant_tag(one.owner.public_id), str(one.public_id)) for one in batch]
            for version, count in zip(batch, self._index.count_many(places, stamp=stamp), strict=True):
                self._counts[version.pk] = min(count, version.passages_read)
                if count >= version.passages_read:
                    self._found.add(version.pk)
            last = batch[-1].pk

    def _list_left(self) -> dict[int, str]:
        """Return the versions that aren't done and haven't failed for good, by their status; count all anew."""
        rows = list(_readable().order_by("pk").values_list("pk", "status", "claim_token", "passages_read"))
        done = {pk for pk, _, token, _ in rows if self._done.get(pk) == token}
        self._found &= {pk for pk, *_ in rows} - self.failed.keys()
        self.tally.documents, self.tally.documents_total = len(done | self._found), len(rows)
        self.tally.passages = sum(self._counts.get(pk, 0) for pk, *_ in rows)
        self.tally.passages_total = sum(passages for *_, passages in rows)
        return {pk: status for pk, status, *_ in rows if pk not in done and pk not in self.failed}

    def _embed(self, version: DocumentVersion, claim: Claim) -> Iterator[Tally]:
        embedding = Embedding(version, self._index, self._embedder, _stage, claim.check)
        try:
            with contextlib.closing(embedding.run()) as counts:
                had = next(counts)
                if had < version.passages_read:
                    self._found.discard(version.pk)
                yield self._count(version.pk, had, embedded=0)
                for count in counts:
                    yield self._count(version.pk, count, embedded=count - self._counts[version.pk])
                    if self._is_stopped():
                        return
            embedding.finish()
            claim.release(deaths=0)
        except ClaimLost:  # deleted, stopped, or taken over by somebody who believed us dead: it is looked at again
            return
        except _StageFailed as failed:
            self._note(version, failed)
            return
        self._done[version.pk], self._failures = claim.token, 0
        self.tally.documents += version.pk not in self._found
        yield self.tally

    def _count(self, pk: int, count: int, *, embedded: int) -> Tally:
        self.tally.passages += count - self._counts.get(pk, 0)
        self.tally.embedded += embedded
        self._counts[pk] = count
        return self.tally

    def _note(self, version: DocumentVersion, failed: _StageFailed) -> None:
        """Keep what a version failed with, once it was tried often enough.

        Raises:
            Unavailable: several have failed, one after the other.
        """
        self._tries[version.pk] = self._tries.get(version.pk, 0) + 1
        self._failures += 1
        is_over = self._failures >= _MOST_FAILURES
        if not is_over and self._tries[version.pk] < _MOST_TRIES:
            return
        document_id, user_id = str(version.document.public_id), str(version.owner.public_id)
        capture(failed.failure, failed.error, document_id=document_id, user_id=user_id, **failed.fields)
        if is_over:
            raise failed.named from failed.error
        self.failed[version.pk] = Failed(describe(version), failed.named)

    def _mark(self, embedded: Iterable[int]) -> None:
        """Let the rows of the versions say what is so with the new vectors."""
        whole = list(embedded)
        anew = {"error_code": "", "error_message": "", "attempts": 0, "not_before": None}
        for start in range(0, len(whole), _ROWS):
            rows = DocumentVersion.objects.filter(pk__in=whole[start : start + _ROWS], status=_Status.EMBEDDING)
            ended = {"status": _Status.INDEXED, "passages_embedded": F("passages_read"), "indexed_at": clock.now()}
            rows.update(**ended, **anew)
        for pk, failed in self.failed.items():
            error = {"error_code": failed.error.code, "error_message": failed.error.message}
            _readable().filter(pk=pk).update(status=_Status.EMBEDDING, indexed_at=None, **error)
        DocumentVersion.objects.exclude(status=_Status.INDEXED).filter(passages_embedded__gt=0).update(
            passages_embedded=0
        )


def clear_away(open_index: Callable[[str], VectorIndex], *, is_stopped: Callable[[], bool]) -> Iterator[int]:
    """Remove the vectors that aren't in force; yield, after each version, how many have been gone through.

    Args:
        open_index: returns the index of a place.
        is_stopped: asked after every version; True leaves the rest to the next run.

    Raises:
        Unavailable: an index can't be asked, which has been captured; the next run begins with it.
    """
    looked_at = 0
    for old in vector_sets.list_not_in_force():
        index = open_index(old.place)
        for version in _each_version():
            if is_stopped():
                return
            tenant = get_tenant_tag(version.owner.public_id)
            try:
                index.forget(tenant=tenant, version_id=str(version.public_id), stamp=old.stamp)
            except Unavailable as error:
                capture(catalogue.REMOVAL, error, index=index.name)
                raise
            looked_at += 1
            yield looked_at
        old.delete()


def _readable() -> QuerySet[DocumentVersion]:
    return DocumentVersion.objects.filter(status__in=_READ)


def _each_version() -> Iterator[DocumentVersion]:
    """Yield every version, in the order of their rows; no query stays open meanwhile."""
    last = 0
    versions = DocumentVersion.objects.select_related("owner").order_by("pk")
    while rows := list(versions.filter(pk__gt=last)[:_ROWS]):
        yield from rows
        last = rows[-1].pk


@contextlib.contextmanager
def _stage(failure: Failure, **fields: str | int) -> Generator[None]:
    try:
        yield
    except (ClaimLost, OperationalError, InterfaceError):
        raise
    except Exception as error:
        raise _StageFailed(failure, error, fields) from error
