"""What a learner can do to the reading of a document, whether a page or the API was asked for it."""

from __future__ import annotations

from hellotutor.documents import selectors
from hellotutor.documents.models import Document, DocumentVersion
from hellotutor.documents.selectors import find_standing
from hellotutor.ingestion.retries import retry_ingestion
from hellotutor.ingestion.services import cancel_ingestion

from . import composition

_Status = DocumentVersion.Status
_ENDED = (_Status.FAILED, _Status.CANCELLED)


def is_in_hand(version: DocumentVersion) -> bool:
    """Say whether something is done to a version, or will be, without anybody asking for it."""
    return selectors.is_in_hand(version, with_embedding=composition.embedder() is not None)


def stop_reading(document: Document) -> bool:
    """Stop what is done to a document: to its replacement, otherwise to itself; say whether there was something."""
    return any(is_in_hand(version) and cancel_ingestion(version) for version in _newest_first(document))


def try_again(document: Document) -> bool:
    """Go on with whatever of a document failed or was stopped; say whether there was something."""
    ended = [one for one in _newest_first(document) if one.error_code or one.status in _ENDED]
    for version in ended:
        retry_ingestion(version)
    return bool(ended)


def _newest_first(document: Document) -> list[DocumentVersion]:
    standing = find_standing(document)
    return [version for version in (standing.replacement, standing.current) if version]
