"""Copies of stored files on this machine: right or not at all, bounded, and never taken away from who reads them."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile, File
from django.core.files.storage import FileSystemStorage, InMemoryStorage
from tests.s3_server import S3Server

from hellotutor.core.errors import Unavailable
from hellotutor.documents.local_copies import LocalCopies, forget_local_copy, open_local_copy, sweep_local_copies

BYTES = b"what the learner uploaded"
SHA256 = hashlib.sha256(BYTES).hexdigest()


class CountingStorage(InMemoryStorage):
    """Has no paths, and counts how often a file is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.opened = 0

    def _open(self, name: str, mode: str = "rb") -> File[Any]:
        self.opened += 1
        found: File[Any] = super()._open(name, mode)  # type: ignore[misc]
        return found


@pytest.fixture
def elsewhere() -> CountingStorage:
    storage = CountingStorage()
    for name in "abcd":
        storage.save(name, ContentFile(name.encode() * 1000))
    storage.save("original", ContentFile(BYTES))
    storage.opened = 0
    return storage


@pytest.fixture(autouse=True)
def data_dir(settings: Any, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path / "data"
    return tmp_path / "data"


def hashed(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def kept(folder: Path) -> int:
    return sum(path.stat().st_size for path in (folder / "kept").iterdir())


def test_a_file_that_lies_on_this_machine_is_given_in_place(tmp_path: Path, data_dir: Path) -> None:
    storage = FileSystemStorage(location=tmp_path / "objects")
    storage.save("a/b", ContentFile(BYTES))
    with open_local_copy(storage=storage, key="a/b", sha256=SHA256, is_verified=True) as path:
        assert path == tmp_path / "objects" / "a" / "b"
    assert not data_dir.exists()


@pytest.mark.parametrize("is_in_place", [True, False])
def test_what_was_altered_or_is_gone_is_not_given(
    is_in_place: bool, tmp_path: Path, elsewhere: CountingStorage
) -> None:
    storage = FileSystemStorage(location=tmp_path / "objects") if is_in_place else elsewhere
    storage.save("altered", ContentFile(b"What the learner uploaded"))
    for key, code in (("altered", "object_altered"), ("gone", "object_vanished")):
        with (
            pytest.raises(Unavailable) as refused,
            open_local_copy(storage=storage, key=key, sha256=SHA256, is_verified=True),
        ):
            pytest.fail("it was given")
        assert (refused.value.code, refused.value.retryable) == (code, False)
        assert "upload it again" in refused.value.message


def test_it_is_downloaded_once_and_removed_when_it_is_forgotten(elsewhere: CountingStorage, data_dir: Path) -> None:
    for _ in range(3):
        with open_local_copy(storage=elsewhere, key="original", sha256=SHA256) as path:
            assert path.read_bytes() == BYTES
    assert elsewhere.opened == 1
    assert list((data_dir / "cache" / "objects" / "open").iterdir()) == []
    forget_local_copy("original")
    forget_local_copy("original")
    assert kept(data_dir / "cache" / "objects") == 0
    with open_local_copy(storage=elsewhere, key="original"):
        pass
    assert elsewhere.opened == 2


def test_forgetting_what_was_never_there_is_harmless() -> None:
    forget_local_copy("never")


def test_a_copy_that_is_open_survives_being_forgotten_and_crowded_out(
    tmp_path: Path, elsewhere: CountingStorage
) -> None:
    copies = LocalCopies(tmp_path / "cache", most_bytes=1500)
    with copies.open(elsewhere, "a") as path:
        copies.forget("a")
        for name in "bcd":
            with copies.open(elsewhere, name):
                pass
        assert path.read_bytes() == b"a" * 1000
    assert not path.exists()


def test_the_longest_unused_go_first_and_never_one_that_is_open(tmp_path: Path, elsewhere: CountingStorage) -> None:
    copies = LocalCopies(tmp_path / "cache", most_bytes=2500)
    for at, name in enumerate("ab"):
        with copies.open(elsewhere, name) as path:
            os.utime(path, (at, at))
    with copies.open(elsewhere, "a"):  # now b is the one that was not used for longest
        pass
    with copies.open(elsewhere, "c"):
        pass
    assert kept(tmp_path / "cache") == 2000
    with copies.open(elsewhere, "a"):
        assert elsewhere.opened == 3
        with copies.open(elsewhere, "b"):
            assert elsewhere.opened == 4


def test_many_at_once_download_it_once(tmp_path: Path, elsewhere: CountingStorage) -> None:
    copies = LocalCopies(tmp_path / "cache")

    def read(_: int) -> bytes:
        with copies.open(elsewhere, "original", SHA256) as path:
            return path.read_bytes()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(read, range(40))) == {BYTES}
    assert elsewhere.opened == 1


def test_several_processes_share_one_copy(storage: Any, s3_server: S3Server, data_dir: Path) -> None:
    storage.save("a/b", ContentFile(BYTES))
    program = (
        "import sys, hashlib\n"
        "from pathlib import Path\n"
        "from django.conf import settings; settings.configure(DATA_DIR=Path(sys.argv[1]))\n"
        "import django; django.setup()\n"
        "from hellotutor.documents.s3_storage import S3DocumentStorage\n"
        "from hellotutor.documents.local_copies import open_local_copy\n"
        "storage = S3DocumentStorage(bucket_name=sys.argv[2], endpoint_url=sys.argv[3], location=sys.argv[4])\n"
        "for _ in range(20):\n"
        "    with open_local_copy(storage=storage, key='a/b', sha256=sys.argv[5]) as path: found = path.read_bytes()\n"
        "print(hashlib.sha256(found).hexdigest())\n"
    )
    arguments = [str(data_dir), s3_server.bucket, s3_server.url, storage.location, SHA256]
    environment = {"PYTHONPATH": str(Path(__file__).parents[2] / "src"), **s3_server.environment}
    started = [
        subprocess.Popen(
            [sys.executable, "-c", program, *arguments], env=environment, stdout=subprocess.PIPE, encoding="utf-8"
        )
        for _ in range(3)
    ]
    assert [process.communicate(timeout=60)[0].strip() for process in started] == [SHA256] * 3
    assert kept(data_dir / "cache" / "objects") == len(BYTES)
    assert list((data_dir / "cache" / "objects" / "writing").iterdir()) == []


def kill_while_open(folder: Path, name: str) -> None:
    """Let a process open a copy and be killed before it closes it."""
    program = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from django.conf import settings; settings.configure(USE_TZ=True)\n"
        "from django.core.files.base import ContentFile\n"
        "from django.core.files.storage import InMemoryStorage\n"
        "from hellotutor.documents.local_copies import LocalCopies\n"
        "storage = InMemoryStorage()\n"
        "storage.save(sys.argv[2], ContentFile(sys.argv[2].encode() * 1000))\n"
        "with LocalCopies(Path(sys.argv[1])).open(storage, sys.argv[2]):\n"
        "    os.kill(os.getpid(), getattr(signal, 'SIGKILL', signal.SIGTERM))\n"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    subprocess.run([sys.executable, "-c", program, str(folder), name], env=environment, check=False, timeout=60)
    assert len(list((folder / "open").iterdir())) == 1


def test_what_a_killed_process_had_open_pins_nothing(tmp_path: Path, elsewhere: CountingStorage) -> None:
    cache = tmp_path / "cache"
    copies = LocalCopies(cache, most_bytes=1000)
    kill_while_open(cache, "a")
    for name in "abc":
        with copies.open(elsewhere, name):
            pass
    assert list((cache / "open").iterdir()) == []
    assert kept(cache) == 1000


@pytest.mark.parametrize("remove", [lambda copies: copies.sweep(list), lambda copies: copies.forget("a")])
def test_a_killed_process_keeps_no_bytes_of_what_is_deleted(
    remove: Callable[[LocalCopies], None], tmp_path: Path
) -> None:
    kill_while_open(tmp_path, "a")
    remove(LocalCopies(tmp_path))
    assert [path for path in tmp_path.rglob("*") if path.is_file() and path.stat().st_size] == []


def test_the_sweep_drops_what_is_no_longer_wanted_and_nothing_else(data_dir: Path, elsewhere: CountingStorage) -> None:
    for name in "ab":
        with open_local_copy(storage=elsewhere, key=name):
            pass
    with open_local_copy(storage=elsewhere, key="c") as path:
        sweep_local_copies(lambda: ["a", "elsewhere"])
        assert path.read_bytes() == b"c" * 1000
    assert kept(data_dir / "cache" / "objects") == 1000
    assert len(list((data_dir / "cache" / "objects" / "locks").iterdir())) == 1  # our own
    with open_local_copy(storage=elsewhere, key="a"):
        assert elsewhere.opened == 3


def test_a_download_that_a_deletion_overtakes_leaves_no_copy(tmp_path: Path) -> None:
    class OvertakenStorage(CountingStorage):
        """Deletes what it was asked for as soon as it gives it out."""

        def _open(self, name: str, mode: str = "rb") -> File[Any]:
            found = super()._open(name, mode)
            self.delete(name)
            copies.forget(name)
            return found

    copies, storage = LocalCopies(tmp_path / "cache"), OvertakenStorage()
    storage.save("a", ContentFile(BYTES))
    for sha256 in (SHA256, ""):
        with pytest.raises(Unavailable) as refused, copies.open(storage, "a", sha256):
            pytest.fail("it was given")
        assert refused.value.code == "object_vanished"
        storage.save("a", ContentFile(BYTES))
    assert [path for path in tmp_path.rglob("*") if path.is_file() and path.stat().st_size] == []


@pytest.mark.parametrize("content", [b"", BYTES[:-1] + b"x"])
def test_a_copy_that_a_failing_disk_has_altered_is_downloaded_anew(
    content: bytes, data_dir: Path, elsewhere: CountingStorage
) -> None:
    with open_local_copy(storage=elsewhere, key="original", sha256=SHA256):
        pass
    (copy,) = (data_dir / "cache" / "objects" / "kept").iterdir()
    copy.write_bytes(content)
    for _ in range(2):
        with open_local_copy(storage=elsewhere, key="original", sha256=SHA256, is_verified=True) as path:
            assert path.read_bytes() == BYTES
    assert elsewhere.opened == 2


def test_a_copy_is_on_the_disk_before_it_gets_its_name(
    tmp_path: Path, elsewhere: CountingStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_sync: list[tuple[int, list[Path]]] = []
    sync = os.fsync

    def note(handle: int) -> None:
        at_sync.append((os.fstat(handle).st_size, list((tmp_path / "cache" / "kept").iterdir())))
        sync(handle)

    monkeypatch.setattr(os, "fsync", note)
    with LocalCopies(tmp_path / "cache").open(elsewhere, "a"):
        assert at_sync == [(1000, [])]


def test_who_waits_too_long_for_a_download_is_told_and_others_do_not_wait(
    tmp_path: Path, elsewhere: CountingStorage
) -> None:
    neighbour = next(name for name in map(str, range(10_000)) if hashed(name)[:2] == hashed("busy")[:2])
    elsewhere.save(neighbour, ContentFile(b"x"))
    refused: list[Unavailable] = []

    class BusyStorage(CountingStorage):
        """Lets others ask for the same file, and for another, while it gives one out."""

        def _open(self, name: str, mode: str = "rb") -> File[Any]:
            with pytest.raises(Unavailable) as caught, copies.open(elsewhere, name):
                pytest.fail("it was given")
            refused.append(caught.value)
            with copies.open(elsewhere, neighbour) as path:
                assert path.read_bytes() == b"x"
            return super()._open(name, mode)

    copies, busy = LocalCopies(tmp_path / "cache", wait_s=0.5), BusyStorage()
    busy.save("busy", ContentFile(BYTES))
    with copies.open(busy, "busy") as path:
        assert path.read_bytes() == BYTES
    assert [(error.code, error.retryable) for error in refused] == [("copy_busy", True)]
    assert [path.name for path in (tmp_path / "cache" / "locks").glob("[!o]*")] == []


def test_a_cache_that_can_not_be_written_is_told(tmp_path: Path, elsewhere: CountingStorage) -> None:
    (tmp_path / "cache").touch()
    with pytest.raises(Unavailable) as refused, LocalCopies(tmp_path / "cache").open(elsewhere, "a"):
        pytest.fail("it was given")
    assert refused.value.code == "storage_unavailable"
