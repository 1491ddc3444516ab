"""What the background worker does with documents that were added: one slice after the other, the fairest first."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string
from django_tasks import task
from django_tasks_db.models import DBTaskResult

from hellotutor.core import clock
from hellotutor.core.errors import Invalid, NotFound, Unavailable
from hellotutor.documents.models import DocumentVersion
from hellotutor.monitoring import capture, catalogue, count
from hellotutor.retrieval.vector_sets import StampChanged

from .claim import Claim, ClaimLost, kept
from .rag_ingestion import IngestionParts, ingest_document
from .removals import sweep_removals
from .turns import claim_next, end_turn, list_waiting

_SLICE_S = 3.0  # then somebody else's turn has come, where somebody waits
_MOST_RINGS = 4  # more workers than that find work by their own sweep
_STAMP_PAUSE_S = 2.0
_stopping = threading.Event()
_Status = DocumentVersion.Status


def request_ingestion(version: DocumentVersion) -> None:
    """Let the worker know of a version, once the transaction at hand is committed."""
    transaction.on_commit(lambda: _ring(version.not_before))


def request_unfinished() -> None:
    """Let the worker know where versions wait of which no task in the queue knows."""
    rings = DBTaskResult.objects.ready().filter(task_path=ingest_next.module_path)
    waiting = list_waiting(with_embedding=_parts().embedder is not None)[:_MOST_RINGS].count()
    for _ in range(waiting - rings.count()):
        _ring()


def remove_what_is_due() -> None:
    """Remove the files that a deletion or an upload which ended early has left."""
    sweep_removals(_parts())


def stop_ingesting() -> None:
    """Let `ingest_next` end after the batch at hand, in this process for good."""
    _stopping.set()


@task()
def ingest_next() -> int:
    """Work on whatever waits, in slices, until nothing does; return how many slices that were.

    A file that can't be read is its version's failure, told there, and not the task's.
    """
    try:
        return _work_off()
    except Exception as error:
        capture(catalogue.INGEST_UNEXPECTED, error)
        raise


def _work_off() -> int:
    slices = 0
    while not _stopping.is_set():
        parts = _parts()  # anew each time: other vectors may have come into force
        with_embedding = parts.embedder is not None
        claimed = claim_next(with_embedding=with_embedding)
        if claimed is None:
            break
        slices += 1
        version, claim = claimed
        started = time.monotonic()
        is_of_use = _work_on(version, claim, parts)
        end_turn(version, time.monotonic() - started, with_embedding=with_embedding)
        if not is_of_use:
            break
    return slices


def _work_on(version: DocumentVersion, claim: Claim, parts: IngestionParts) -> bool:
    """Work a slice of a version, whose outcome is kept with it; return False where these parts are of no use now."""
    try:
        with kept(claim):
            _work_a_slice(version, claim, parts)
    except ClaimLost:
        count("ingestion.claim_lost")
    except StampChanged:
        _ring(clock.now() + timedelta(seconds=_STAMP_PAUSE_S))
        return False
    except (NotFound, Invalid):
        return True
    except Unavailable:
        if version.not_before is not None:
            _ring(version.not_before)
    return True


def _work_a_slice(version: DocumentVersion, claim: Claim, parts: IngestionParts) -> None:
    started = time.monotonic()
    with closing(ingest_document(version, parts, claim)) as batches:
        for _ in batches:
            if _stopping.is_set():
                return
            waiting = list_waiting(with_embedding=parts.embedder is not None)
            if version.is_read and waiting.filter(status=_Status.QUEUED).exists():
                return  # its vectors come after what can't be studied yet
            if time.monotonic() - started > _SLICE_S and waiting.exists():
                return


def _ring(not_before: datetime | None = None) -> None:
    ingest_next.using(run_after=not_before).enqueue()


def _parts() -> IngestionParts:
    parts: IngestionParts = import_string(settings.INGESTION_PARTS)()
    return parts
