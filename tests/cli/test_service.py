"""`hellotutor serve` and its processes: they start together, end together, and lose nothing on the way."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.running import ANSWER_S, Service, running_service, service_environment, start_service, wait_until

from .conftest import Program


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture(scope="module")
def quiet_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service for the tests that stop nothing."""
    with running_service(tmp_path_factory.mktemp("quiet") / "data", "--no-worker") as service:
        yield service


@pytest.fixture
def long_notes(tmp_path: Path) -> Path:
    """A Markdown file whose embedding takes long enough to be interrupted."""
    path = tmp_path / "notes.md"
    sections = (
        f"# Section {section}\n\n" + " ".join(f"Sentence {n} of section {section} speaks of tides." for n in range(30))
        for section in range(40)
    )
    path.write_text("\n\n".join(sections))
    return path


def children(service: Service) -> dict[str, int]:
    """Return the process ids of the service's processes by their command."""
    listed = subprocess.run(
        ["ps", "-e", "-o", "pid=", "-o", "ppid=", "-o", "args="], capture_output=True, encoding="utf-8", check=True
    )
    rows = (line.split(maxsplit=2) for line in listed.stdout.splitlines())
    mine = [(int(pid), args) for pid, parent, args in rows if int(parent) == service.process.pid]
    return {args.split("-m hellotutor ")[1].split()[0]: pid for pid, args in mine if "-m hellotutor " in args}


def is_running(pid: int) -> bool:
    listed = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, encoding="utf-8", check=False)
    return bool(listed.stdout.strip()) and not listed.stdout.strip().startswith("Z")


def wait_for_both(service: Service) -> dict[str, int]:
    wait_until(lambda: set(children(service)) == {"web-server", "worker"})
    return children(service)


def upload(service: Service, token: str, path: Path) -> str:
    answer = service.api("POST", "/api/v1/documents/", token=token, file=path)
    assert answer.status == 202, answer.body
    return str(answer.json["id"])


def status_of(service: Service, token: str, document: str) -> str:
    return str(service.api("GET", f"/api/v1/documents/{document}/", token=token).json["status"])


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_ends_both_processes_and_is_no_failure(data_dir: Path, signal_number: int) -> None:
    service = start_service(data_dir)
    started = wait_for_both(service)
    assert service.stop(signal_number) == 0
    assert not any(is_running(pid) for pid in started.values())
    assert "Traceback" not in "".join(service.said)
    assert not list((data_dir / "locks").glob("worker-*"))


def test_a_second_signal_does_not_wait(data_dir: Path) -> None:
    service = start_service(data_dir)
    started = wait_for_both(service)
    os.kill(started["web-server"], signal.SIGSTOP)  # it can't end by itself
    service.process.send_signal(signal.SIGTERM)
    wait_until(lambda: any("Stopping" in line for line in service.said))
    assert service.stop(signal.SIGTERM) == 1
    assert not any(is_running(pid) for pid in started.values())


def test_nothing_outlives_a_parent_that_is_killed(data_dir: Path) -> None:
    service = start_service(data_dir)
    started = wait_for_both(service)
    service.stop(signal.SIGKILL)
    wait_until(lambda: not any(is_running(pid) for pid in started.values()))


def test_a_web_server_that_dies_ends_the_service_in_one_sentence(data_dir: Path) -> None:
    service = start_service(data_dir)
    started = wait_for_both(service)
    os.kill(started["web-server"], signal.SIGKILL)
    assert service.process.wait(ANSWER_S) == 1
    assert not is_running(started["worker"])
    wait_until(lambda: any(line.startswith("✗ The web server ended unexpectedly") for line in service.said))


