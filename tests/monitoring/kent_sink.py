"""A real fake Sentry (Kent) behind a recorder that keeps every body as it came over the wire."""

from __future__ import annotations

import gzip
import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(__file__).parent / "programs"
DSN_KEY = "0c0ffee5dead4bee8f00dcafe1234567"

_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_DECODERS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.decompress, "deflate": zlib.decompress}


def free_port() -> int:
    """Return a port on the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Kent:
    """A sink for envelopes.

    Attributes:
        url: where Kent listens.
        dsn: what a program under test is given; it leads through the recorder to Kent.
    """

    url: str
    dsn: str
    bodies: list[bytes] = field(default_factory=list)

    def items(self) -> list[dict[str, Any]]:
        """Return every envelope item that Kent could read, oldest first, as {envelope_header, header, body}."""
        listed = self._get("/api/eventlist/")["events"]
        return [self._get(f"/api/event/{one['event_id']}")["payload"] for one in listed]

    def events(self) -> list[dict[str, Any]]:
        """Return the error events."""
        return [item["body"] for item in self.items() if item["header"]["type"] == "event"]

    def transactions(self) -> list[dict[str, Any]]:
        """Return the traced requests."""
        return [item["body"] for item in self.items() if item["header"]["type"] == "transaction"]

    def raw_envelopes(self) -> list[bytes]:
        """Return the bodies as they came, decompressed."""
        return list(self.bodies)

    def flush(self) -> None:
        """Forget everything."""
        self.bodies.clear()
        _post(f"{self.url}/api/flush/", b"")

    def _get(self, path: str) -> Any:
        with _OPENER.open(self.url + path, timeout=10) as reply:
            return json.load(reply)


def _post(url: str, body: bytes) -> bytes:
    headers = {"Content-Type": "application/x-sentry-envelope"}
    request = urllib.request.Request(url, data=body, headers=headers)  # noqa: S310  always http, on the loopback
    with _OPENER.open(request, timeout=10) as reply:
        return bytes(reply.read())


def run_kent() -> Iterator[Kent]:
    """Run Kent and the recorder before it for as long as the caller needs them."""
    port = free_port()
    command = "import sys; sys.argv[0] = 'kent-server'; from kent.cli_server import main; main()"
    server = subprocess.Popen(
        [sys.executable, "-c", command, "run", "--host", "127.0.0.1", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=Path(sys.executable).parent,
    )
    kent = Kent(f"http://127.0.0.1:{port}", "")
    recorder = _recorder(kent)
    kent.dsn = f"http://{DSN_KEY}@127.0.0.1:{recorder.server_port}/1"
    thread = threading.Thread(target=recorder.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        _wait_until_it_answers(kent.url, server)
        yield kent
    finally:
        recorder.shutdown()
        thread.join()
        recorder.server_close()
        server.terminate()
        server.wait(timeout=20)


def _recorder(kent: Kent) -> ThreadingHTTPServer:
    class Recorder(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"]))
            body = _DECODERS.get(self.headers.get("Content-Encoding", ""), bytes)(sent)
            kent.bodies.append(body)
            answer = _post(kent.url + self.path, body)
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *args: object) -> None:
            pass

    return ThreadingHTTPServer(("127.0.0.1", 0), Recorder)


def _wait_until_it_answers(url: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if server.poll() is not None:
            raise RuntimeError(f"kent-server ended with {server.returncode}")
        try:
            with _OPENER.open(f"{url}/api/eventlist/", timeout=10):
                return
        except urllib.error.URLError:
            time.sleep(0.05)
    raise RuntimeError("kent-server did not start within 30 seconds")


def run_program(name: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program of `programs/` to its end in a process of its own, and return its output.

    Args:
        name: the file's name without its ending.
        arguments: its command line.
        environment: added to a bare environment.
    """
    bare = {"PYTHONPATH": str(ROOT / "src"), "PATH": os.environ["PATH"], "NO_PROXY": "*", "PYTHONWARNINGS": "error"}
    return subprocess.run(
        [sys.executable, str(PROGRAMS / f"{name}.py"), *arguments],
        env=bare | environment,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
