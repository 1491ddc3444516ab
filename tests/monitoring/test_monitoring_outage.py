from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

from tests.monitoring.kent_sink import free_port, run_program


@contextlib.contextmanager
def _hanging_server() -> Iterator[int]:
    """Take connections and never answer."""
    held: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    held.append(server.accept()[0])

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()
            for connection in held:
                connection.close()


def _ended_well(port: int) -> None:
    ended = run_program("outage", DSN=f"http://key@127.0.0.1:{port}/1")
    assert ended.returncode == 0
    assert ended.stdout.split() == ["captured"] * 20 + ["went", "on"]
    assert ended.stderr == ""


def test_a_sink_that_is_down_stops_nobody() -> None:
    _ended_well(free_port())


def test_a_sink_that_hangs_holds_up_neither_capture_nor_the_end() -> None:
    with _hanging_server() as port:
        _ended_well(port)
