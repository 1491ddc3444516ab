"""The uploaded files themselves: stored with what monitoring may tell of them, and given back to their owner."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from django.core.files.base import File
from django.core.files.storage import Storage


@runtime_checkable
class _TellsOfUploads(Protocol):
    def upload_document(
        self, file: File[Any], s3_key: str, *, user_id: str | None = None, filename: str | None = None
    ) -> str: ...


@runtime_checkable
class _GivesLinks(Protocol):
    def link_to(self, s3_key: str, *, filename: str) -> str | None: ...


def store_original(*, storage: Storage, key: str, file: File[Any], user_id: str, filename: str) -> str:
    """Store an uploaded file and return the name that it got.

    Args:
        storage: where to.
        key: the name that it should get.
        file: its bytes.
        user_id: the owner's public id, to tell of a failure.
        filename: what the owner calls it, to tell of a failure.

    Raises:
        Unavailable: it isn't stored; the code says why.
    """
    if isinstance(storage, _TellsOfUploads):
        return storage.upload_document(file, key, user_id=user_id, filename=filename)
    return storage.save(key, file)


def link_to_original(*, storage: Storage, key: str, filename: str) -> str | None:
    """Return an address, good for five minutes, from which a browser saves a file; None where we send it ourselves.

    Raises:
        Unavailable: the storage can't sign it.
    """
    return storage.link_to(key, filename=filename) if isinstance(storage, _GivesLinks) else None
