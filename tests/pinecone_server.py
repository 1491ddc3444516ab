"""A Pinecone of ours on the loopback: no emulator exists, so it is written from what Pinecone publishes.

The control plane and each index have an address of their own. Faults are made to happen with `PineconeServer.fault`.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests import pinecone_store as store
from tests.pinecone_filter import Refused
from tests.pinecone_store import Lag, StoredIndex

KEY = "pcsk_4ofTheTests_ThatNobodyMayEverBeToldOf"
_VERSIONS = {"2025-10", "2026-04", "2026-07"}
_HANG_S = 60.0


@dataclass
class Fault:
    """What becomes of requests to a path.

    Attributes:
        path: its beginning.
        kind: `status`, `hang`, `slow` (a byte at a time), `reset` (in mid-answer) or `garbage`.
        after: so many requests pass first.
        times: so many are met; all when None.
        status: what is answered.
        message: its words.
        headers: further headers of it.
        seconds: between two bytes for `slow`.
        is_done_first: whether the request is carried out before the fault.
    """

    path: str
    kind: str = "status"
    after: int = 0
    times: int | None = None
    status: int = 500
    message: str = "Internal server error"
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    is_done_first: bool = False

    def meets(self, path: str) -> bool:
        """Say whether this request is met, and count it."""
        if not path.startswith(self.path):
            return False
        if self.after > 0:
            self.after -= 1
            return False
        if self.times is None:
            return True
        self.times -= 1
        return self.times >= 0


class PineconeServer:
    """A running server.

    Attributes:
        url: of the control plane.
        indexes: by name.
        keys: those that are let in.
        lag: how late writes show.
        requests: every request that came, as “POST /query”.
        most_indexes: the project's quota.
    """

    def __init__(self) -> None:
        """Listen on a free port."""
        self.indexes: dict[str, StoredIndex] = {}
        self.keys = {KEY}
        self.lag = Lag()
        self.requests: list[str] = []
        self.most_indexes = 5
        self.not_ready = 0  # how often a new index is still described as initializing
        self.guard = threading.RLock()
        self._faults: list[Fault] = []
        self.released = threading.Event()
        self._planes: dict[str, _Plane] = {}  # by index; the control plane's name is empty
        self.url = self.host_of("")

    @property
    def settings(self) -> dict[str, str]:
        """The settings of a service that keeps its vectors here."""
        return {"VECTOR_INDEX": "pinecone", "PINECONE_API_KEY": KEY, "PINECONE_HOST": self.url}

    @contextmanager
    def fault(self, path: str, kind: str = "status", **details: Any) -> Iterator[Fault]:
        """Let requests to a path meet a fault for a while."""
        fault = Fault(path, kind, **details)
        self._faults.append(fault)
        try:
            yield fault
        finally:
            self._faults.remove(fault)
            self.released.set()
            self.released = threading.Event()

    def count(self, request: str) -> int:
        """Return how many requests came that begin like this."""
        return sum(one.startswith(request) for one in self.requests)

    def forget_requests(self) -> None:
        """Begin to count anew."""
        self.requests.clear()

    def records(self, index: str = "hellotutor") -> dict[str, dict[str, Any]]:
        """Return what is written, by namespace and id, whether it shows by now or not."""
        with self.guard:
            written = {}
            for name, namespace in self.indexes[index].namespaces.items():
                written[name] = dict(namespace.seen)
                for write in namespace.waiting:
                    write.apply(written[name])
            return written

    def is_settled(self) -> bool:
        """Say whether everything written shows."""
        with self.guard:
            namespaces = [one for index in self.indexes.values() for one in index.namespaces.values()]
            for namespace in namespaces:
                namespace.catch_up(self.lag)
            return not any(namespace.waiting for namespace in namespaces)

    def show_everything(self) -> None:
        """Let readers see all that was written, from now on without a delay."""
        with self.guard:
            self.lag = Lag()
            for index in self.indexes.values():
                for namespace in index.namespaces.values():
                    namespace.show()

    def meet(self, path: str) -> Fault | None:
        """Return the fault that a request meets."""
        with self.guard:
            return next((fault for fault in self._faults if fault.meets(path)), None)

    def host_of(self, index: str) -> str:
        """Return the address of an index, which it keeps when it is deleted and made again."""
        if index not in self._planes:
            plane = self._planes[index] = _Plane(self, index)
            threading.Thread(target=plane.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return f"http://127.0.0.1:{self._planes[index].server_port}"

    def close(self) -> None:
        """Stop listening; who still waits is told nothing."""
        self.released.set()
        for plane in self._planes.values():
            plane.shutdown()
            plane.server_close()


class _Plane(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, pinecone: PineconeServer, index: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pinecone, self.index = pinecone, index


class _Handler(BaseHTTPRequestHandler):
    server: _Plane
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.pinecone.requests.append(f"{self.command} {url.path}")
        fault = self.server.pinecone.meet(url.path)
        if fault and not fault.is_done_first:
            return self._fail(fault)
        try:
            self._check(body)
            with self.server.pinecone.guard:
                status, answer = self._carry_out(url.path, parse_qs(url.query), json.loads(body or b"{}"))
        except Refused as refused:
            answer = refused.of_data if self.server.index else refused.of_control
            status = refused.status
            if status == 401:
                return self._send(401, b"Unauthorized", {"Content-Type": "text/plain"})
            return self._send(status, json.dumps(answer).encode(), refused.headers)
        if fault:
            return self._fail(fault)
        self._send(status, json.dumps(answer).encode())

    do_GET = do_POST = do_DELETE = _answer

    def _carry_out(self, path: str, given: dict[str, list[str]], sent: Any) -> tuple[int, Any]:
        pinecone, index = self.server.pinecone, self.server.index
        if not index:
            return _control(pinecone, self.command, path, sent)
        if index not in pinecone.indexes:
            raise Refused(404, "Index not found")
        return 200, _data(pinecone.indexes[index], pinecone.lag, f"{self.command} {path}", given, sent)

    def _check(self, body: bytes) -> None:
        if self.headers.get("Api-Key") not in self.server.pinecone.keys:
            raise Refused(401, "Invalid API Key")
        if self.headers.get("X-Pinecone-Api-Version") not in _VERSIONS:
            raise Refused(400, "Unknown API version", "INVALID_ARGUMENT")
        if len(body) > store.MOST_BYTES:
            raise Refused(413, "Request body is too large", "PAYLOAD_TOO_LARGE")

    def _send(self, status: int, answer: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        given = {"Content-Type": "application/json", "x-pinecone-request-id": uuid.uuid4().hex, **(headers or {})}
        for name, value in given.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def _fail(self, fault: Fault) -> None:
        if fault.kind == "status":
            told = Refused(fault.status, fault.message)
            self._send(fault.status, json.dumps(told.of_data).encode(), fault.headers)
        elif fault.kind == "hang":
            self.server.pinecone.released.wait(_HANG_S)
            self.close_connection = True
        elif fault.kind == "garbage":
            self._send(200, b"<html>\x00 proxy", {"Content-Type": "text/html", **fault.headers})
        elif fault.kind == "slow":
            self._drip(fault.seconds)
        else:
            self._reset()

    def _drip(self, seconds: float) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "10000")
        self.end_headers()
        self.close_connection = True
        for _ in range(10_000):
            if self.server.pinecone.released.wait(seconds):
                return
            try:
                self.wfile.write(b" ")
            except OSError:
                return

    def _reset(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "10000")
        self.end_headers()
        self.wfile.write(b'{"matches": [')
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def log_message(self, *args: object) -> None:
        pass


def _data(index: StoredIndex, lag: Lag, request: str, given: dict[str, list[str]], sent: Any) -> Any:
    name, prefix, token = (given.get(key, [""])[0] for key in ("namespace", "prefix", "paginationToken"))
    limit = int(given.get("limit", ["100"])[0])
    route, _, last = request.partition("/namespaces/")
    answer = {
        "POST /vectors/upsert": lambda: store.upsert(index, sent, lag),
        "POST /query": lambda: store.query(index, sent, lag),
        "GET /vectors/fetch": lambda: store.fetch(index, given.get("ids", []), name or "__default__", lag),
        "GET /vectors/list": lambda: store.list_ids(index, name or "__default__", prefix, limit, token, lag),
        "POST /vectors/update": lambda: store.update(index, sent, lag),
        "POST /vectors/delete": lambda: store.delete(index, sent, lag),
        "POST /describe_index_stats": lambda: store.describe_stats(index, sent, lag),
        "GET /namespaces": lambda: store.list_namespaces(index, prefix, limit, token, lag),
        "GET ": lambda: store.describe_namespace(index, unquote(last), lag),
        "DELETE ": lambda: store.delete_namespace(index, unquote(last)),
    }.get(route)
    if answer is None:
        raise Refused(404, f"No such route: {request}")
    return answer()


def _control(server: PineconeServer, method: str, path: str, sent: Any) -> tuple[int, Any]:
    name = path.removeprefix("/indexes").lstrip("/")
    if method == "POST" and not name:
        index = store.make_index(sent)
        if index.name in server.indexes:
            raise Refused(409, "Resource already exists.", "ALREADY_EXISTS")
        if len(server.indexes) >= server.most_indexes:
            raise Refused(403, "Increase your quota or upgrade to create more indexes.", "FORBIDDEN")
        index.not_ready = server.not_ready
        server.indexes[index.name] = index
        return 201, index.describe(server.host_of(index.name))
    if method == "GET" and not name:
        return 200, {"indexes": [index.describe(server.host_of(index.name)) for index in server.indexes.values()]}
    if name not in server.indexes:
        raise Refused(404, f"Resource {name} not found", "NOT_FOUND")
    if method == "DELETE":
        del server.indexes[name]
        return 202, {}
    return 200, server.indexes[name].describe(server.host_of(name))
