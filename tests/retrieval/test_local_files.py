"""The files of the local index: mapped, of the earlier format, damaged, or gone while they are searched."""

from __future__ import annotations

import io
import resource
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage, Storage
from tests.s3_server import Wire

from hellotutor.core.errors import Unavailable
from hellotutor.documents.local_storage import DurableFileSystemStorage
from hellotutor.embeddings.base import Vectors
from hellotutor.retrieval import segments
from hellotutor.retrieval.base import IndexStamp
from hellotutor.retrieval.local.index import LocalVectorIndex

STAMP = IndexStamp("test/model", "1", 64)
ROWS = 3_000  # 600 kB a file: large enough to be mapped
FOLDER = "alice/v1"
WHERE: dict[str, Any] = {"tenant": "alice", "version_id": "v1", "stamp": STAMP}


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return DurableFileSystemStorage(location=str(tmp_path))


def make_vectors(rows: int = ROWS, seed: int = 0) -> Vectors:
    vectors = np.random.default_rng(seed).normal(size=(rows, STAMP.dimensions)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def fill(index: LocalVectorIndex, vectors: Vectors, *, step: int = ROWS, tenant: str = "alice") -> None:
    where = WHERE | {"tenant": tenant}
    for first in range(0, len(vectors), step):
        index.upsert(**where, first_ordinal=first, vectors=vectors[first : first + step])
    index.finish(**where)


def find(index: LocalVectorIndex, vector: Vectors, *, tenant: str = "alice", k: int = 1) -> list[int]:
    hits = index.query(vector, tenants=[tenant], version_ids=["v1"], k=k, stamp=STAMP)
    return [hit.ordinal for hit in hits]


def put_earlier_file(storage: Storage, first: int, vectors: Vectors, *, last: str = "") -> None:
    """Store vectors as they were before there were blocks: an array of float16."""
    name = next(name for name in segments.list_files(storage, FOLDER) if name.startswith("vectors-"))
    stem = "-".join(name.split("-")[:-4] if name.endswith("-last.npy") else name.split("-")[:-3])
    buffer = io.BytesIO()
    np.save(buffer, vectors.astype(np.float16))
    storage.save(f"{FOLDER}/{stem}-{first:08d}-{first + len(vectors):08d}{last}.npy", ContentFile(buffer.getvalue()))


def paths_of(storage: Any) -> list[Path]:
    return [Path(storage.path(f"{FOLDER}/{name}")) for name in segments.list_files(storage, FOLDER)]


def test_a_large_file_is_mapped_and_a_small_one_read(storage: Storage) -> None:
    for rows, is_mapped in ((ROWS, True), (20, False)):
        segments.write_array(storage, "alice/v1/a.npy", np.zeros((rows, 200), dtype=np.uint8))
        array, mapped = segments.map_array(storage, "alice/v1/a.npy") or pytest.fail("it is gone")
        assert (array.shape, mapped) == ((rows, 200), is_mapped)


def test_mapped_files_leave_half_of_the_descriptors_to_all_else(storage: Storage) -> None:
    vectors, versions = make_vectors(1_400), [f"v{number}" for number in range(140)]
    for version_id in versions:
        LocalVectorIndex(storage).upsert(**WHERE | {"version_id": version_id}, first_ordinal=0, vectors=vectors)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    index, opened = LocalVectorIndex(storage), len(list(Path("/dev/fd").iterdir()))
    resource.setrlimit(resource.RLIMIT_NOFILE, (2 * (opened + 20), hard))
    try:
        hits = index.query(vectors[5], tenants=["alice"], version_ids=versions, k=140, stamp=STAMP)
        left_over = len(list(Path("/dev/fd").iterdir()))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert {(hit.version_id, hit.ordinal) for hit in hits} == {(version_id, 5) for version_id in versions}
    assert left_over < 2 * (opened + 20) - 10


def test_what_may_be_cut_short_under_its_reader_is_read_and_never_mapped() -> None:
    storage = InMemoryStorage()
    segments.write_array(storage, "alice/v1/a.npy", np.zeros((ROWS, 200), dtype=np.uint8))
    assert (segments.map_array(storage, "alice/v1/a.npy") or pytest.fail("it is gone"))[1] is False


def test_mapped_vectors_are_found_and_take_a_third_of_the_memory(storage: Storage) -> None:
    vectors = make_vectors()
    on_disk, in_memory = LocalVectorIndex(storage), LocalVectorIndex(InMemoryStorage())
    for index in (on_disk, in_memory):
        fill(index, vectors)
        assert [find(index, vectors[row])[0] for row in range(0, ROWS, 100)] == list(range(0, ROWS, 100))
    assert ROWS * 64 < on_disk.cached_bytes < in_memory.cached_bytes / 2


def test_a_document_deleted_while_it_is_searched_harms_nobody(storage: Storage) -> None:
    vectors = make_vectors()
    fill(LocalVectorIndex(storage), vectors)
    reader = LocalVectorIndex(storage)
    assert find(reader, vectors[7]) == [7]
    LocalVectorIndex(storage).delete(tenant="alice", version_id="v1")  # by another process
    assert paths_of(storage) == []
    assert find(reader, vectors[8]) == [8]  # of the file that has lost its name
    assert find(LocalVectorIndex(storage), vectors[8]) == []


def test_queries_go_on_while_files_are_merged_deleted_and_written_again(storage: Storage) -> None:
    vectors, writer, stop = make_vectors(), LocalVectorIndex(storage), threading.Event()

    def search() -> int:
        asked = 0
        while not stop.is_set():
            reader = LocalVectorIndex(storage, cache_bytes=0)  # so that every query maps anew
            assert find(reader, vectors[5]) in ([5], [])
            asked += 1
        return asked

    with ThreadPoolExecutor(3) as threads:
        searching = [threads.submit(search) for _ in range(3)]
        try:
            for _ in range(15):
                fill(writer, vectors, step=1_000)
                writer.delete(tenant="alice", version_id="v1")
        finally:
            stop.set()
        assert all(one.result() > 0 for one in searching)


def cut_short(path: Path) -> None:
    content = path.read_bytes()
    path.unlink()  # a new file, as a failing disk would leave it at the next start
    path.write_bytes(content[:-1_000])


def make_longer(path: Path) -> None:
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content + bytes(1_000))


