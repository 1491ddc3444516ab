"""The API of a real service, called as programs call it: the examples of the documentation, and several at once."""

from __future__ import annotations

# ruff: noqa: S310
import http.client
import json
import os
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from tests.e2e.browser import DESKTOP_LIGHT, PHONE_DARK, Mode, running_chromium, visiting
from tests.e2e.running import Service, free_port, running_service, service_environment, wait_until

PROGRAMS = Path(__file__).parent / "programs"
EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
COMMANDS = [[sys.executable, str(EXAMPLES / "study.py")], ["bash", str(EXAMPLES / "study.sh")]]
ANSWER_S = 120


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running_service(tmp_path_factory.mktemp("api") / "data") as service:
        yield service


@pytest.fixture(scope="module")
def token(live: Service) -> str:
    return live.token()


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "memory.md"
    path.write_bytes(resources.files("hellotutor.documents").joinpath("samples/how-memory-works.md").read_bytes())
    return path


def run(command: list[str], token: str) -> str:
    environment = {"PATH": os.environ["PATH"], "HELLOTUTOR_TOKEN": token, "LANG": "C.UTF-8"}
    done = subprocess.run(command, capture_output=True, encoding="utf-8", env=environment, timeout=ANSWER_S)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_example_in_python_studies_a_document(live: Service, token: str, book: Path) -> None:
    said = run([sys.executable, str(EXAMPLES / "study.py"), str(book), live.url], token)
    assert "done indexed" in said or "done embedding" in said
    assert "(memory.md)" in said
    assert "You answered 2 of 2 questions" in said


def test_the_example_for_the_shell_studies_a_document(live: Service, token: str, book: Path) -> None:
    said = run(["bash", str(EXAMPLES / "study.sh"), str(book), live.url], token)
    assert "event: done" in said
    assert "event: start" in said
    assert "You answered 1 of 1 question:" in said


@pytest.mark.parametrize("command", COMMANDS)
def test_an_example_asks_what_it_is_told_to_about_its_document_alone(
    live: Service, token: str, book: Path, tmp_path: Path, command: list[str]
) -> None:
    other = tmp_path / "other.md"
    other.write_text("# Cramming\n\nCramming is the habit of learning all night before a test.\n", encoding="utf-8")
    live.api("POST", "/api/v1/documents/", token=token, file=other)
    run([*command, str(book), live.url, "What is cramming?"], token)
    chat = live.api("GET", "/api/v1/chat/", token=token).json["results"][0]
    assert chat["title"] == "What is cramming?"
    (document_id,) = chat["document_ids"]
    assert live.api("GET", f"/api/v1/documents/{document_id}/", token=token).json["filename"] == "memory.md"
    live.api("DELETE", "/api/v1/documents/" + find_document(live, token, "other.md") + "/", token=token)


def find_document(live: Service, token: str, title: str) -> str:
    return str(live.api("GET", f"/api/v1/documents/?q={title}", token=token).json["results"][0]["id"])


@pytest.mark.parametrize("command", COMMANDS)
def test_an_example_ends_with_the_code_of_its_problem(live: Service, book: Path, command: list[str]) -> None:
    assert fail([*command, str(book), live.url]).startswith("token_not_valid: ")


@pytest.mark.parametrize("command", COMMANDS)
def test_an_example_says_in_a_sentence_that_no_service_is_there(book: Path, command: list[str]) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    (line,) = fail([*command, str(book), address]).splitlines()
    assert line.startswith(f"No HelloTutor answers at {address}: ")


