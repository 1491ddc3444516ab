"""An upload, whether a page or the API received it: kept, and read in the background."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile

from hellotutor.accounts.models import User
from hellotutor.documents.models import Document, DocumentVersion
from hellotutor.ingestion.retries import retry_ingestion
from hellotutor.ingestion.services import Added, add_document, replace_document
from hellotutor.ingestion.tasks import request_ingestion

from . import composition

# What browsers write in place of these characters in a form's file name (HTML, "multipart form data").
_FORM_ESCAPES = {"%22": '"', "%0D": " ", "%0A": " "}

_Status = DocumentVersion.Status


def receive_upload(*, owner: User, file: UploadedFile[Any]) -> Added:
    """Keep an uploaded file and have it read; the same bytes again give the document that is there.

    Raises:
        Invalid: it can't be taken; see `add_document`.
    """
    with _as_path(file) as path:
        return receive_file(owner=owner, path=path, filename=name_of(file))


def receive_replacement(*, document: Document, file: UploadedFile[Any]) -> Added:
    """Keep an uploaded file as a new version of a document, and have it read; it takes its place once it is read.

    Raises:
        Conflict: another document has these bytes (`bytes_elsewhere`), or somebody else was faster
            (`changed_meanwhile`).
        Invalid: it can't be taken; see `add_document`.
    """
    parts = composition.ingestion_parts()
    with _as_path(file) as path:
        added = replace_document(
            document=document,
            path=path,
            filename=name_of(file),
            storage=parts.storage,
            readers=parts.readers,
            max_bytes=settings.MAX_FILE_BYTES,
        )
    return _have_read(added)


def name_of(file: UploadedFile[Any]) -> str:
    """Return what the sender calls a file."""
    name = file.name or "document"
    for written, character in _FORM_ESCAPES.items():
        name = name.replace(written, character)
    return name


def receive_file(*, owner: User, path: Path, filename: str) -> Added:
    """Keep a file of this machine and have it read; raises as `receive_upload`."""
    parts = composition.ingestion_parts()
    added = add_document(
        owner=owner,
        path=path,
        filename=filename,
        storage=parts.storage,
        readers=parts.readers,
        max_bytes=settings.MAX_FILE_BYTES,
    )
    return _have_read(added)


def _have_read(added: Added) -> Added:
    """Have it read; what failed or was stopped before is tried again."""
    version = added.version
    if version.status == _Status.QUEUED:
        request_ingestion(version)
    elif version.error_code or version.status in (_Status.FAILED, _Status.CANCELLED):
        retry_ingestion(version)
        version.refresh_from_db()
    return added


@contextmanager
def _as_path(file: UploadedFile[Any]) -> Iterator[Path]:
    """Yield where the bytes lie; small uploads are in memory, and larger ones in a file already."""
    if isinstance(file, TemporaryUploadedFile):
        yield Path(file.temporary_file_path())
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "upload"
        with path.open("wb") as copy:
            shutil.copyfileobj(file, copy)
        yield path
