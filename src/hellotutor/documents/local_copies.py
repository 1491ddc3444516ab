"""A stored file as a path on this machine, for programs that can only open paths: in place, or as a cached copy."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Protocol, runtime_checkable

from django.conf import settings
from django.core.files.storage import FileSystemStorage, Storage

from hellotutor.core.errors import Unavailable
from hellotutor.core.locks import hold

from .local_storage import name_os_error
from .openers import Openers, remove_file

CACHE_BYTES = 2_000_000_000
_CHUNK_BYTES = 1 << 20
_WAIT_S = 60.0


@runtime_checkable
class _Downloads(Protocol):
    """A storage that downloads into a file by itself, which saves writing it twice."""

    def download_document(self, s3_key: str, path: Path) -> None:
        """Write the object's bytes to `path`."""


class LocalCopies:
    """Copies of stored files on this machine, the least recently opened removed first; several processes may share it.

    Whoever opens a copy gets a name of its own for it, a hard link: what is open can't be removed under its reader,
    and can be told from the others, which have one name only. The names of what is open or being downloaded hold whose
    copy it is and which process has it: `<digest of the key>.<process>.<any>`.
    """

    def __init__(self, folder: Path, *, most_bytes: int = CACHE_BYTES, wait_s: float = _WAIT_S) -> None:
        """Make the cache; the folder is made when first needed.

        Args:
            folder: where the copies lie.
            most_bytes: what they may take together; what is open may exceed it.
            wait_s: how long to wait for somebody else who downloads the same object.
        """
        self._kept, self._opened, self._writing = folder / "kept", folder / "open", folder / "writing"
        self._locks = folder / "locks"
        self._openers = Openers(self._locks)
        self._most_bytes, self._wait_s = most_bytes, wait_s

    @contextlib.contextmanager
    def open(self, storage: Storage, key: str, sha256: str = "", *, is_verified: bool = False) -> Iterator[Path]:
        """Yield the path of a copy; raises as `open_local_copy`."""
        try:
            opened = self._provide(storage, key, sha256, is_verified=is_verified)
        except OSError as error:
            raise name_os_error(error) from error
        try:
            yield opened
        finally:
            remove_file(opened)

    def forget(self, key: str) -> None:
        """Remove the copies of an object that was deleted; those that are open go when they are closed.

        One that is being downloaded loses its name, and so never becomes a copy: it has the name before the storage is
        asked for the object.
        """
        self._openers.remove_ownerless((self._opened, self._writing))
        for folder in (self._writing, self._kept):
            for path in folder.glob(f"{_digest(key)}.*"):
                remove_file(path)

    def sweep(self, list_keys: Callable[[], Iterable[str]]) -> None:
        """Remove the copies of all objects but these, and what processes that are gone have left.

        Args:
            list_keys: gives the names of the objects that are still wanted; asked only where there are copies.
        """
        self._openers.remove_ownerless((self._opened, self._writing))
        found = list(self._kept.glob("*"))
        wanted = {_digest(key) for key in list_keys()} if found else set()
        for path in found:
            if path.name.split(".")[0] not in wanted:
                remove_file(path)
        self._openers.remove_free_locks()

    def _provide(self, storage: Storage, key: str, sha256: str, *, is_verified: bool) -> Path:
        for folder in (self._kept, self._opened, self._writing):
            folder.mkdir(parents=True, exist_ok=True)
        opened = self._opened / f"{self._openers.new_name(_digest(key))}{Path(key).suffix}"
        try:
            self._fill(opened, storage, key, sha256, is_verified=is_verified)
        except BaseException:
            remove_file(opened)
            raise
        return opened

    def _fill(self, opened: Path, storage: Storage, key: str, sha256: str, *, is_verified: bool) -> None:
        kept, verified = self._kept / f"{_digest(key)}.{sha256 or 'any'}", sha256 if is_verified else ""
        if _take(kept, opened, verified):
            return
        with self._hold(key):
            if _take(kept, opened, verified):  # another process downloaded it meanwhile
                return
            written = self._writing / self._openers.new_name(_digest(key))
            try:
                _download(storage, key, sha256, written)
                _keep(written, opened, kept)
            finally:
                remove_file(written)
        self._make_room()

    @contextlib.contextmanager
    def _hold(self, key: str) -> Iterator[None]:
        """Hold the lock of one object, whose file lies there only while somebody has it."""
        path, end = self._locks / f"{_digest(key)}.lock", time.monotonic() + self._wait_s
        with hold(path, is_stopped=lambda: time.monotonic() > end) as is_held:
            if not is_held:
                raise Unavailable("copy_busy", "The file is still being fetched from storage: try again in a minute.")
            try:
                yield
            finally:
                remove_file(path)

    def _make_room(self) -> None:
        """Remove what was opened longest ago until the rest is small enough, and what killed processes have left."""
        self._openers.remove_ownerless((self._opened, self._writing))
        found = []
        for path in self._kept.glob("*"):
            with contextlib.suppress(FileNotFoundError):
                found.append((path.stat(), path))
        excess = sum(stat.st_size for stat, _ in found) - self._most_bytes
        for stat, path in sorted(found, key=lambda one: one[0].st_mtime):
            if excess <= 0:
                return
            if stat.st_nlink == 1:  # otherwise it is open, and nothing is won
                remove_file(path)
                excess -= stat.st_size