def test_a_taken_port_is_told_before_anything_is_started(data_dir: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ran = subprocess.run(
            [sys.executable, "-m", "hellotutor", "serve", "--no-browser", "--port", port],
            capture_output=True,
            encoding="utf-8",
            env=service_environment(data_dir),
            timeout=ANSWER_S,
            check=False,
        )
    assert (ran.returncode, ran.stdout) == (1, "")
    told = [line for line in ran.stderr.splitlines() if line.startswith("✗")]
    assert len(told) == 1
    assert port in told[0]
    assert "--port" in told[0]
    assert not (data_dir / "hellotutor.sqlite3").exists()


def test_a_killed_worker_is_started_again_and_finishes_what_it_was_reading(data_dir: Path, long_notes: Path) -> None:
    with running_service(data_dir) as service:
        first = wait_for_both(service)["worker"]
        token = service.token()
        document = upload(service, token, long_notes)
        wait_until(lambda: status_of(service, token, document) != "queued")
        os.kill(first, signal.SIGKILL)
        assert status_of(service, token, document) != "indexed"
        wait_until(lambda: status_of(service, token, document) == "indexed")
        assert children(service)["worker"] != first
        assert sum(line.startswith("✗ The worker ended unexpectedly") for line in service.said) == 1


def test_a_worker_that_fails_says_so_in_one_sentence(program: Program) -> None:
    with program.start("worker") as worker:
        assert worker.stderr
        next(line for line in worker.stderr if line.startswith("▸ Working off"))
        with sqlite3.connect(program.data_dir / "hellotutor.sqlite3") as database:
            database.execute("drop table django_tasks_database_dbtaskresult")
        database.close()
        said = worker.stderr.read()
        assert worker.wait(ANSWER_S) == 1
    assert said.startswith("✗ The worker failed (OperationalError)")
    assert said.count("\n") == 1


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_a_worker_of_its_own_stops_when_told_to(program: Program, signal_number: int) -> None:
    with program.start("worker") as worker:
        assert worker.stderr
        next(line for line in worker.stderr if line.startswith("▸ Working off"))
        worker.send_signal(signal_number)
        assert worker.wait(ANSWER_S) == 0
        assert worker.stderr.read() == ""


def test_what_was_being_read_at_a_stop_goes_on_at_the_next_start(data_dir: Path, long_notes: Path) -> None:
    with running_service(data_dir) as service:
        token = service.token()
        document = upload(service, token, long_notes)
        wait_until(lambda: status_of(service, token, document) != "queued")
    with running_service(data_dir) as service:
        wait_until(lambda: status_of(service, token, document) == "indexed")


def test_the_link_that_is_printed_signs_in_once(quiet_service: Service) -> None:
    path = quiet_service.new_link().removeprefix(quiet_service.url)
    entered, again = quiet_service.visit(path), quiet_service.visit(path)
    assert (entered.status, entered.headers["Location"]) == (302, "/")
    assert "sessionid=" in str(entered.headers)
    assert again.status == 422
    assert "sessionid=" not in str(again.headers)


def test_the_token_command_prints_a_token_that_opens_the_api(quiet_service: Service) -> None:
    made = quiet_service.run("token", "learner@localhost", "--name", "laptop", "--days", "2")
    assert made.stdout.count("\n") == 1
    assert quiet_service.api("GET", "/api/v1/documents/", token=made.stdout.strip()).status == 200
    assert quiet_service.api("GET", "/api/v1/documents/", token=made.stdout.strip()[:-1]).status == 401


def test_a_token_for_reading_may_not_write(quiet_service: Service, long_notes: Path) -> None:
    token = quiet_service.token("learner@localhost", "--read-only")
    assert quiet_service.api("GET", "/api/v1/documents/", token=token).status == 200
    assert quiet_service.api("POST", "/api/v1/documents/", token=token, file=long_notes).status == 403


@pytest.mark.parametrize("command", ["link", "token"])
def test_an_unknown_address_is_one_sentence(quiet_service: Service, command: str) -> None:
    ran = quiet_service.run(command, "nobody@example.org")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert sum(line.startswith("✗ There is no user nobody@example.org") for line in ran.stderr.splitlines()) == 1
