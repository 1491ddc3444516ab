"""What becomes of a version when work on it fails: it fails with a reason, it is tried again later, or it has gone."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from django.db import Error, InterfaceError, OperationalError, connection

from hellotutor.core import clock
from hellotutor.core.database_errors import name_database_error
from hellotutor.core.errors import HelloTutorError, Invalid, NotFound, Unavailable
from hellotutor.documents.models import DocumentVersion
from hellotutor.monitoring import capture, count
from hellotutor.monitoring.catalogue import Failure
from hellotutor.retrieval.vector_sets import StampChanged

from .claim import Claim, ClaimLost

_FIRST_PAUSE_S, _MOST_PAUSE_S = 2.0, 300.0
_JITTER = 0.2
_Status = DocumentVersion.Status


def settle(
    version: DocumentVersion,
    claim: Claim,
    failure: Failure,
    error: Exception,
    *,
    most_attempts: int,
    **fields: str | int,
) -> HelloTutorError:
    """Keep with the version what a failure means for it, and hand it back; return what is to be raised.

    What the file is to blame for is counted. What may pass is tried again, after a pause that doubles, until it
    was tried `most_attempts` times. Everything else, and what didn't pass, is captured. Words that are to be indexed
    again are tried for ever, at the longest pause, and captured once.
    """
    connection.close_if_unusable_or_obsolete()
    if _is_gone(version):
        return NotFound("document_deleted", "The document was deleted while it was being read.")
    if isinstance(error, ClaimLost | StampChanged):
        return error
    if isinstance(error, Invalid):
        count(f"document.{error.code}")
        _fail(version, claim, error)
        return error
    named = _name(version, failure, error)
    if named.retryable and not _is_whole(version) and version.attempts + 1 < most_attempts:
        count("ingestion.postponed")
        _postpone(version, claim, named)
        return named
    is_known = version.wants_words and version.error_code == named.code
    if _fail(version, claim, named) and not is_known:
        document_id, user_id = str(version.document.public_id), str(version.owner.public_id)
        capture(failure, error, document_id=document_id, user_id=user_id, **fields)
    return named


def _is_gone(version: DocumentVersion) -> bool:
    """Say whether the version was deleted meanwhile; not when the database itself is what failed."""
    try:
        return not DocumentVersion.objects.filter(pk=version.pk).exists()
    except Error:
        return False


def _name(version: DocumentVersion, failure: Failure, error: Exception) -> HelloTutorError:
    if isinstance(error, HelloTutorError):
        return error
    if isinstance(error, OperationalError | InterfaceError):
        return name_database_error(error)
    if version.is_read:
        message = "Preparing it for search by meaning failed inside HelloTutor. Try it again."
        return Unavailable("embedding_failed", message, retryable=False)
    where = (failure.stage or "reading").replace("_", " ")
    message = f"Reading it failed inside HelloTutor ({where}). Try it again."
    return Unavailable("reading_failed", message, retryable=False)


def _is_whole(version: DocumentVersion) -> bool:
    """Say whether a version was only looked at: it lacks nothing, so that nothing is kept or tried again."""
    return version.status == _Status.INDEXED and not version.wants_words


def _fail(version: DocumentVersion, claim: Claim, error: HelloTutorError) -> bool:
    if _is_whole(version):
        return _hand_back(version, claim)
    if not version.is_read:  # one that was read can be studied and searched by words: not lost
        version.status = _Status.FAILED
    version.error_code, version.error_message = error.code, error.message
    if version.wants_words:
        version.not_before = _find_next_moment(_MOST_PAUSE_S)
    else:
        version.attempts = 0
    return _hand_back(version, claim, "status", "error_code", "error_message", "attempts", "not_before")


def _postpone(version: DocumentVersion, claim: Claim, error: HelloTutorError) -> None:
    version.not_before = _find_next_moment(min(_FIRST_PAUSE_S * 2**version.attempts, _MOST_PAUSE_S))
    version.attempts += 1
    version.error_message = error.message
    _hand_back(version, claim, "attempts", "not_before", "error_message")


def _find_next_moment(pause_s: float) -> datetime:
    """Return when a pause that begins now has ended; no two are equally long, so that not all is tried at once."""
    return clock.now() + timedelta(seconds=pause_s * random.uniform(1 - _JITTER, 1 + _JITTER))  # noqa: S311


def _hand_back(version: DocumentVersion, claim: Claim, *names: str) -> bool:
    """Write these fields for the last time; return False where the version is another process's by now."""
    try:
        claim.release(**{name: getattr(version, name) for name in names})
    except ClaimLost:
        return False
    except Error:  # the error at hand says more than this one would, and the lease runs out
        connection.close_if_unusable_or_obsolete()
    return True