@contextlib.contextmanager
def open_local_copy(*, storage: Storage, key: str, sha256: str = "", is_verified: bool = False) -> Iterator[Path]:
    """Yield the path of a stored file on this machine; it is good until the block ends, and only to read.

    Args:
        storage: where the file lies. Local files are given in place; from elsewhere a copy is downloaded once.
        key: its name there.
        sha256: what its bytes have to be, in hexadecimal; "" where that isn't known. A copy is held to it when it is
            downloaded.
        is_verified: whether what lies on this machine is read once to hold it to `sha256`, too: a file in place that
            isn't what it has to be is refused, a copy is downloaded anew.

    Raises:
        Unavailable: it is gone (`object_vanished`), isn't what was uploaded (`object_altered`), there is no room for
            the copy (`storage_full`), somebody else has been downloading it for a minute (`copy_busy`, retryable), or
            the storage doesn't work.
    """
    path = _own_path(storage, key)
    if path is None:
        with _own_copies().open(storage, key, sha256, is_verified=is_verified) as copy:
            yield copy
        return
    if not path.is_file():
        raise _vanished()
    if sha256 and is_verified:
        _verify(path, sha256)
    yield path


def is_copied(storage: Storage) -> bool:
    """Say whether `open_local_copy` downloads from this storage, rather than giving paths in it."""
    return isinstance(storage, _Downloads)


def forget_local_copy(key: str) -> None:
    """Remove the copies of an object from this machine's cache, after it was deleted; without one nothing happens."""
    _own_copies().forget(key)


def sweep_local_copies(list_keys: Callable[[], Iterable[str]]) -> None:
    """Remove this machine's copies of what was deleted, wherever that was done, and what killed processes have left.

    Args:
        list_keys: gives the names of all objects that are still wanted; asked only where there are copies.

    Raises:
        Unavailable: the cache can't be used (`lock_unusable`).
    """
    _own_copies().sweep(list_keys)


def _own_copies() -> LocalCopies:
    return _copies(settings.DATA_DIR / "cache" / "objects")


@cache
def _copies(folder: Path) -> LocalCopies:
    return LocalCopies(folder)


def _own_path(storage: Storage, key: str) -> Path | None:
    # Django's InMemoryStorage gives paths, too, at which there is nothing
    return Path(storage.path(key)) if isinstance(storage, FileSystemStorage) else None


def _download(storage: Storage, key: str, sha256: str, path: Path) -> None:
    try:
        if isinstance(storage, _Downloads):
            storage.download_document(key, path)
        else:
            with path.open("wb") as copy, storage.open(key) as file:  # in this order, for `LocalCopies.forget`
                shutil.copyfileobj(file, copy, _CHUNK_BYTES)
    except FileNotFoundError as error:
        raise _vanished() from error
    if sha256:
        _verify(path, sha256)


def _verify(path: Path, sha256: str) -> None:
    if not _has(path, sha256):
        message = "The stored file is no longer what was uploaded: upload it again, which mends this."
        raise Unavailable("object_altered", message, retryable=False)


def _has(path: Path, sha256: str) -> bool:
    """Say whether a file's bytes are these."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except FileNotFoundError as error:
        raise _vanished() from error
    except OSError as error:
        raise name_os_error(error) from error


def _take(kept: Path, opened: Path, sha256: str) -> bool:
    """Give a kept copy a second name, and note that it was used; say whether there was one.

    Args:
        kept: its name.
        opened: the second.
        sha256: what its bytes have to be, or there is none and it is removed; "" where that isn't looked at.
    """
    try:
        _link(kept, opened)
    except FileNotFoundError:
        return False
    if sha256 and not _has(opened, sha256):  # what a failing disk made of it
        remove_file(kept)
        remove_file(opened)
        return False
    os.utime(opened)
    return True


def _keep(written: Path, opened: Path, kept: Path) -> None:
    """Give what was downloaded its two names; the bytes are on the disk before, so that the names can be trusted.

    Raises:
        Unavailable: it was deleted meanwhile (`object_vanished`).
    """
    try:
        with written.open("rb+") as file:
            os.fsync(file.fileno())
        _link(written, opened)
        written.replace(kept)
    except FileNotFoundError as error:
        raise _vanished() from error


def _link(path: Path, name: Path) -> None:
    try:
        os.link(path, name)
    except FileNotFoundError:
        raise
    except OSError:  # a file system without hard links
        shutil.copyfile(path, name)


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def _vanished() -> Unavailable:
    message = "The uploaded file is no longer in storage: upload it again, which mends this."
    return Unavailable("object_vanished", message, retryable=False)
