"""Files that are there whole or not at all, and the names of what a disk refuses."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.files.base import ContentFile, File

from hellotutor.core.errors import Unavailable
from hellotutor.documents.local_storage import DurableFileSystemStorage, name_os_error
from hellotutor.retrieval import segments

SMALL_BYTES = 1 << 20
LARGE = b"x" * (2 * SMALL_BYTES)


class Breaking(File):  # type: ignore[type-arg]
    """A file whose bytes stop coming."""

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        yield b"half"
        raise OSError(28, "No space left on device")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MB, where this system lets one be made."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SMALL_BYTES}", "tmpfs", str(folder)]
    if (
        sys.platform != "linux"
        or os.geteuid() != 0
        or subprocess.run(mount, check=False, capture_output=True).returncode
    ):
        pytest.skip("only root may mount a small disk, and only where the system lets it")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_file_is_stored_and_read_back(tmp_path: Path) -> None:
    storage = DurableFileSystemStorage(location=tmp_path)
    name = storage.save("a/b", ContentFile(b"whole"))
    with storage.open(name) as file:
        assert file.read() == b"whole"


def test_what_a_killed_program_had_begun_is_swept_away_later(tmp_path: Path) -> None:
    storage = DurableFileSystemStorage(location=tmp_path)
    (tmp_path / ".writing").mkdir(parents=True)
    stale, fresh = tmp_path / ".writing" / "stale", tmp_path / ".writing" / "fresh"
    stale.touch()
    fresh.touch()
    os.utime(stale, (0, 0))
    storage.save("a/b", ContentFile(b"whole"))
    assert not stale.exists()
    assert fresh.exists()


def test_a_write_that_breaks_leaves_nothing_behind(tmp_path: Path) -> None:
    storage = DurableFileSystemStorage(location=tmp_path)
    with pytest.raises(Unavailable) as refused:
        storage.save("a/b", Breaking(None))
    assert refused.value.code == "storage_full"
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_on_a_full_disk_the_old_file_stays_and_the_new_is_refused_until_there_is_room(small_disk: Path) -> None:
    storage = DurableFileSystemStorage(location=small_disk)
    storage.save("a/b", ContentFile(b"old"))
    with pytest.raises(Unavailable) as refused:
        storage.save("a/b", ContentFile(LARGE))
    assert (refused.value.code, refused.value.retryable) == ("storage_full", True)
    assert "make room" in refused.value.message
    with storage.open("a/b") as file:
        assert file.read() == b"old"
    assert storage.save("a/c", ContentFile(LARGE[:1000])) == "a/c"


def test_on_a_full_disk_the_index_says_so_too(small_disk: Path) -> None:
    storage = DurableFileSystemStorage(location=small_disk)
    for write in (
        lambda: segments.write_array(storage, "alice/v1/a.npy", np.zeros(SMALL_BYTES)),
        lambda: segments.write_arrays(storage, "alice/v1/a.npz", {"a": np.zeros(SMALL_BYTES)}),
    ):
        with pytest.raises(Unavailable) as refused:
            write()
        assert refused.value.code == "storage_full"
    assert segments.read_arrays(storage, "alice/v1/a.npy") is None


@pytest.mark.skipif(sys.platform == "win32", reason="no resource module")
def test_where_files_may_not_grow_as_large_it_is_full(tmp_path: Path) -> None:
    program = (
        "import resource, signal, sys\n"
        "from django.conf import settings; settings.configure()\n"
        "from django.core.files.base import ContentFile\n"
        "from hellotutor.core.errors import Unavailable\n"
        "from hellotutor.documents.local_storage import DurableFileSystemStorage\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({SMALL_BYTES}, {SMALL_BYTES}))\n"
        "try: DurableFileSystemStorage(location=sys.argv[1]).save('a/b', ContentFile(b'x' * 2_000_000))\n"
        "except Unavailable as error: print(error.code, error.retryable)\n"
    )
    environment = {"PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert done.stdout == "storage_full True\n"


@pytest.mark.skipif(sys.platform == "win32", reason="names are allowed there that aren't here")
@pytest.mark.parametrize(
    "use",
    [
        lambda storage: storage.save("file/b", ContentFile(b"x")),
        lambda storage: storage.open("loop"),
        lambda storage: storage.size("loop"),
        lambda storage: storage.listdir("loop"),
        lambda storage: storage.delete("folder"),
    ],
)
def test_what_the_disk_refuses_has_a_name_and_says_where_to_look(
    use: Callable[[DurableFileSystemStorage], Any], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder" / "full").mkdir(parents=True)
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(Unavailable) as refused:
        use(DurableFileSystemStorage(location=tmp_path))
    assert refused.value.code == "storage_unavailable"
    assert "DATA_DIR" in refused.value.message
    assert str(tmp_path) not in refused.value.message


def test_what_is_not_there_is_told_as_django_has_it(tmp_path: Path) -> None:
    storage = DurableFileSystemStorage(location=tmp_path)
    for look in (storage.open, storage.size, storage.listdir):
        with pytest.raises(FileNotFoundError):
            look("never")
    storage.delete("never")
    assert not storage.exists("never")


def test_what_was_refused_once_and_for_all_is_not_worth_a_retry() -> None:
    for number, is_retryable in ((13, False), (30, False), (5, True), (24, True)):  # EACCES, EROFS, EIO, EMFILE
        assert name_os_error(OSError(number, "refused")).retryable is is_retryable
