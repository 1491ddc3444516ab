"""Reading a document again that could not be read."""

from __future__ import annotations

from hellotutor.documents.models import DocumentVersion

from .tasks import request_ingestion

_Status = DocumentVersion.Status


def retry_ingestion(version: DocumentVersion) -> None:
    """Queue a version again that failed or was stopped; one that was read goes on from there, others are left alone."""
    mine = DocumentVersion.objects.filter(pk=version.pk)
    ended = mine.filter(status__in=(_Status.FAILED, _Status.CANCELLED))
    anew = {"error_code": "", "error_message": "", "attempts": 0, "deaths": 0, "not_before": None}
    if ended.update(status=_Status.QUEUED, **anew) or mine.filter(status=_Status.EMBEDDING).update(**anew):
        version.not_before = None
        request_ingestion(version)
