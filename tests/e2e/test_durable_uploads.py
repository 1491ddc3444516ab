"""An upload that was acknowledged is kept whatever happens next; one that wasn't leaves nothing behind."""

from __future__ import annotations

import http.client
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.gated_parts import ROOT
from tests.e2e.running import ANSWER_S, Service, free_port, running_service, wait_until

TEXT = "# Tides\n\nThe moon pulls the sea, and the sea rises twice a day.\n"


@dataclass
class Site:
    """A running service, a second web server over the same data that can be killed, and what both have kept."""

    service: Service
    doomed: Service
    token: str

    def upload(self, file: Path) -> Any:
        return self.doomed.api("POST", "/api/v1/documents/", token=self.token, file=file)

    def kill(self) -> None:
        self.doomed.process.kill()
        self.doomed.process.wait(ANSWER_S)

    @contextmanager
    def working(self) -> Iterator[None]:
        command = [sys.executable, "-m", "hellotutor", "worker"]
        worker = subprocess.Popen(command, stdin=subprocess.DEVNULL, env=self.service.environment)
        try:
            yield
        finally:
            worker.terminate()
            assert worker.wait(ANSWER_S) == 0

    def wait_for_a_sweep(self) -> None:
        """Wait until a worker has swept once: old locks go last."""
        lock = self.service.data_dir / "locks" / "old.writing.lock"
        lock.touch()
        os.utime(lock, (0, 0))
        wait_until(lambda: not lock.exists())

    def titles(self) -> list[str]:
        listed = self.service.api("GET", "/api/v1/documents/", token=self.token).json
        return [document["title"] for document in listed["results"]]

    def files(self) -> list[str]:
        return [path.name for path in (self.service.data_dir / "objects").rglob("*") if path.is_file()]

    def sql(self, statement: str) -> list[Any]:
        with sqlite3.connect(self.service.data_dir / "hellotutor.sqlite3", timeout=30) as database:
            return database.execute(statement).fetchall()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with running_service(tmp_path / "data", "--no-worker", EMBEDDER="none", INGEST_LEASE_S="2") as service:
        port = free_port()
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.e2e.programs.gated_web_server", str(port)],
            stdin=subprocess.DEVNULL,
            encoding="utf-8",
            cwd=ROOT,
            env=service.environment,
        )
        doomed = replace(service, url=f"http://127.0.0.1:{port}", process=process)
        try:
            wait_until(lambda: _answers(doomed))
            yield Site(service, doomed, service.token())
        finally:
            process.kill()
            process.wait(ANSWER_S)


def _answers(service: Service) -> bool:
    assert service.process.poll() is None
    try:
        return service.api("GET", "/healthz").status == 200
    except OSError:
        return False


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "tides.md"
    path.write_text(TEXT, encoding="utf-8")
    return path


def test_a_server_killed_before_an_upload_has_its_rows_leaves_a_note_and_then_nothing(site: Site, file: Path) -> None:
    gate = site.service.data_dir / "gate"
    gate.touch()
    answers: list[Any] = []

    def send() -> None:
        with suppress(OSError, http.client.HTTPException):
            answers.append(site.upload(file))

    sending = threading.Thread(target=send)
    sending.start()
    wait_until(gate.with_suffix(".reached").exists)
    site.kill()
    sending.join(ANSWER_S)
    assert answers == []
    assert site.titles() == []
    assert len(site.files()) == 1
    checked = site.service.run("check", "--grace-minutes", "0")
    assert checked.returncode == 0, checked.stdout
    assert "nothing is wrong; 1 to be removed yet" in checked.stdout
    with site.working():
        site.wait_for_a_sweep()
        assert len(site.files()) == 1  # it may be an upload that still runs
        site.sql("update documents_removal set due_at = datetime('now', '-1 minute')")
        wait_until(lambda: not site.sql("select * from documents_removal"))
    assert site.files() == []
    assert site.service.run("check", "--grace-minutes", "0").stdout.endswith("nothing is wrong.\n")
    gate.unlink()
    added = site.service.api("POST", "/api/v1/documents/", token=site.token, file=file)  # the same bytes once more
    assert (added.status, added.json["is_new"]) == (202, True)


def test_an_upload_acknowledged_by_a_server_that_is_killed_at_once_is_kept_and_read(site: Site, file: Path) -> None:
    added = site.upload(file)
    site.kill()
    assert added.status == 202
    document = f"/api/v1/documents/{added.json['id']}/"
    assert site.service.api("GET", document, token=site.token).json["status"] == "queued"
    with site.working():
        wait_until(
            lambda: site.service.api("GET", document, token=site.token).json["status"] == "embedding"
        )  # all there is to do without a model
    checked = site.service.run("check", "--bytes")
    assert (checked.returncode, checked.stdout.split(":")[0]) == (0, "1 versions, 1 passages, 1 stored files")
