"""Reading and writing the immutable files of an index, under `{tenant}/{version}/` of a Django storage."""

from __future__ import annotations

import io
import os
import re
import zipfile
from collections.abc import Iterator, Mapping
from mmap import mmap
from pathlib import Path
from typing import Any
from weakref import WeakSet

import numpy as np
from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from numpy.typing import NDArray

from hellotutor.core.errors import Unavailable
from hellotutor.documents.local_copies import forget_local_copy, is_copied, open_local_copy
from hellotutor.documents.local_storage import DurableFileSystemStorage, name_os_error

_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_CAN_MAP = os.name != "nt"  # Windows deletes no file that is mapped
_LEAST_MAPPED_BYTES = 1 << 18  # a mapping costs pages of its own
_MOST_MAPS = 16_384  # of the 65,530 that a system has for a process
_maps: WeakSet[mmap] = WeakSet()


def folder_of(tenant: str, version_id: str) -> str:
    """Return the folder of a version's files.

    Raises:
        ValueError: a part is empty or could leave its folder.
    """
    for part in (tenant, version_id):
        if not _SAFE.fullmatch(part):
            raise ValueError(f"not a tenant tag or a version id: {part!r}")
    return f"{tenant}/{version_id}"


def write_arrays(storage: Storage, name: str, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays as one .npz file, in the place of any file of that name.

    Raises:
        Unavailable: the storage refused it (`storage_full`, `storage_unavailable`, or a code of `s3_errors`).
    """
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    _write(storage, name, buffer.getvalue())


def write_array(storage: Storage, name: str, array: NDArray[Any]) -> None:
    """Write one array as an .npy file, in the place of any file of that name.

    Raises:
        Unavailable: the storage refused it (`storage_full`, `storage_unavailable`, or a code of `s3_errors`).
    """
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    _write(storage, name, buffer.getvalue())


def read_arrays(storage: Storage, name: str) -> dict[str, NDArray[Any]] | None:
    """Return the arrays of an .npz file (one named "" of an .npy file), or None when there is no such file.

    Raises:
        Unavailable: it is damaged (`segment_corrupt`), or the storage failed, as for `write_arrays`.
    """
    try:
        with storage.open(name) as file:
            content = file.read()
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise name_os_error(exc) from exc
    try:
        loaded = np.load(io.BytesIO(content), allow_pickle=False)
        return {"": loaded} if isinstance(loaded, np.ndarray) else dict(loaded)
    except (ValueError, EOFError, zipfile.BadZipFile) as exc:
        raise name_damage(name) from exc


def map_array(storage: Storage, name: str, *, may_copy: bool = True) -> tuple[NDArray[Any], bool] | None:
    """Return the array of an .npy file and whether it is mapped, or None when there is no such file.

    It is mapped where the file can be neither changed nor cut short under its reader: in place where a storage replaces
    files whole, as a copy on this machine's disk where the storage is elsewhere. A file deleted meanwhile stays
    readable until the array goes. A small one is read, and so is any while half of the file descriptors of this
    process (`ulimit -n`) are those of mapped files.

    Args:
        storage: where it lies.
        name: its name there; where it may be copied, one that no other content will ever have.
        may_copy: whether it is copied from a storage that is elsewhere; otherwise it is read from there.

    Raises:
        Unavailable: as `read_arrays`, or as `open_local_copy`.
    """
    if not _CAN_MAP or not (isinstance(storage, DurableFileSystemStorage) or (may_copy and is_copied(storage))):
        arrays = read_arrays(storage, name)
        return None if arrays is None else (arrays[""], False)
    try:
        with open_local_copy(storage=storage, key=name) as path:
            return _map(path, name)
    except FileNotFoundError:
        return None
    except Unavailable as error:
        if error.code == "object_vanished":
            return None
        raise


def _map(path: Path, name: str) -> tuple[NDArray[Any], bool]:
    try:
        if path.stat().st_size < _LEAST_MAPPED_BYTES or len(_maps) >= _find_most_maps():
            return np.load(path, allow_pickle=False), False
        mapped = np.load(path, mmap_mode="r", allow_pickle=False)
        _maps.add(mapped.base)
        return np.asarray(mapped), True
    except FileNotFoundError:
        raise
    except OSError as exc:
        raise name_os_error(exc) from exc
    except (ValueError, EOFError) as exc:
        raise name_damage(name) from exc


def _find_most_maps() -> int:
    """Return how many files may be mapped at once: each keeps a file descriptor, and half are left to all else."""
    most_open = os.sysconf("SC_OPEN_MAX")  # -1 where there is no limit
    return _MOST_MAPS if most_open < 0 else min(_MOST_MAPS, most_open // 2)


def name_damage(name: str) -> Unavailable:
    """Return the error that tells of a damaged file."""
    message = f"{name} is damaged: remove this file from the storage and run `hellotutor check --repair`."
    return Unavailable("segment_corrupt", message, retryable=False)


def list_files(storage: Storage, folder: str) -> list[str]:
    """Return the names of the files in a folder, sorted; none when there is no such folder."""
    try:
        return sorted(storage.listdir(folder)[1])
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as exc:
        raise name_os_error(exc) from exc


def list_versions(storage: Storage, prefix: str) -> Iterator[tuple[str, str]]:
    """Yield tenant and version id of every folder that holds a file whose name starts with `prefix`."""
    for tenant in _list_folders(storage, ""):
        for version_id in _list_folders(storage, tenant):
            if any(name.startswith(prefix) for name in list_files(storage, folder_of(tenant, version_id))):
                yield tenant, version_id


def _list_folders(storage: Storage, folder: str) -> list[str]:
    """Return the names of the folders in a folder that can be a tenant's or a version's; none where it has gone."""
    try:
        return sorted(name for name in storage.listdir(folder)[0] if _SAFE.fullmatch(name))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as exc:
        raise name_os_error(exc) from exc


def delete_files(storage: Storage, folder: str, prefix: str) -> None:
    """Delete the files of a folder whose names start with `prefix`; a file already gone is harmless."""
    for name in list_files(storage, folder):
        if name.startswith(prefix):
            delete_file(storage, f"{folder}/{name}")


def _write(storage: Storage, name: str, content: bytes) -> None:
    """Save a file; in a storage that overwrites, whoever reads meanwhile finds the old content or the new."""
    saved = _save(storage, name, content)
    if saved == name:
        return
    # The name was taken, and this storage never overwrites: free the name and save again. If another process takes it
    # meanwhile, it wrote the same content, so that ours can go.
    delete_file(storage, name)
    delete_file(storage, saved)
    saved = _save(storage, name, content)
    if saved != name:
        delete_file(storage, saved)


def _save(storage: Storage, name: str, content: bytes) -> str:
    """Return the name under which the storage saved the content."""
    try:
        return storage.save(name, ContentFile(content))
    except OSError as exc:
        raise name_os_error(exc) from exc


def find_size(storage: Storage, name: str) -> int | None:
    """Return a file's size in bytes, or None when there is no such file."""
    try:
        return storage.size(name)
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise name_os_error(exc) from exc


def delete_file(storage: Storage, name: str) -> None:
    """Delete a file, and this machine's copy of it; one already gone is harmless."""
    try:
        storage.delete(name)
        if is_copied(storage):
            forget_local_copy(name)
    except FileNotFoundError:
        return
    except OSError as exc:
        raise name_os_error(exc) from exc
