"""Writing a file of an index again, in storages that overwrite and in storages that don't."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, InMemoryStorage, Storage

from hellotutor.retrieval import segments

NAME = "alice/v1/part.npy"
OLD, NEW = np.array([1, 2, 3]), np.array([4, 5])


class TakenAgainStorage(InMemoryStorage):
    """Another process takes each name as soon as it is free."""

    def delete(self, name: str) -> None:
        super().delete(name)
        if name == NAME:
            self._save(name, ContentFile(b"of the other process"))


def read(storage: Storage) -> list[int] | None:
    arrays = segments.read_arrays(storage, NAME)
    return None if arrays is None else arrays[""].tolist()


@pytest.mark.parametrize("kind", ["in memory", "on disk", "on a disk that overwrites"])
def test_what_is_written_again_stands_alone_in_the_place_of_the_old(kind: str, tmp_path: Path) -> None:
    on_disk = FileSystemStorage(tmp_path, allow_overwrite="overwrites" in kind)
    storage = InMemoryStorage() if kind == "in memory" else on_disk
    for array in (OLD, NEW, NEW):
        segments.write_array(storage, NAME, array)
    assert read(storage) == NEW.tolist()
    assert segments.list_files(storage, "alice/v1") == ["part.npy"]


def test_where_the_storage_overwrites_no_reader_finds_nothing_meanwhile(tmp_path: Path) -> None:
    seen: list[list[int] | None] = []

    class WatchedStorage(FileSystemStorage):
        def delete(self, name: str) -> None:
            super().delete(name)
            seen.append(read(self))

        def _save(self, name: str, content: ContentFile[bytes]) -> str:
            seen.append(read(self))
            saved = super()._save(name, content)
            seen.append(read(self))
            return saved

    storage = WatchedStorage(tmp_path, allow_overwrite=True)
    segments.write_array(storage, NAME, OLD)
    seen.clear()
    segments.write_array(storage, NAME, NEW)
    assert seen == [OLD.tolist(), NEW.tolist()]


def test_when_another_process_takes_the_name_again_its_file_stays_and_ours_goes() -> None:
    storage = TakenAgainStorage()
    segments.write_array(storage, NAME, OLD)
    segments.write_array(storage, NAME, NEW)
    assert segments.list_files(storage, "alice/v1") == ["part.npy"]
    with storage.open(NAME) as file:
        assert file.read() == b"of the other process"
