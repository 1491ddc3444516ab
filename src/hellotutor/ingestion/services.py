"""Adding, replacing and deleting documents."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.core.files import File
from django.core.files.storage import Storage
from django.db import IntegrityError, transaction
from django.db.models import F, Max

from hellotutor.accounts.auth import get_tenant_tag
from hellotutor.accounts.models import User
from hellotutor.core.errors import Conflict, Invalid
from hellotutor.documents.models import Document, DocumentVersion, Removal
from hellotutor.documents.originals import store_original
from hellotutor.documents.selectors import in_hand

from .readers.base import SNIFF_BYTES, DocumentReader, FileType, sniff
from .removals import IndexParts, expect_upload, lock_versions, note_removals, remove_files

_Status = DocumentVersion.Status
_NOT_READABLE = {
    FileType.ARCHIVE: "It is a ZIP archive or an office document (DOCX, PPTX, XLSX, EPUB …), which can't be read yet: "
    "save it as PDF, Markdown or plain text.",
    FileType.HTML: "It is a web page: save it as PDF or plain text.",
    FileType.RTF: "It is a rich text file: save it as PDF, Markdown or plain text.",
    FileType.IMAGE: "It is an image: run a text recognition over it and give the text or a PDF.",
    FileType.BINARY: "It is neither a PDF nor text: save it as PDF, Markdown or plain text.",
}


@dataclass(frozen=True, slots=True)
class Added:
    """What `add_document` did.

    Attributes:
        version: the version that holds these bytes.
        is_new: False when the owner had these very bytes already.
    """

    version: DocumentVersion
    is_new: bool


def add_document(
    *, owner: User, path: Path, filename: str, storage: Storage, readers: Sequence[DocumentReader], max_bytes: int
) -> Added:
    """Store a file and make its rows; the same bytes again give the document that is there.

    Args:
        owner: whose document it becomes.
        path: where the bytes lie now.
        filename: what the learner calls it; only its last part is kept.
        storage: where the bytes are kept.
        readers: asked in order which can read it.
        max_bytes: the largest file taken.

    Raises:
        Invalid: missing, a folder, empty, too large, or of a type that no reader reads; nothing was stored.
        Unavailable: the storage failed; nothing was kept.
    """
    version, existing = _look_at(owner, path, filename, readers=readers, max_bytes=max_bytes)
    if existing:
        return _mend(existing, path, storage)
    name = Path(filename).name[:300]
    try:
        with _stored(version, path, storage):
            version.document = Document.objects.create(owner=owner, title=name)
            version.save()
    except IntegrityError:  # another process added the same bytes meanwhile
        other = DocumentVersion.objects.for_user(owner).filter(sha256=version.sha256).first()
        if other is None:  # it was something else
            raise
        return Added(other, is_new=False)
    return Added(version, is_new=True)


def replace_document(
    *,
    document: Document,
    path: Path,
    filename: str,
    storage: Storage,
    readers: Sequence[DocumentReader],
    max_bytes: int,
) -> Added:
    """Store a file as a new version of a document; it takes the old one's place when it has been read.

    Until then, and if it can't be read, the old one is studied. The same bytes again change nothing.

    Raises:
        Conflict: another document of the owner has these bytes (`bytes_elsewhere`).
        Invalid: as for `add_document`.
        Unavailable: as for `add_document`.
    """
    version, existing = _look_at(document.owner, path, filename, readers=readers, max_bytes=max_bytes)
    if existing is None:
        try:
            with _stored(version, path, storage):
                version.document = document
                version.number = 1 + (document.versions.aggregate(Max("number"))["number__max"] or 0)
                version.save()
        except IntegrityError as error:  # another process added a version, or these bytes, meanwhile
            raise _changed_meanwhile() from error
        return Added(version, is_new=True)
    if existing.document_id != document.pk:
        message = f"You have this very file already, as “{existing.document.title}”."
        raise Conflict("bytes_elsewhere", message)
    return _mend(existing, path, storage)


def cancel_ingestion(version: DocumentVersion) -> bool:
    """Stop whatever is done to a version and leave it as far as it has come; say whether there was something to stop.

    `retries.retry_ingestion` goes on from there.
    """
    working = DocumentVersion.objects.filter(in_hand(), pk=version.pk)
    return bool(
        working.update(status=_Status.CANCELLED, claim_token=F("claim_token") + 1, lease_until=None, error_message="")
    )


def discard_replacement(*, document: Document, parts: IndexParts) -> bool:
    """Remove the versions that were to take the current one's place; say whether there were any."""
    with transaction.atomic():
        versions = lock_versions(document)  # one read to its end just now has become the current one, or goes
        if not versions:  # deleted just now
            return False
        current = document.current_version
        newer = [version for version in versions if version.number > current.number]
        removals = note_removals(newer)
        document.versions.filter(pk__in=[version.pk for version in newer]).delete()
    remove_files(removals, parts)
    return bool(newer)


