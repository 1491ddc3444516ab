"""What versions lack, found out without claiming them: a question changes nothing of those that lack nothing."""

from __future__ import annotations

from collections.abc import Sequence

from hellotutor.accounts.auth import get_tenant_tag
from hellotutor.core.errors import Unavailable
from hellotutor.documents.models import DocumentVersion
from hellotutor.monitoring import capture, catalogue
from hellotutor.retrieval.search import stamp_of

from .rag_ingestion import IngestionParts

_Status = DocumentVersion.Status


def lacks_words(version: DocumentVersion, parts: IngestionParts) -> bool:
    """Say whether a version isn't read to its end, or isn't found by its words; also where nobody can say."""
    if not version.is_read or version.wants_words:
        return True
    tenant, version_id = _place(version)
    try:
        return parts.lexical.count(tenant=tenant, version_id=version_id) < version.passages_read
    except Unavailable:  # whoever goes on with it meets that again, and tells of it
        return True


def list_without_vectors(versions: Sequence[DocumentVersion], parts: IngestionParts) -> list[DocumentVersion]:
    """Return those of the versions, all of them read, that lack vectors, or whose rows say so; all read anew.

    Raises:
        Unavailable: the index can't be looked at, which has been captured.
        DocumentVersion.DoesNotExist: one was deleted meanwhile.
    """
    if parts.embedder is None:
        return []
    for version in versions:
        version.refresh_from_db()
    embedded = [one for one in versions if one.status == _Status.INDEXED]
    places, stamp = [_place(one) for one in embedded], stamp_of(parts.embedder)
    try:
        counts = parts.index.count_many(places, stamp=stamp) if places else []
    except Unavailable as error:
        capture(catalogue.SEARCH, error, index=parts.index.name)
        raise
    whole = {
        one.pk for one, count in zip(embedded, counts, strict=True) if count >= one.passages_read and not one.error_code
    }
    return [one for one in versions if one.pk not in whole]


def _place(version: DocumentVersion) -> tuple[str, str]:
    return get_tenant_tag(version.owner.public_id), str(version.public_id)
