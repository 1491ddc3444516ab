"""Mending what `hellotutor check` finds, under a claim: what somebody works on is left alone."""

from __future__ import annotations

from django.core.files.storage import Storage

from hellotutor.documents.local_copies import forget_local_copy
from hellotutor.documents.models import DocumentVersion, Removal

from .claim import ClaimLost, claimed
from .rag_ingestion import IngestionParts, read_document
from .removals import IndexParts, remove_files
from .tasks import request_ingestion

_Status = DocumentVersion.Status
_ANEW = {"error_code": "", "error_message": "", "attempts": 0, "deaths": 0, "not_before": None}
_QUEUED = "queued for the worker"


def read_anew(version_pk: int) -> str:
    """Have a version read from its first page, as if by another reader: all that was made of it is made again."""
    return _queue(version_pk, status=_Status.QUEUED, reader="", splitter="")


def go_on(version_pk: int) -> str:
    """Have a worker go on with a version where it stands."""
    version = DocumentVersion.objects.filter(pk=version_pk).first()
    if version is None:
        return ""
    if version.is_read and version.pages_total == version.pages_read:
        return embed_again(version_pk, min(version.passages_embedded, version.passages_read))
    return _queue(version_pk, status=_Status.QUEUED)


def embed_again(version_pk: int, passages_embedded: int) -> str:
    """Have the vectors made from this passage on."""
    return _queue(version_pk, status=_Status.EMBEDDING, passages_embedded=passages_embedded, indexed_at=None)


def mend_segments(version_pk: int, parts: IngestionParts) -> str:
    """Build the segments of a version that has been read.

    Raises:
        Unavailable: the storage failed, which was captured.
    """
    with claimed(version_pk) as work:
        if work is None:
            return ""
        version, claim = work
        for _ in read_document(version, parts, claim):
            pass
        return "indexed again"


def carry_out(removal: Removal, parts: IndexParts) -> str:
    """Remove the files that are overdue; empty where that failed again."""
    remove_files([removal], parts)
    return "" if removal.pk else "removed"


def call_off(removal: Removal) -> str:
    """Forget a note that would remove the files of a living version."""
    removal.delete()
    return "the note is gone, the files stay"


def remove_object(storage: Storage, key: str) -> str:
    """Remove an uploaded file that belongs to nobody.

    Raises:
        Unavailable: the storage failed.
    """
    storage.delete(key)
    forget_local_copy(key)
    return "removed"


def _queue(version_pk: int, **fields: object) -> str:
    with claimed(version_pk) as work:
        if work is None:
            return ""
        version, claim = work
        try:
            claim.release(**_ANEW, **fields)
        except ClaimLost:
            return ""
        version.not_before = None
        request_ingestion(version)
        return _QUEUED
