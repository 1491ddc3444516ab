"""Whether every version of a document has the object, rows, segments and vectors that its row says."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from functools import partial

from django.core.files.storage import Storage
from django.db.models import Count, Max, Min

from hellotutor.accounts.auth import get_tenant_tag
from hellotutor.core import clock
from hellotutor.core.errors import Unavailable
from hellotutor.documents.models import DocumentVersion, Page, Passage
from hellotutor.documents.selectors import is_in_hand
from hellotutor.retrieval.search import stamp_of

from .claim import is_free
from .findings import Finding, Tally, describe
from .mending import embed_again, go_on, mend_segments, read_anew
from .rag_ingestion import IngestionParts

_BATCH = 200  # no query stays open while something is mended
_CHUNK_BYTES = 1 << 20
_Status = DocumentVersion.Status
_GONE = "The uploaded file is no longer in storage: upload it again, which mends this."
_ALTERED = "The stored file isn't what was uploaded: delete the document and upload it again."
_ALTERED_AS_NOTED = "The stored file isn't what was uploaded: upload it again, which mends this."
_ROWS = "Pages or passages are missing, or too many: --repair reads it anew."
_STATUS = "Its status contradicts the rest of its row, so that nobody goes on with it: --repair queues it."
_SEGMENTS = "It isn't found by its words: --repair indexes it again."
_VECTORS = "It isn't found by its meaning, because vectors are lost: --repair queues it."


def check_versions(parts: IngestionParts, tally: Tally, *, with_bytes: bool = False) -> Iterator[Finding]:
    """Yield what is wrong with the versions, in the order of their rows; memory doesn't grow with their number.

    Args:
        parts: where their bytes, segments and vectors lie.
        tally: what is counted on the way.
        with_bytes: whether every stored file is read and its sha256 compared.

    Raises:
        Unavailable: the storage or the index can't be looked at.
    """
    last = 0
    versions = DocumentVersion.objects.select_related("document", "owner").order_by("pk")
    while batch := list(versions.filter(pk__gt=last)[:_BATCH]):
        for version in batch:
            last = version.pk
            yield from _check(version, parts, tally, with_bytes=with_bytes)


def _check(version: DocumentVersion, parts: IngestionParts, tally: Tally, *, with_bytes: bool) -> Iterator[Finding]:
    tally.versions += 1
    tally.passages += version.passages_read
    found = list(_compare(version, parts, with_bytes=with_bytes))
    if _is_in_flux(version):
        tally.in_flux += 1
        return
    tally.waiting += is_in_hand(version, with_embedding=parts.embedder is not None)
    yield from found


def _is_in_flux(version: DocumentVersion) -> bool:
    """Say whether somebody works on a version, or has since its row was read; also where it was deleted."""
    rows = DocumentVersion.objects.filter(is_free(clock.now()), pk=version.pk)
    unchanged = {name: getattr(version, name) for name in ("claim_token", "status", "passages_read", "storage_key")}
    return not rows.filter(**unchanged).exists()


def _compare(version: DocumentVersion, parts: IngestionParts, *, with_bytes: bool) -> Iterator[Finding]:
    finding = partial(Finding, subject=describe(version), filename=version.filename)
    fault = _look_at_object(version, parts.storage, with_bytes=with_bytes)
    if fault:
        yield finding(fault[0], advice=fault[1])
    if not _has_its_rows(version):
        can_be_read = fault is None
        yield finding("rows_inconsistent", advice=_ROWS, mend=partial(read_anew, version.pk) if can_be_read else None)
    elif not _is_consistent(version):
        yield finding("status_inconsistent", advice=_STATUS, mend=partial(go_on, version.pk))
    elif not is_in_hand(version, with_embedding=parts.embedder is not None):
        yield from _look_at_indexes(version, parts, finding)


def _look_at_object(version: DocumentVersion, storage: Storage, *, with_bytes: bool) -> tuple[str, str] | None:
    """Return code and advice of what is wrong with the uploaded file; None when nothing is."""
    try:
        is_same = storage.size(version.storage_key) == version.size_bytes
        if is_same and with_bytes:
            is_same = _sha256(storage, version.storage_key) == version.sha256
    except FileNotFoundError:
        return "object_missing", _GONE
    except Unavailable as error:
        if error.code != "object_altered":  # a storage that compares by itself
            raise
        is_same = False
    is_noted = version.error_code == "object_altered"  # then an upload of these bytes replaces them
    return None if is_same else ("object_altered", _ALTERED_AS_NOTED if is_noted else _ALTERED)


def _sha256(storage: Storage, key: str) -> str:
    digest = hashlib.sha256()
    with storage.open(key) as file:
        for chunk in file.chunks(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _has_its_rows(version: DocumentVersion) -> bool:
    """Say whether there are as many pages and passages as counted, numbered from 0 without a gap."""
    wanted = ((Page, version.pages_read), (Passage, version.passages_read))
    return all(_is_numbered(model, version, count) for model, count in wanted)


def _is_numbered(model: type[Page] | type[Passage], version: DocumentVersion, count: int) -> bool:
    rows = model._default_manager.filter(version=version)
    found = rows.aggregate(count=Count("pk"), first=Min("ordinal"), last=Max("ordinal"))  # ordinals are unique
    return found["count"] == count and (not count or (found["first"], found["last"]) == (0, count - 1))


def _is_consistent(version: DocumentVersion) -> bool:
    """Say whether status, error and counters agree."""
    status, has_failed = version.status, bool(version.error_code)
    if version.passages_embedded > version.passages_read:
        return False
    if version.is_read and version.pages_total != version.pages_read:
        return False
    if status == _Status.INDEXED:
        return version.passages_embedded == version.passages_read and (version.wants_words or not has_failed)
    if status in (_Status.QUEUED, _Status.READING):
        return not has_failed  # otherwise nobody would take it
    return status == _Status.EMBEDDING or (status == _Status.FAILED) == has_failed


def _look_at_indexes(
    version: DocumentVersion, parts: IngestionParts, finding: Callable[..., Finding]
) -> Iterator[Finding]:
    """Compare segments and vectors of a version that nobody goes on with; one not read gets them when tried again."""
    if not version.is_read:
        return
    tenant, version_id = get_tenant_tag(version.owner.public_id), str(version.public_id)
    if parts.lexical.count(tenant=tenant, version_id=version_id) < version.passages_read:
        yield finding("segments_missing", advice=_SEGMENTS, mend=partial(mend_segments, version.pk, parts))
    if parts.embedder is None:
        return
    embedded = parts.index.count(tenant=tenant, version_id=version_id, stamp=stamp_of(parts.embedder))
    if embedded < version.passages_embedded:
        yield finding("vectors_missing", advice=_VECTORS, mend=partial(embed_again, version.pk, embedded))
