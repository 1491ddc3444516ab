"""Files on the local disk that are there whole or not at all, and whose failures have names."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage

from hellotutor.core.database_errors import name_full_disk
from hellotutor.core.errors import Unavailable

_WRITING = ".writing"
_STALE_S = 3600.0
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_REFUSED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


class DurableFileSystemStorage(FileSystemStorage):
    """Django's local storage, but a file appears, or replaces another, by an atomic rename after it is on the disk.

    All methods raise Unavailable (`storage_full`, `storage_unavailable`) where the disk doesn't do what they need.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"allow_overwrite": True, **options})

    def _open(self, name: str, mode: str = "rb") -> File[Any]:
        with naming_os_errors():
            opened: File[Any] = super()._open(name, mode)  # type: ignore[misc]  # not in the types of Django
            return opened

    def _save(self, name: str, content: File[Any]) -> str:
        with naming_os_errors():
            self._write(Path(self.path(name)), content)
        return name.replace("\\", "/")

    def _write(self, target: Path, content: File[Any]) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        writing = Path(self.location) / _WRITING
        writing.mkdir(exist_ok=True)
        _sweep(writing)
        handle, temporary = tempfile.mkstemp(dir=writing)
        try:
            with os.fdopen(handle, "wb") as out:
                for chunk in content.chunks():
                    out.write(chunk if isinstance(chunk, bytes) else chunk.encode())
                out.flush()
                os.fsync(out.fileno())
            Path(temporary).replace(target)
            _sync_folder(target.parent)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    def delete(self, name: str) -> None:
        """Delete a file; one that isn't there is harmless."""
        with naming_os_errors():
            super().delete(name)

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        """Return the names of the folders and of the files in a folder."""
        with naming_os_errors():
            return super().listdir(path)

    def size(self, name: str) -> int:
        """Return a file's size in bytes."""
        with naming_os_errors():
            return super().size(name)


@contextlib.contextmanager
def naming_os_errors() -> Iterator[None]:
    """Give what the disk refuses a name; that something isn't there stays a FileNotFoundError, as Django has it.

    Raises:
        Unavailable: as `name_os_error` returns it.
    """
    try:
        yield
    except (FileNotFoundError, NotADirectoryError):
        raise
    except OSError as error:
        raise name_os_error(error) from error


def name_os_error(error: OSError) -> Unavailable:
    """Return the error that tells of what the disk refused: `storage_full` or `storage_unavailable`."""
    if error.errno in _FULL:
        return name_full_disk()
    reason = error.strerror or type(error).__name__
    message = f"The stored files can't be used ({reason}): check the folder that DATA_DIR names."
    return Unavailable("storage_unavailable", message, retryable=error.errno not in _REFUSED)


def _sync_folder(folder: Path) -> None:
    """Put the rename itself on the disk, where the system lets a folder be opened (Windows doesn't)."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sweep(folder: Path) -> None:
    """Remove what a program that was killed had begun to write."""
    for path in folder.iterdir():
        with contextlib.suppress(FileNotFoundError, PermissionError):  # another program's, and in use on Windows
            if time.time() - path.stat().st_mtime > _STALE_S:
                path.unlink()
