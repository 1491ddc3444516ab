"""How fast the pages are with 200 documents and 10,000 answers, alone and with four visitors at once."""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .shared import shared_file

TARGET_MS, TARGET_KB = 100, 80
CLIENTS, WARM_UP = 4, 10
_START_S = 60
_LINKED = re.compile(r'<(?:script|link)\s[^>]*?(?:src|href)="([^"]+\.(?:js|css))"')
_SEED = "benchmarks.pages_seed"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks: the service's host and port, and what lets the visitor in."""

    host: str
    headers: dict[str, str]

    def connect(self) -> http.client.HTTPConnection:
        """Open a connection that is kept for many requests, as a browser's is."""
        connection = http.client.HTTPConnection(self.host, timeout=60)
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection


def main() -> None:
    """Print a Markdown table, or JSON with --json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=100, help="requests a page, alone and again with all clients")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--only", default="", help="only pages whose name holds this")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "DATA_DIR": str(Path(folder) / "data"), "ENV": "test", "SENTRY_DSN": ""}
        pages = _seed(environment)
        with _running_service(environment) as (host, link):
            visitor = Visitor(host, {"Cookie": _sign_in(host, link), "Accept-Encoding": "gzip, deflate, br"})
            rows = [
                _measure(name, path, visitor, options.requests)
                for name, path in pages.items()
                if options.only in name or name == "healthz"
            ]
    print(json.dumps(rows, indent=2) if options.json else _table(rows))


def _seed(environment: dict[str, str]) -> dict[str, str]:
    """Fill a data folder in a process of its own; return the address of each page by its name."""
    original = shared_file("books", "freeculture.pdf")
    arguments = [str(original)] if original else []
    command = [sys.executable, "-m", _SEED, *arguments]
    seeded = subprocess.run(command, env=environment, stdout=subprocess.PIPE, encoding="utf-8", check=True)
    return {"healthz": "/healthz", **json.loads(seeded.stdout)}


@contextmanager
def _running_service(environment: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Run `hellotutor serve`; give its host with the port, and the path of a sign-in link."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{probe.getsockname()[1]}"
    command = [sys.executable, "-m", "hellotutor", "serve", "--no-browser", "--port", host.split(":")[1]]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, encoding="utf-8")
    assert process.stdout
    try:
        link = next(found[0] for line in process.stdout if (found := re.search(r"/sign-in/[\w-]+/", line)))
        time.sleep(5)  # the worker's start would be measured too
        yield host, link
    finally:
        process.terminate()
        process.communicate(timeout=_START_S)


def _sign_in(host: str, link: str) -> str:
    connection = http.client.HTTPConnection(host, timeout=60)
    connection.request("GET", link)
    response = connection.getresponse()
    response.read()
    cookies = SimpleCookie()
    for value in response.headers.get_all("Set-Cookie") or ():
        cookies.load(value)
    return "; ".join(f"{name}={morsel.value}" for name, morsel in cookies.items())


def _measure(name: str, path: str, visitor: Visitor, requests: int) -> dict[str, Any]:
    body = _ask(visitor.connect(), visitor, path)
    _times_ms(visitor, path, WARM_UP)
    alone = _times_ms(visitor, path, requests)
    together = _together_ms(visitor, path, requests // CLIENTS)
    return {
        "page": name,
        "alone_ms": _percentiles(alone),
        "together_ms": _percentiles(together),
        "html_kb": round(len(body) / 1000, 1),
        "script_and_style_kb": round(_linked_bytes(visitor, body) / 1000, 1),
    }


def _together_ms(visitor: Visitor, path: str, requests: int) -> list[float]:
    times: list[float] = []
    threads = [
        threading.Thread(target=lambda: times.extend(_times_ms(visitor, path, requests))) for _ in range(CLIENTS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times


def _times_ms(visitor: Visitor, path: str, requests: int) -> list[float]:
    connection = visitor.connect()
    times = []
    for _ in range(requests):
        before = time.perf_counter()
        _ask(connection, visitor, path)
        times.append(1000 * (time.perf_counter() - before))
    connection.close()
    return times


def _ask(connection: http.client.HTTPConnection, visitor: Visitor, path: str) -> bytes:
    is_part = path.endswith("/progress/")  # a part of a page, which only htmx is given
    connection.request("GET", path, headers={**visitor.headers, **({"HX-Request": "true"} if is_part else {})})
    response = connection.getresponse()
    body = response.read()
    if response.status != 200:
        raise SystemExit(f"{path} was answered with {response.status}")
    return body


def _linked_bytes(visitor: Visitor, html: bytes) -> int:
    """Return how many bytes the scripts and styles of a page are over the wire."""
    connection = visitor.connect()
    linked = {urlsplit(address).path for address in _LINKED.findall(html.decode(errors="replace"))}
    return sum(len(_ask(connection, visitor, path)) for path in sorted(linked))


def _percentiles(times: Sequence[float]) -> dict[str, float]:
    cuts = statistics.quantiles(times, n=100, method="inclusive")
    return {"p50": round(cuts[49], 1), "p95": round(cuts[94], 1), "p99": round(cuts[98], 1)}


def _table(rows: Sequence[dict[str, Any]]) -> str:
    trivial = rows[0]["alone_ms"]["p50"]
    lines = [
        f"| page | alone: p50 / p95 / p99 ms | {CLIENTS} visitors: p50 / p95 / p99 ms | p95 of {TARGET_MS} ms "
        f"| p50 × healthz | HTML kB | scripts and styles kB (< {TARGET_KB}) |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        alone, together = row["alone_ms"], row["together_ms"]
        lines.append(
            f"| {row['page']} | {_slashed(alone)} | {_slashed(together)} | {alone['p95'] / TARGET_MS:.0%} "
            f"| {alone['p50'] / trivial:.1f} | {row['html_kb']} | {row['script_and_style_kb']} |"
        )
    return "\n".join(lines)


def _slashed(times: dict[str, float]) -> str:
    return " / ".join(f"{time_ms:.1f}" for time_ms in times.values())


if __name__ == "__main__":
    main()