def empty(path: Path) -> None:
    path.unlink()
    path.touch()


@pytest.mark.parametrize("damage", [cut_short, empty, Path.unlink])
def test_a_damaged_file_is_named_not_counted_and_made_anew(storage: Storage, damage: Callable[[Path], None]) -> None:
    vectors = make_vectors(5_000)
    fill(LocalVectorIndex(storage), vectors)
    damaged = next(path for path in paths_of(storage) if "-00004096-" in path.name)
    damage(damaged)
    index = LocalVectorIndex(storage)
    if damaged.exists():
        with pytest.raises(Unavailable, match=damaged.name) as caught:
            find(index, vectors[0])
        assert (caught.value.code, caught.value.retryable) == ("segment_corrupt", False)
    embedded = index.count(**WHERE)
    assert embedded == 4_096
    index.upsert(**WHERE, first_ordinal=embedded, vectors=vectors[embedded:])
    index.finish(**WHERE)
    assert index.count(**WHERE) == 5_000
    assert [find(index, vectors[row]) for row in (0, 4_999)] == [[0], [4_999]]
    assert all(path.stat().st_size > 0 for path in paths_of(storage))
    assert len(paths_of(storage)) == 2


def test_a_file_that_is_longer_than_its_vectors_does_not_count(storage: Storage) -> None:
    fill(LocalVectorIndex(storage), make_vectors())
    make_longer(paths_of(storage)[0])
    assert LocalVectorIndex(storage).count(**WHERE) == 0


