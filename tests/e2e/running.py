"""The real service in processes of its own, over its own data folder, with an API client of the standard library."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.warm import prepare_data_dir, run_program

START_S, STOP_S, ANSWER_S = 90, 30, 120
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # loopback needs no proxy
_LINK = re.compile(r"https?://[^\s/]+(/sign-in/[\w-]+/)")


@dataclass(frozen=True)
class Response:
    """What the service answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Event:
    """One server-sent event."""

    name: str
    data: Any


@dataclass
class Service:
    """A running service.

    `sign_in_link` works once; `new_link()` makes another and ends the ones before.
    """

    url: str
    data_dir: Path
    sign_in_link: str
    process: subprocess.Popen[str] = field(repr=False)
    environment: dict[str, str] = field(repr=False)
    said: list[str] = field(default_factory=list, repr=False)  # standard output and error, line by line

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the program over the same data."""
        return run_program(arguments, environment=self.environment)

    def token(self, email: str = "learner@localhost", *options: str) -> str:
        """Return a new API token."""
        made = self.run("token", email, *options)
        assert made.returncode == 0, made.stderr
        return made.stdout.strip()

    def new_link(self) -> str:
        """Return a new sign-in link."""
        made = self.run("link")
        assert made.returncode == 0, made.stderr
        return made.stdout.strip().replace("http://localhost:", "http://127.0.0.1:")

    def api(
        self,
        method: str,
        path: str,
        *,
        token: str = "",
        json_body: Any = None,
        file: Path | None = None,
        accept: str = "application/json",
    ) -> Response:
        """Ask the service; a status that says no is an answer too. `path` begins with a slash."""
        request = self._request(method, path, token=token, json_body=json_body, file=file, accept=accept)
        try:
            with _OPENER.open(request, timeout=ANSWER_S) as answer:
                return Response(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Response(error.code, error.headers, error.read())

    def events(self, method: str, path: str, *, token: str = "", json_body: Any = None) -> Iterator[Event]:
        """Yield the server-sent events of an answer as they come."""
        request = self._request(method, path, token=token, json_body=json_body, accept="text/event-stream")
        with _OPENER.open(request, timeout=ANSWER_S) as answer:
            assert answer.headers["Content-Type"].startswith("text/event-stream"), answer.headers["Content-Type"]
            name, data = "message", list[str]()
            for raw in answer:
                line = raw.decode().rstrip("\r\n")
                if line.startswith("event:"):
                    name = line.removeprefix("event:").strip()
                elif line.startswith("data:"):
                    data.append(line.removeprefix("data:").removeprefix(" "))
                elif not line and data:
                    yield Event(name, json.loads("\n".join(data)))
                    name, data = "message", []

    def visit(self, path: str) -> Response:
        """Open a page without following where it leads, and with no cookie."""
        connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=ANSWER_S)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return Response(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def _request(
        self,
        method: str,
        path: str,
        *,
        token: str = "",
        json_body: Any = None,
        file: Path | None = None,
        accept: str = "application/json",
    ) -> urllib.request.Request:
        headers = {"Accept": accept} | ({"Authorization": f"Bearer {token}"} if token else {})
        body = None
        if json_body is not None:
            headers["Content-Type"], body = "application/json", json.dumps(json_body).encode()
        elif file is not None:
            headers["Content-Type"], body = _multipart(file)
        return urllib.request.Request(self.url + path, data=body, headers=headers, method=method)  # noqa: S310 - our own

    def stop(self, signal_number: int = signal.SIGTERM) -> int:
        """End the service as a person or the system would; return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal_number)
        return self.process.wait(STOP_S)


def _multipart(file: Path) -> tuple[str, bytes]:
    boundary = uuid.uuid4().hex
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{file.name}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    return (
        f"multipart/form-data; boundary={boundary}",
        head.encode() + file.read_bytes() + f"\r\n--{boundary}--\r\n".encode(),
    )


def free_port() -> int:
    """Return a port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def service_environment(data_dir: Path, **settings: str) -> dict[str, str]:
    """Return an environment that holds nothing of the one who runs the tests."""
    passed = {name: os.environ[name] for name in ("PATH", "LANG", "SYSTEMROOT") if name in os.environ}
    return {**passed, "HOME": str(data_dir.parent), "DATA_DIR": str(data_dir), "ENV": "test", **settings}


def start_service(data_dir: Path, *options: str, **settings: str) -> Service:
    """Start `hellotutor serve` on a free port and return it once it answers.

    A new data folder has a database already, so that not every start makes one; over Postgres the program makes it.
    """
    if not data_dir.exists() and "DATABASE_URL" not in settings:
        prepare_data_dir(data_dir)
    port = free_port()
    environment = service_environment(data_dir, **settings)
    process = subprocess.Popen(
        [sys.executable, "-m", "hellotutor", "serve", "--no-browser", "--port", str(port), *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        env=environment,
    )
    service = Service(f"http://127.0.0.1:{port}", data_dir, "", process, environment)
    threading.Thread(target=_listen, args=(service,), daemon=True).start()
    try:
        wait_until(lambda: bool(service.sign_in_link) and _is_alive(service), seconds=START_S)
    except BaseException as error:
        process.kill()
        process.wait()
        error.add_note("".join(service.said))
        raise
    return service


@contextmanager
def running_service(data_dir: Path, *options: str, **settings: str) -> Iterator[Service]:
    """Run a service that has to end cleanly when it is told to."""
    service = start_service(data_dir, *options, **settings)
    try:
        yield service
    finally:
        code = service.stop()
    assert code == 0, "".join(service.said)


def wait_until(is_so: Any, *, seconds: float = ANSWER_S) -> None:
    """Wait for a condition; fail where it doesn't come."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def _listen(service: Service) -> None:
    assert service.process.stdout
    with service.process.stdout as lines:
        for line in lines:
            service.said.append(line)
            if found := _LINK.search(line):
                service.sign_in_link = service.url + found[1]


def _is_alive(service: Service) -> bool:
    assert service.process.poll() is None, "".join(service.said)
    try:
        return service.api("GET", "/healthz").status == 200
    except OSError:
        return False
