"""A document that is deleted while it is worked on leaves nothing behind, and nobody is alarmed: in real processes."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.e2e.gated_parts import GatedWorker
from tests.e2e.running import Service, running_service, wait_until
from tests.monitoring.kent_sink import Kent, run_kent

NOTHING = "0 versions, 0 passages, 0 stored files: nothing is wrong.\n"


@pytest.fixture(scope="module")
def kent() -> Iterator[Kent]:
    yield from run_kent()


@dataclass
class Site:
    """A running service whose workers the tests start."""

    service: Service
    token: str
    folder: Path

    def upload(self) -> str:
        """Send a text of about 200 passages; return its path in the API."""
        path = self.folder / f"{uuid.uuid4()}.txt"
        lines = (f"The tide of bay {number} rises twice a day, and nobody there minds it." for number in range(1_000))
        path.write_text(f"{path.name}.\n\n" + "\n\n".join(lines), encoding="utf-8")
        added = self.service.api("POST", "/api/v1/documents/", token=self.token, file=path)
        assert added.status == 202, added.body
        return f"/api/v1/documents/{added.json['id']}/"

    def delete(self, document: str) -> int:
        return self.service.api("DELETE", document, token=self.token).status

    def start(self, *gates: str) -> GatedWorker:
        return GatedWorker(self.service.data_dir, self.service.environment, *gates)

    def files(self) -> list[Path]:
        return [path for path in (self.service.data_dir / "objects").rglob("*") if path.is_file()]

    def count(self, table: str) -> int:
        with sqlite3.connect(self.service.data_dir / "hellotutor.sqlite3", timeout=30) as database:
            return int(database.execute(f"select count(*) from {table}").fetchone()[0])  # noqa: S608 - names of ours

    def check_that_nothing_is_left(self) -> None:
        """Wait until what had to be removed later has gone, too; then look."""
        wait_until(lambda: self.count("documents_removal") == 0)
        assert self.files() == []
        assert self.count("documents_page") == self.count("documents_passage") == 0
        checked = self.service.run("check", "--grace-minutes", "0")
        assert (checked.returncode, checked.stdout) == (0, NOTHING), checked.stderr


@pytest.fixture(scope="module")
def running(kent: Kent, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    data_dir = tmp_path_factory.mktemp("deleting") / "data"
    settings = {"EMBEDDER": "none", "SENTRY_DSN": kent.dsn, "INGEST_LEASE_S": "2"}
    with running_service(data_dir, "--no-worker", **settings) as service:
        yield service


@pytest.fixture
def site(running: Service, kent: Kent, tmp_path: Path) -> Iterator[Site]:
    kent.flush()
    yield Site(running, running.token(), tmp_path)
    assert kent.events() == []


@pytest.mark.parametrize("gate", ["page", "before-vectors", "after-vectors"])
def test_a_document_deleted_while_it_is_worked_on_leaves_nothing(gate: str, site: Site) -> None:
    document = site.upload()
    worker = site.start(gate)
    worker.wait_for(gate)
    assert site.count("documents_passage") > 0
    assert site.delete(document) == 204
    assert site.service.api("GET", document, token=site.token).status == 404
    worker.open(gate)
    site.check_that_nothing_is_left()
    assert worker.stop() == 0


@pytest.mark.parametrize("gate", ["page", "after-vectors"])
def test_a_document_deleted_after_its_worker_was_killed_leaves_nothing(gate: str, site: Site) -> None:
    document = site.upload()
    worker = site.start(gate)
    worker.wait_for(gate)
    worker.kill()
    assert site.delete(document) == 204
    assert site.files() == []
    next_worker = site.start()
    site.check_that_nothing_is_left()
    assert next_worker.stop() == 0


def test_what_a_worker_wrote_behind_the_deletion_before_it_was_killed_is_removed(site: Site) -> None:
    document = site.upload()
    worker = site.start("before-vectors", "after-vectors")
    worker.wait_for("before-vectors")
    assert site.delete(document) == 204
    assert site.files() == []
    worker.open("before-vectors")
    worker.wait_for("after-vectors")
    worker.kill()
    assert [path.suffix for path in site.files()] == [".npy"]
    next_worker = site.start()
    site.check_that_nothing_is_left()
    assert next_worker.stop() == 0


def test_a_file_that_could_not_be_removed_goes_when_that_works_again(site: Site, kent: Kent) -> None:
    document = site.upload()
    worker = site.start("page")
    worker.wait_for("page")
    (stored,) = [path for path in site.files() if len(path.name) == 64]
    stored.unlink()
    stored.mkdir()
    (stored / "in the way").touch()
    assert site.delete(document) == 204
    worker.open("page")
    wait_until(lambda: [path.name for path in site.files()] == ["in the way"])
    (stored / "in the way").unlink()
    stored.rmdir()
    stored.write_text("what was uploaded")
    site.check_that_nothing_is_left()
    assert worker.stop() == 0
    # two notes, of the deletion and of what the worker may have written behind it: each tells of its first failure
    assert {event["tags"]["failure"] for event in kent.events()} == {"rag_ingestion.remove_files"}
    kent.flush()
