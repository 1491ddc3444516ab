"""Real workers that are ended in the middle of their work: others finish it, and nothing is lost, doubled or left over.

`script/prove ingestion` does this with real documents, MiniLM, Postgres and S3, fifty times each.
"""

from __future__ import annotations

import random
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from benchmarks.proofs.ingestion_documents import make_documents
from benchmarks.proofs.ingestion_faults import stop_past_the_lease
from benchmarks.proofs.ingestion_kills import Killer, Kills, finish
from benchmarks.proofs.ingestion_library import Library, describe, find_differences
from benchmarks.proofs.ingestion_site import HASHING_WORKER, POISONED_WORKER, Site
from tests.monitoring.kent_sink import Kent, run_kent

KILLS = 5
SECTIONS = 2_500


@pytest.fixture(scope="module")
def kent() -> Iterator[Kent]:
    yield from run_kent()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Four documents of two learners that wait."""
    folder = tmp_path_factory.mktemp("killed")
    small = make_documents()
    bays = "\n\n".join(f"# Bay {n}\n\nThe tide of bay {n} rises when moon {n} is near." for n in range(SECTIONS))
    files = {"ada/bays.md": bays.encode(), "ada/log.txt": small["lines.txt"]}
    files |= {"blaise/runs on.pdf": small["runs on.pdf"], "blaise/letters.md": small["letters.md"]}
    for name, content in files.items():
        path = folder / "documents" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    site = Site(folder / "filled")
    site.fill(folder / "documents")
    return site


@pytest.fixture
def make_site(filled: Site, tmp_path: Path) -> Callable[..., Site]:
    """Makes places where the documents wait."""

    def make(name: str = "data", **settings: str) -> Site:
        shutil.copytree(filled.data_dir, tmp_path / name)
        return Site(tmp_path / name, {"INGEST_LEASE_S": "10", **settings}, HASHING_WORKER)  # a sweep each 5 s

    return make


@pytest.fixture(scope="module")
def undisturbed(filled: Site) -> Library:
    """What becomes of the documents when nothing happens."""
    folder = filled.data_dir.parent / "undisturbed"
    shutil.copytree(filled.data_dir, folder)
    site = Site(folder, {}, HASHING_WORKER)
    with site.working():
        site.wait_until(site.is_finished)
    library = describe(site)
    assert {document["status"] for document in library.documents.values()} == {"indexed"}
    assert not any(library.left_over.values())
    return library


@contextmanager
def ingesting(site: Site, undisturbed: Library, workers: int = 1) -> Iterator[Kills]:
    """Let workers work while the block harms them; in the end all has to be as if nothing had happened."""
    kills = Kills()
    with site.working(workers):
        yield kills
        finish(site, kills)
    assert find_differences(describe(site), undisturbed) == []


@pytest.mark.parametrize(
    ("number", "times"), [(signal.SIGKILL, KILLS), pytest.param(signal.SIGTERM, 2, marks=pytest.mark.slow)]
)
def test_workers_that_are_ended_again_and_again_leave_all_as_if_nothing_had_happened(
    make_site: Callable[..., Site], undisturbed: Library, number: int, times: int
) -> None:
    site = make_site()
    with ingesting(site, undisturbed) as kills:
        Killer(site, random.Random(11), 2 * undisturbed.passages, kills, number=number).end(times)
    assert kills.count


@pytest.mark.slow
def test_the_lease_alone_frees_what_a_worker_on_another_machine_held(
    make_site: Callable[..., Site], undisturbed: Library
) -> None:
    site = make_site(INGEST_LEASE_S="1")
    with ingesting(site, undisturbed):
        site.wait_until(lambda: bool(site.claims()))
        site.end_worker(site.workers[0])
        ((_, holder),) = site.claims()
        (site.data_dir / "locks" / f"holder-{holder}.lock").unlink()
        site.start_worker()
    assert site.rows("select sum(deaths) from documents_documentversion") == [(0,)]  # it came further since


@pytest.mark.slow
def test_a_worker_that_was_frozen_past_its_lease_writes_nothing_more(
    make_site: Callable[..., Site], undisturbed: Library
) -> None:
    site = make_site(INGEST_LEASE_S="1")
    with ingesting(site, undisturbed, workers=2):
        taken = stop_past_the_lease(site, random.Random(3), total=2 * undisturbed.passages, times=1)
    assert describe(site).counts.get("ingestion.claim_lost", 0) <= len(taken)  # its handing back isn't counted


def test_a_document_that_ends_every_worker_is_set_aside_while_others_go_in_and_can_be_tried_again(
    tmp_path: Path, kent: Kent
) -> None:
    folder = tmp_path / "documents" / "mallory"
    folder.mkdir(parents=True)
    (folder / "a poison.txt").write_text("poison kills whoever reads it.\n")
    (folder / "b notes.txt").write_text("The moon pulls the sea, and the sea rises.\n" * 20)
    site = Site(tmp_path / "data", {"SENTRY_DSN": kent.dsn}, POISONED_WORKER)
    site.fill(tmp_path / "documents")
    asked = "select filename, status, error_code from documents_documentversion order by filename"
    with site.working():
        deaths = site.wait_until(site.is_finished)
        assert site.rows(asked) == [("a poison.txt", "failed", "worker_died"), ("b notes.txt", "indexed", "")]
        (site.data_dir / "antidote").touch()
        assert site.run("tests.ingestion.programs.try_again") == "1\n"
        site.wait_until(site.is_finished)
    assert site.rows(asked) == [("a poison.txt", "indexed", ""), ("b notes.txt", "indexed", "")]
    assert deaths == 5
    assert [event["tags"]["failure"] for event in kent.events()] == ["rag_ingestion.ingest_document.unexpected"]


def test_a_worker_that_is_told_to_stop_hands_its_document_back(make_site: Callable[..., Site]) -> None:
    site = make_site()
    with site.working():
        site.wait_until(lambda: bool(site.claims()))
    assert site.claims() == []
