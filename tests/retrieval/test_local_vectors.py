from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, InMemoryStorage

from hellotutor.core.errors import Unavailable
from hellotutor.embeddings.base import Vectors
from hellotutor.retrieval.base import IndexStamp
from hellotutor.retrieval.local.index import LocalVectorIndex

STAMP = IndexStamp("test/model", "1", 8)


class Clock:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def make_vectors(count: int) -> Vectors:
    return np.eye(8, dtype=np.float32)[:count]


def upsert(index: LocalVectorIndex, vectors: Vectors, first: int = 0) -> None:
    index.upsert(tenant="alice", version_id="v1", first_ordinal=first, vectors=vectors, stamp=STAMP)


def count_found(index: LocalVectorIndex) -> int:
    hits = index.query(make_vectors(1)[0], tenants=["alice"], version_ids=["v1"], k=99, stamp=STAMP)
    return len(hits)


def test_a_web_process_soon_sees_what_a_worker_embedded() -> None:
    storage, clock = InMemoryStorage(), Clock()
    web = LocalVectorIndex(storage, listing_max_age_s=2, monotonic=clock)
    worker = LocalVectorIndex(storage)
    upsert(worker, make_vectors(2))
    assert count_found(web) == 2
    upsert(worker, make_vectors(3), first=2)
    clock.seconds = 2.5
    assert count_found(web) == 5


def test_files_that_have_not_changed_are_not_read_again() -> None:
    class CountingStorage(InMemoryStorage):
        opened = 0

        def _open(self, name: str, mode: str = "rb") -> object:
            CountingStorage.opened += 1
            return super()._open(name, mode)

    clock = Clock()
    index = LocalVectorIndex(CountingStorage(), listing_max_age_s=2, monotonic=clock)
    upsert(index, make_vectors(2))
    for _ in range(3):
        count_found(index)
        clock.seconds += 10
    assert CountingStorage.opened == 1


def test_it_answers_the_same_with_no_room_to_cache() -> None:
    index = LocalVectorIndex(InMemoryStorage(), cache_bytes=0)
    upsert(index, make_vectors(4))
    assert count_found(index) == count_found(index) == 4


def test_a_damaged_file_is_reported_and_never_unpickled(tmp_path: Path) -> None:
    storage = FileSystemStorage(tmp_path)
    index = LocalVectorIndex(storage)
    upsert(index, make_vectors(2))
    [file] = (tmp_path / "alice" / "v1").iterdir()
    for content in (b"\x93NUMPY", b"", np.array([{"a": 1}], dtype=object).dumps()):
        file.write_bytes(content)
        with pytest.raises(Unavailable) as caught:
            count_found(LocalVectorIndex(storage))
        assert caught.value.code == "segment_corrupt"


@pytest.mark.parametrize("bad", ["", "../bob", "a/b", ".", "a\\b", "a b"])
def test_a_name_that_could_leave_its_folder_is_refused(bad: str) -> None:
    index = LocalVectorIndex(InMemoryStorage())
    with pytest.raises(ValueError, match="not a tenant tag"):
        index.count(tenant=bad, version_id="v1", stamp=STAMP)
    with pytest.raises(ValueError, match="not a tenant tag"):
        index.delete(tenant="alice", version_id=bad)


def test_vectors_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match="dimensions"):
        upsert(LocalVectorIndex(InMemoryStorage()), np.ones((2, 5), dtype=np.float32))


def test_a_storage_that_fails_is_unavailable_not_a_crash(tmp_path: Path) -> None:
    (tmp_path / "alice").write_text("a file where a folder should be", encoding="utf-8")
    with pytest.raises(Unavailable) as caught:
        upsert(LocalVectorIndex(FileSystemStorage(tmp_path)), make_vectors(1))
    assert caught.value.code == "storage_unavailable"


def test_a_file_of_another_making_in_the_folder_is_left_alone() -> None:
    storage = InMemoryStorage()
    storage.save("alice/v1/book.pdf", ContentFile(b"%PDF"))
    index = LocalVectorIndex(storage)
    upsert(index, make_vectors(2))
    index.delete(tenant="alice", version_id="v1")
    assert storage.listdir("alice/v1")[1] == ["book.pdf"]