def test_vectors_of_the_earlier_format_are_found_merged_and_go_on(storage: Storage) -> None:
    vectors, index = make_vectors(), LocalVectorIndex(storage)
    index.upsert(**WHERE, first_ordinal=1_000, vectors=vectors[1_000:2_000])
    put_earlier_file(storage, 0, vectors[:1_000])
    assert index.count(**WHERE) == 2_000
    assert [find(LocalVectorIndex(storage), vectors[row]) for row in (3, 1_999)] == [[3], [1_999]]
    index.upsert(**WHERE, first_ordinal=2_000, vectors=vectors[2_000:])
    index.finish(**WHERE)
    assert len(paths_of(storage)) == 1
    assert [find(index, vectors[row]) for row in (3, 1_999, 2_999)] == [[3], [1_999], [2_999]]


def test_a_finished_document_of_the_earlier_format_stays_as_it_is(storage: Storage) -> None:
    vectors, index = make_vectors(), LocalVectorIndex(storage)
    index.upsert(**WHERE, first_ordinal=0, vectors=vectors[:1])
    (placeholder,) = paths_of(storage)
    put_earlier_file(storage, 0, vectors, last="-last")
    placeholder.unlink()
    (earlier,) = paths_of(storage)
    assert index.count(**WHERE) == ROWS
    assert find(LocalVectorIndex(storage), vectors[9]) == [9]
    index.finish(**WHERE)
    assert paths_of(storage) == [earlier]


@pytest.mark.parametrize("kind", ["mapped", "read"])
def test_the_cache_never_holds_more_bytes_than_it_may_with_many_tenants(storage: Storage, kind: str) -> None:
    kept = storage if kind == "mapped" else InMemoryStorage()
    vectors = make_vectors(1_500)
    tenants = [f"tenant-{number}" for number in range(12)]
    for tenant in tenants:
        fill(LocalVectorIndex(kept), vectors, step=1_500, tenant=tenant)
    bound = 3 * 1_500 * (68 if kind == "mapped" else 196) + 20_000
    index, most = LocalVectorIndex(kept, cache_bytes=bound), 0
    for row, tenant in enumerate([*tenants, *reversed(tenants)]):
        assert find(index, vectors[row], tenant=tenant) == [row]
        most = max(most, index.cached_bytes)
    assert bound / 2 < most <= bound


def test_threads_that_share_a_cache_too_small_find_what_is_theirs(storage: Storage) -> None:
    tenants = {f"tenant-{number}": make_vectors(500, seed=number) for number in range(6)}
    for tenant, vectors in tenants.items():
        fill(LocalVectorIndex(storage), vectors, tenant=tenant)
    index = LocalVectorIndex(storage, cache_bytes=100_000)

    def ask(number: int) -> bool:
        tenant = f"tenant-{number % 6}"
        row = number % 500
        return find(index, tenants[tenant][row], tenant=tenant) == [row]

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(ask, range(600)))


def test_forgetting_a_stamp_leaves_the_vectors_of_the_others(storage: Storage) -> None:
    other = IndexStamp("test/model", "2", STAMP.dimensions)
    index, vectors = LocalVectorIndex(storage), make_vectors()
    fill(index, vectors)
    index.upsert(**WHERE | {"stamp": other}, first_ordinal=0, vectors=vectors)
    index.forget(**WHERE)
    assert find(index, vectors[0]) == []
    assert index.count(**WHERE | {"stamp": other}) == ROWS


def test_from_s3_vectors_are_fetched_once_and_their_copy_goes_with_them(
    make_s3_storage: Callable[..., Any], s3_server: Any, settings: Any, tmp_path: Path
) -> None:
    settings.DATA_DIR = tmp_path
    wire, vectors = Wire(s3_server.url), make_vectors()
    try:
        storage = make_s3_storage(endpoint_url=wire.url)
        fill(LocalVectorIndex(storage), vectors)
        reader = LocalVectorIndex(storage, cache_bytes=0)
        assert find(reader, vectors[3]) == [3]
        copies = tmp_path / "cache" / "objects" / "kept"
        fetched = [path.stat().st_ino for path in copies.iterdir()]
        assert find(reader, vectors[4]) == [4]
        assert len(fetched) == 1
        assert [path.stat().st_ino for path in copies.iterdir()] == fetched
        reader.delete(tenant="alice", version_id="v1")
        assert list(copies.iterdir()) == []
    finally:
        wire.close()