def fail(command: list[str]) -> str:
    """Run an example that has to fail; return what it says of it."""
    environment = {"HELLOTUTOR_TOKEN": "ht_guess", "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
    done = subprocess.run(command, capture_output=True, encoding="utf-8", env=environment, timeout=ANSWER_S)
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stderr


def test_of_many_requests_at_once_with_one_key_one_is_done(live: Service, token: str, book: Path) -> None:
    run([sys.executable, str(EXAMPLES / "study.py"), str(book), live.url], token)
    (document,) = live.api("GET", "/api/v1/documents/", token=token).json["results"]
    before = live.api("GET", "/api/v1/sessions/", token=token).json["count"]
    body = json.dumps({"document_ids": [document["id"]], "count": 1}).encode()
    gate = threading.Barrier(6)
    answers: list[tuple[int, Any]] = []

    def send() -> None:
        request = urllib.request.Request(live.url + "/api/v1/sessions/", data=body, method="POST")
        request.add_header("Authorization", f"Bearer {token}")
        request.add_header("Content-Type", "application/json")
        request.add_header("Idempotency-Key", "once")
        gate.wait()
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_S) as answer:
                answers.append((answer.status, json.load(answer)["id"]))
        except urllib.error.HTTPError as error:
            with error:
                answers.append((error.code, json.load(error)["code"]))

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 6
    assert {status for status, _ in answers} <= {201, 409}, answers
    assert len({told for status, told in answers if status == 201}) == 1
    assert {told for status, told in answers if status == 409} <= {"request_in_progress"}
    assert live.api("GET", "/api/v1/sessions/", token=token).json["count"] == before + 1


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[tuple[Service, str]]:
    """A service whose tutor thinks for two seconds, and a token for it."""
    port, environment = free_port(), service_environment(tmp_path / "data", EMBEDDER="none")
    command = [sys.executable, str(PROGRAMS / "slow_tutor.py"), str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8", env=environment) as process:
        assert process.stdout
        token = process.stdout.readline().strip()
        service = Service(f"http://127.0.0.1:{port}", tmp_path / "data", "", process, environment)
        try:
            wait_until(lambda: is_up(service))
            yield service, token
        finally:
            process.terminate()


def is_up(service: Service) -> bool:
    try:
        return service.api("GET", "/healthz").status == 200
    except OSError:
        return False


def test_a_client_that_goes_away_stops_the_reply(slow: tuple[Service, str]) -> None:
    service, token = slow
    events = service.events("POST", "/api/v1/chat/", token=token, json_body={"message": "How does memory work?"})
    started = next(events)
    assert started.name == "start"
    events.close()  # type: ignore[attr-defined]
    url = f"/api/v1/chat/{started.data['session_id']}/"

    def reply() -> Any:
        messages = service.api("GET", url, token=token).json["messages"]
        return messages[-1] if messages and messages[-1]["role"] == "tutor" else None

    wait_until(lambda: reply() and reply()["state"] != "writing")
    assert reply()["state"] == "stopped"


def test_open_streams_hold_no_database_and_end_with_the_service(tmp_path: Path, book: Path) -> None:
    with ExitStack() as connections:
        with running_service(tmp_path / "data", "--no-worker", EMBEDDER="none") as service:
            token = service.token()
            document = service.api("POST", "/api/v1/documents/", token=token, file=book).json
            streams = [connections.enter_context(watching(service, token, document["id"])) for _ in range(5)]
            assert [stream.readline() for stream in streams] == [b"event: progress\n"] * 5
            if sys.platform == "linux":
                wait_until(lambda: not open_databases(service), seconds=30)
        for stream in streams:
            assert stream.read().endswith(b": open again to see more\n\n")  # it came to its end, and was not cut off


@contextmanager
def watching(service: Service, token: str, document_id: str) -> Iterator[http.client.HTTPResponse]:
    """Open the stream of a document's progress."""
    headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
    with closing(http.client.HTTPConnection(service.url.removeprefix("http://"), timeout=ANSWER_S)) as connection:
        connection.request("GET", f"/api/v1/documents/{document_id}/", headers=headers)
        with connection.getresponse() as answer:
            yield answer


def open_databases(service: Service) -> list[str]:
    """Return the database's files that the web server's processes have open."""
    children = Path(f"/proc/{service.process.pid}/task/{service.process.pid}/children").read_text().split()
    assert children
    handles = [handle for child in children for handle in Path(f"/proc/{child}/fd").iterdir()]
    return [target for handle in handles if "sqlite3" in (target := read_link(handle))]


def read_link(handle: Path) -> str:
    try:
        return str(handle.readlink())
    except FileNotFoundError:  # closed meanwhile
        return ""


@pytest.mark.parametrize("mode", [DESKTOP_LIGHT, PHONE_DARK])
def test_the_reference_page_is_accessible_and_fits(live: Service, mode: Mode) -> None:
    with running_chromium() as browser, visiting(browser, live, mode) as visit:
        visit.go("/api/docs/#submit_answer")
        assert not Axe().run(visit.page).response["violations"]
        assert visit.overflow_px() <= 0
