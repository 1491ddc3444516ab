"""Reading a PDF in a child process: the same pages, and no harm from a hostile file."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.hostile_pdfs import WORDS, draw_for_ever, take_all_memory

from hellotutor.accounts.models import User
from hellotutor.config import composition
from hellotutor.core.errors import Invalid, Unavailable
from hellotutor.ingestion.readers.pdf import PdfReader
from hellotutor.ingestion.sandbox import SandboxedReader
from hellotutor.ingestion.services import add_document
from hellotutor.ingestion.tasks import ingest_next
from hellotutor.monitoring import counts

HAS_PROC = Path("/proc/self/stat").exists()
needs_proc = pytest.mark.skipif(not HAS_PROC, reason="finds child processes through /proc")


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    path = tmp_path / "forms.pdf"
    path.write_bytes(take_all_memory())
    return path


@pytest.fixture
def harmless(tmp_path: Path) -> Path:
    path = tmp_path / "harmless.pdf"
    path.write_bytes(draw_for_ever())  # its text is like any other
    return path


def _children(pid: int) -> Iterator[int]:
    """Give the processes that read for the process `pid`."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
                if int(parent) == pid and b"hellotutor.ingestion.reading" in (folder / "cmdline").read_bytes():
                    yield int(folder.name)


def _has_ended(pid: int) -> bool:
    for _ in range(200):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z":
                time.sleep(0.05)
                continue
        return True
    return False


def _refusal(path: Path, *, page_s: float = 30.0) -> Invalid:
    with pytest.raises(Invalid) as refused:
        list(SandboxedReader(PdfReader(), page_s=page_s).read(path))
    return refused.value


def test_a_real_book_gives_the_same_pages_as_without_a_child(shared_data: Path) -> None:
    book = shared_data / "books" / "freeculture.pdf"
    sandboxed = SandboxedReader(PdfReader())
    assert list(sandboxed.read(book)) == list(PdfReader().read(book))
    assert sandboxed.count_pages(book) == PdfReader().count_pages(book) == 352


def test_a_file_that_takes_all_memory_is_refused_in_words(hostile: Path) -> None:
    refused = _refusal(hostile)
    assert refused.code == "reader_limit"
    assert "memory" in refused.message


def test_a_page_that_takes_too_long_is_refused_in_words(hostile: Path) -> None:
    assert _refusal(hostile, page_s=0.5).code == "reader_limit"


def test_what_the_reader_says_of_a_file_crosses_over(tmp_path: Path) -> None:
    bad = tmp_path / "bad.pdf"
    bad.write_bytes(b"%PDF-1.4 nothing")
    with pytest.raises(Invalid) as direct:
        list(PdfReader().read(bad))
    refused = _refusal(bad)
    assert (refused.code, refused.message) == (direct.value.code, direct.value.message)
    with pytest.raises(Invalid, match="damaged"):
        SandboxedReader(PdfReader()).count_pages(bad)


def test_a_failure_of_the_reader_is_told_as_ours_and_without_a_name_of_the_learners(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as failed:
        list(SandboxedReader(PdfReader()).read(tmp_path / "diary.pdf"))
    assert failed.value.code == "reader_failed"
    assert "FileNotFoundError at " in failed.value.message
    assert "diary" not in failed.value.message


def test_the_time_limit_counts_anew_with_every_page_that_was_got(shared_data: Path) -> None:
    beats: list[int] = []
    pages = PdfReader(on_page=lambda: beats.append(1)).read(shared_data / "books" / "freeculture.pdf")
    next(pages)
    assert len(beats) > 1  # though only one page came out yet
    assert 1 + len(list(pages)) == len(beats) == 352


def test_a_name_that_is_no_unicode_is_read(tmp_path: Path, harmless: Path) -> None:
    odd = tmp_path / os.fsdecode("m\u00e9r ".encode() + b"\xff.pdf")
    try:
        odd.write_bytes(harmless.read_bytes())
    except OSError:
        pytest.skip("this file system takes no such names")
    assert [page.raw_text.strip() for page in SandboxedReader(PdfReader()).read(odd)] == [WORDS]


@needs_proc
def test_the_child_ends_when_nobody_wants_more_pages(shared_data: Path) -> None:
    pages = SandboxedReader(PdfReader()).read(shared_data / "books" / "freeculture.pdf")
    next(pages)
    (child,) = _children(os.getpid())
    pages.close()  # type: ignore[attr-defined]
    assert _has_ended(child)


@needs_proc
def test_the_child_gets_no_secret(shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HMAC_SECRET", "planted-secret")
    monkeypatch.setenv("SENTRY_DSN", "https://planted-secret@127.0.0.1/1")
    pages = SandboxedReader(PdfReader()).read(shared_data / "books" / "freeculture.pdf")
    next(pages)
    (child,) = _children(os.getpid())
    environment = (Path("/proc") / str(child) / "environ").read_bytes()
    arguments = (Path("/proc") / str(child) / "cmdline").read_bytes()
    pages.close()  # type: ignore[attr-defined]
    assert b"PATH=" in environment
    assert b"planted-secret" not in environment
    assert b"freeculture" not in arguments


@needs_proc
@pytest.mark.parametrize("death", [signal.SIGKILL, signal.SIGTERM])
def test_no_child_is_left_when_its_parent_dies_in_the_middle_of_a_page(hostile: Path, death: signal.Signals) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from hellotutor.ingestion.readers.pdf import PdfReader\n"
        "from hellotutor.ingestion.sandbox import SandboxedReader\n"
        "list(SandboxedReader(PdfReader()).read(Path(sys.argv[1])))"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(hostile)]) as parent:
        children: list[int] = []
        while not children and parent.poll() is None:
            time.sleep(0.05)
            children = list(_children(parent.pid))
        parent.send_signal(death)
    assert children
    assert _has_ended(children[0])


@needs_proc
def test_a_service_that_stops_does_not_blame_the_file_it_was_reading(shared_data: Path) -> None:
    pages = SandboxedReader(PdfReader()).read(shared_data / "books" / "freeculture.pdf")
    next(pages)
    (child,) = _children(os.getpid())
    os.kill(child, signal.SIGTERM)  # as a service manager does to all of its processes at once
    assert len(list(pages)) == 351


@pytest.mark.django_db
def test_a_poison_file_is_told_with_its_version_and_the_queue_goes_on(hostile: Path, harmless: Path) -> None:
    parts = composition.ingestion_parts()
    owner = User.objects.create_user("alice@example.org")
    poison, other = (
        add_document(
            owner=owner, path=path, filename=path.name, storage=parts.storage, readers=parts.readers, max_bytes=10**6
        ).version
        for path in (hostile, harmless)
    )
    before = counts(1).get("document.reader_limit", 0)
    ingest_next.func()
    assert counts(1).get("document.reader_limit", 0) == before + 1
    poison.refresh_from_db()
    assert (poison.status, poison.error_code, poison.pages_read) == ("failed", "reader_limit", 0)
    other.refresh_from_db()
    assert other.is_read
    assert other.pages.get().text == WORDS
