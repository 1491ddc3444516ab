"""Files whose rows have gone, or never came, are removed: at once where that works, later where it doesn't."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from django.conf import settings
from django.core.files.storage import Storage

from hellotutor.accounts.auth import get_tenant_tag
from hellotutor.accounts.models import User
from hellotutor.core import clock
from hellotutor.core.errors import Unavailable
from hellotutor.documents.local_copies import forget_local_copy
from hellotutor.documents.models import Document, DocumentVersion, Removal
from hellotutor.monitoring import capture, catalogue, count
from hellotutor.retrieval.base import VectorIndex
from hellotutor.retrieval.lexical.index import LexicalIndex

_LONGEST_UPLOAD = timedelta(days=1)
_LEASES_WAITED = 2
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=1)
_MOST_COUNTED = 20


class IndexParts(Protocol):
    """Where a document's bytes, segments and vectors lie; `rag_ingestion.IngestionParts` is one."""

    @property
    def storage(self) -> Storage:
        """Where the uploaded bytes lie."""

    @property
    def lexical(self) -> LexicalIndex:
        """Where the lexical segments lie."""

    @property
    def index(self) -> VectorIndex:
        """Where the vectors lie."""

    @property
    def other_indexes(self) -> Sequence[VectorIndex]:
        """Where vectors lie beside."""


def expect_upload(*, owner: User, version_id: uuid.UUID, storage_key: str) -> Removal:
    """Note that bytes are about to be stored; delete the note together with the making of their rows."""
    return Removal.objects.create(
        tenant=get_tenant_tag(owner.public_id),
        version_id=version_id,
        storage_key=storage_key,
        due_at=clock.now() + _LONGEST_UPLOAD,
    )


def lock_versions(document: Document) -> list[DocumentVersion]:
    """Let nobody else write to a document or its versions until the transaction at hand ends; return these as they are.

    Postgres would delete what it saw when it began: what a worker, an upload or a session adds meanwhile would make the
    deletion fail, or stay behind.
    """
    list(Document.objects.select_for_update().filter(pk=document.pk))
    versions = document.versions.select_for_update(of=("self",)).select_related("owner")
    return list(versions.order_by("number"))


def note_removals(versions: Sequence[DocumentVersion]) -> list[Removal]:
    """Note that the files of versions are to go; call it in the transaction that deletes their rows.

    What isn't finished may be written once more by whoever works on it, or did: it is removed again later.
    """
    now = clock.now()
    later = now + timedelta(seconds=_LEASES_WAITED * settings.INGEST_LEASE_S)
    removals = [_removal_of(version, now) for version in versions]
    Removal.objects.bulk_create(removals)
    unfinished = [one for one in versions if one.lease_until is not None or (one.claim_token and not one.is_read)]
    Removal.objects.bulk_create([_removal_of(version, later) for version in unfinished])
    return removals


def remove_files(removals: Iterable[Removal], parts: IndexParts) -> bool:
    """Remove the files of these, until the storage fails; return whether nothing did. The sweep tries what is left.

    Vectors that can't be removed are left, and keep no file: everything else goes. A failure is captured the first time
    that the removal fails.
    """
    is_whole, failing = True, set[str]()
    for removal in removals:
        if DocumentVersion.objects.filter(public_id=removal.version_id).exists():
            removal.delete()  # an upload stored again what was lost: its version lives
            continue
        try:
            parts.lexical.delete(tenant=removal.tenant, version_id=str(removal.version_id))
            if removal.storage_key:
                parts.storage.delete(removal.storage_key)
                forget_local_copy(removal.storage_key)
        except Unavailable as error:
            _tell(removal, error, parts.index.name)
            _put_off(removal)
            return False
        if _remove_vectors(removal, parts, failing):
            removal.delete()
        else:
            _put_off(removal)
            is_whole = False
    return is_whole


def remove_traces(tenant: str, version_id: str, parts: IndexParts) -> None:
    """Remove the segments and vectors of a version.

    Raises:
        Unavailable: the storage or the index failed.
    """
    parts.lexical.delete(tenant=tenant, version_id=version_id)
    for index in (parts.index, *parts.other_indexes):
        index.delete(tenant=tenant, version_id=version_id)


def sweep_removals(parts: IndexParts) -> None:
    """Remove whatever is due."""
    remove_files(Removal.objects.filter(due_at__lte=clock.now()).order_by("pk"), parts)


def _remove_vectors(removal: Removal, parts: IndexParts, failing: set[str]) -> bool:
    """Remove the vectors of one from every index; return whether all have gone.

    Args:
        removal: whose vectors.
        parts: where they lie.
        failing: places of other machines that have failed: none is waited for twice.
    """
    is_whole = True
    for index in (parts.index, *parts.other_indexes):
        if index.place in failing:
            is_whole = False
            continue
        try:
            index.delete(tenant=removal.tenant, version_id=str(removal.version_id))
        except Unavailable as error:
            is_whole = False
            _tell(removal, error, index.name)
            if index.is_remote:
                failing.add(index.place)
    return is_whole


def _tell(removal: Removal, error: Unavailable, index: str) -> None:
    if not removal.tries:
        capture(catalogue.REMOVAL, error, s3_key=removal.storage_key, index=index)


def _put_off(removal: Removal) -> None:
    count("ingestion.removal_postponed")
    due_at = clock.now() + min(_FIRST_PAUSE * 2**removal.tries, _LONGEST_PAUSE)
    tries = min(removal.tries + 1, _MOST_COUNTED)
    Removal.objects.filter(pk=removal.pk).update(due_at=due_at, tries=tries)


def _removal_of(version: DocumentVersion, due_at: datetime) -> Removal:
    return Removal(
        tenant=get_tenant_tag(version.owner.public_id),
        version_id=version.public_id,
        storage_key=version.storage_key,
        due_at=due_at,
    )