def delete_document(*, document: Document, parts: IndexParts) -> None:
    """Remove a document: its rows, objects, segments and vectors. Old questions keep their snapshots.

    Whoever reads or embeds it at the moment finds its rows gone at the next batch, and writes nothing more.

    Args:
        document: what is removed.
        parts: where its bytes, segments and vectors lie; where these fail, the files are removed later.
    """
    with transaction.atomic():
        removals = note_removals(lock_versions(document))
        document.delete()
    remove_files(removals, parts)


def _look_at(
    owner: User, path: Path, filename: str, *, readers: Sequence[DocumentReader], max_bytes: int
) -> tuple[DocumentVersion, DocumentVersion | None]:
    """Return a version for these bytes that isn't saved, and the owner's that has them already, if there is one."""
    size_bytes = check_file(path, readers=readers, max_bytes=max_bytes)
    sha256 = _sha256(path)
    versions = DocumentVersion.objects.for_user(owner).select_related("document__owner", "owner")
    version = DocumentVersion(owner=owner, sha256=sha256, size_bytes=size_bytes, filename=Path(filename).name[-255:])
    return version, versions.filter(sha256=sha256).first()


def _mend(existing: DocumentVersion, path: Path, storage: Storage) -> Added:
    key = existing.storage_key
    is_whole = storage.exists(key) and storage.size(key) == existing.size_bytes
    if existing.error_code == "object_altered" or not is_whole:  # lost since: these are the same bytes
        expected = expect_upload(owner=existing.owner, version_id=existing.public_id, storage_key=existing.storage_key)
        _store(path, existing, existing.storage_key, storage)
        if not DocumentVersion.objects.filter(pk=existing.pk).exists():
            raise _changed_meanwhile()  # the note has the file removed
        expected.delete()
    return Added(existing, is_new=False)


def _changed_meanwhile() -> Conflict:
    return Conflict("changed_meanwhile", "The document has just been changed: look at it again.")


@contextmanager
def _stored(version: DocumentVersion, path: Path, storage: Storage) -> Iterator[None]:
    """Store a version's bytes, then run the block that makes its rows in one transaction; both are kept or neither."""
    key = f"{get_tenant_tag(version.owner.public_id)}/{version.public_id}/{version.sha256}"
    expected = expect_upload(owner=version.owner, version_id=version.public_id, storage_key=key)
    note = expected.pk  # deleting it, also where that is undone, makes it forget its own
    version.storage_key = _store(path, version, key, storage)
    try:
        with transaction.atomic():
            expected.delete()
            yield
    except IntegrityError:
        storage.delete(version.storage_key)
        Removal.objects.filter(pk=note).delete()
        raise


def _store(path: Path, version: DocumentVersion, key: str, storage: Storage) -> str:
    with path.open("rb") as file:
        owner = str(version.owner.public_id)
        return store_original(storage=storage, key=key, file=File(file), user_id=owner, filename=version.filename)


def check_file(path: Path, *, readers: Sequence[DocumentReader], max_bytes: int) -> int:
    """Return the size in bytes of a file that can be taken.

    Raises:
        Invalid: as for `add_document`.
    """
    size_bytes = _checked_size(path, max_bytes)
    with path.open("rb") as file:
        choose_reader(file.read(SNIFF_BYTES), readers)
    return size_bytes


def choose_reader(head: bytes, readers: Sequence[DocumentReader]) -> DocumentReader:
    """Return the first reader for a file that begins with `head`.

    Raises:
        Invalid: there is none (`unsupported_type`).
    """
    file_type = sniff(head)
    for reader in readers:
        if reader.can_read(file_type, head):
            return reader
    raise Invalid("unsupported_type", _NOT_READABLE[file_type])


def _checked_size(path: Path, max_bytes: int) -> int:
    try:
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            raise Invalid("is_a_directory", "It is a folder: name the files in it.")
        if not stat.S_ISREG(found.st_mode):
            raise Invalid("not_a_file", "It is not a regular file: give a PDF, Markdown or text file.")
        path.open("rb").close()
    except PermissionError as error:
        raise Invalid("not_permitted", "You may not read this file: check its permissions.") from error
    except (OSError, ValueError) as error:  # absent, or a name that no file can have
        raise Invalid("no_such_file", "There is no such file: check the path.") from error
    size_bytes = found.st_size
    if size_bytes == 0:
        raise Invalid("empty_file", "It is empty: there is nothing to study in it.")
    if size_bytes > max_bytes:
        raise Invalid(
            "file_too_large",
            f"It has {size_bytes / 1e6:,.0f} MB, and the limit is {max_bytes / 1e6:,.0f} MB (MAX_FILE_MB): split it.",
        )
    return size_bytes


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
