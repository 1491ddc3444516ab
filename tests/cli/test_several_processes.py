"""Several processes over one data folder: they know of each other, and take over what a dead one left."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from tests.e2e.running import ANSWER_S, Service, running_service, start_service, wait_until

from .conftest import Program
from .test_service import data_dir as data_dir
from .test_service import long_notes as long_notes
from .test_service import quiet_service as quiet_service
from .test_service import status_of, upload, wait_for_both


def start_worker(service: Service) -> tuple[str, subprocess.Popen[str]]:
    """Start one more worker; return its id once it works, and its process."""
    before = set((service.data_dir / "locks").glob("worker-*.lock"))
    process = subprocess.Popen(
        [sys.executable, "-m", "hellotutor", "worker"],
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=service.environment,
    )
    assert process.stderr
    next(line for line in process.stderr if line.startswith("▸ Working off"))
    (path,) = set((service.data_dir / "locks").glob("worker-*.lock")) - before
    return path.stem.removeprefix("worker-"), process


def find_running_worker(data_dir: Path) -> str:
    """Return the id of the worker that is at a task, or nothing."""
    with sqlite3.connect(data_dir / "hellotutor.sqlite3") as database:
        row = database.execute(
            "select json_extract(worker_ids, '$[#-1]') from django_tasks_database_dbtaskresult where status = 'RUNNING'"
        ).fetchone()
    database.close()
    return str(row[0]) if row else ""


@pytest.mark.slow
def test_what_a_killed_worker_was_reading_is_taken_over_by_one_that_was_there_all_along(
    data_dir: Path, long_notes: Path
) -> None:
    with running_service(data_dir, "--no-worker") as service:
        workers = dict([start_worker(service), start_worker(service)])
        token = service.token()
        document = upload(service, token, long_notes)
        try:
            wait_until(lambda: find_running_worker(data_dir))
            workers[find_running_worker(data_dir)].kill()
            wait_until(lambda: status_of(service, token, document) == "indexed")
        finally:
            for process in workers.values():
                process.kill()
                process.communicate()


def test_a_link_is_for_the_service_that_runs_over_the_data_folder(data_dir: Path) -> None:
    with running_service(data_dir, "--no-worker") as service:
        made = service.run("link")
        port = service.url.rpartition(":")[2]
        assert made.stdout.startswith(f"http://localhost:{port}/sign-in/")
        assert "No service" not in made.stderr
    assert not list((data_dir / "locks").glob("service-*"))
    assert f"No service runs over {data_dir}" in service.run("link").stderr


def test_a_service_that_was_killed_is_known_no_more(data_dir: Path) -> None:
    service = start_service(data_dir, "--no-worker")
    service.stop(signal.SIGKILL)
    assert f"No service runs over {data_dir}" in service.run("link").stderr
    assert not list((data_dir / "locks").glob("service-*"))


def test_a_link_over_a_new_data_folder_names_it(bare_program: Program) -> None:
    program = bare_program
    ran = program.run("link")
    assert ran.out.startswith("http://localhost:8000/sign-in/")
    assert f"Prepared the database in {program.data_dir}" in ran.err
    assert f"No service runs over {program.data_dir}" in ran.err


def test_a_second_service_says_where_the_first_runs(quiet_service: Service) -> None:
    first = quiet_service
    with running_service(first.data_dir, "--no-worker") as second:
        port = first.url.rpartition(":")[2]
        said = [line for line in second.said if "Another service runs over this data folder" in line]
        assert len(said) == 1
        assert f"http://localhost:{port}" in said[0]
        assert not [line for line in first.said if "Another service" in line]


def test_the_command_for_another_link_is_whole(quiet_service: Service) -> None:
    service = quiet_service
    (told,) = (line.removeprefix("Another link: ") for line in service.said if line.startswith("Another link: "))
    page = service.visit("/sign-in/").body.decode()
    assert told.strip() in page
    bare = {"PATH": os.environ["PATH"], "HOME": str(service.data_dir.parent), "ENV": "test"}
    ran = subprocess.run(told, shell=True, capture_output=True, encoding="utf-8", env=bare, check=True)  # noqa: S602
    assert service.visit("/sign-in/" + ran.stdout.strip().partition("/sign-in/")[2]).status == 302


def test_a_stop_does_not_wait_for_whoever_watches_the_progress(data_dir: Path, long_notes: Path) -> None:
    with running_service(data_dir, "--no-worker") as service:
        token = service.token()
        document = upload(service, token, long_notes)
        seen = threading.Event()

        def watch() -> None:
            for _ in service.events("GET", f"/api/v1/documents/{document}/", token=token):
                seen.set()

        watching = threading.Thread(target=watch)
        watching.start()
        assert seen.wait(ANSWER_S)
        assert service.stop() == 0, "".join(service.said)
        watching.join()


def test_a_part_that_does_not_end_by_itself_is_a_failure(data_dir: Path) -> None:
    service = start_service(data_dir)
    started = wait_for_both(service)
    os.kill(started["web-server"], signal.SIGSTOP)
    service.process.send_signal(signal.SIGTERM)
    wait_until(lambda: any("Stopping" in line for line in service.said))
    os.kill(started["web-server"], signal.SIGKILL)
    assert service.process.wait(ANSWER_S) == 1
