"""Connections to the Postgres of the vectors: few, reused, each call bounded in time, safe across threads and forks."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from hellotutor.retrieval.pgvector.errors import BUSY, TIMEOUT, make_error, translate, translate_refusal

_CONNECT_TIMEOUT_S = 5
_WAIT_S = 5.0
_GRACE_S = 2.0  # for the server to say that it has given up, before we do
# What the address says comes before these. A server that vanished without a word is noticed after half a minute.
_DEFAULTS: dict[str, str | int] = {
    "connect_timeout": _CONNECT_TIMEOUT_S,
    "application_name": "hellotutor vectors",
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
_LOCAL_SETTINGS = "select set_config('statement_timeout', %s, true), set_config('jit', 'off', true)"

Connection = psycopg.Connection[Any]
Result = TypeVar("Result")


class _Kept:
    """The connections of one process: at most `size`, of which those that nobody uses wait here."""

    def __init__(self, size: int) -> None:
        self.pid = os.getpid()
        self.free = threading.BoundedSemaphore(size)
        self.idle: list[Connection] = []

    def take(self) -> Connection | None:
        """Return one that nobody uses, the last used first."""
        try:
            return self.idle.pop()
        except IndexError:  # asked beforehand, another thread could take the last one in between
            return None


class Pool:
    """Runs work in a transaction on a connection that is made when it is first needed.

    Args:
        url: the database, as libpq reads it.
        size: most connections at once.
    """

    def __init__(self, url: str, size: int) -> None:
        self._url = url
        self._size = size
        self._kept = _Kept(size)

    def run(self, work: Callable[[Connection], Result], *, timeout_s: float) -> Result:
        """Return what the work returns, its transaction committed.

        Work that meets a connection which had died while nobody used it runs once more on a new one: it has to be
        harmless to run twice.

        Args:
            work: given the connection.
            timeout_s: most seconds of each of its statements.

        Raises:
            Unavailable: see `pgvector_errors`.
        """
        kept = self._kept_here()
        if not kept.free.acquire(timeout=_WAIT_S):
            raise make_error(BUSY)
        try:
            if connection := kept.take():
                try:
                    return _use(kept, connection, work, timeout_s)
                except (psycopg.OperationalError, psycopg.InterfaceError):
                    if not connection.closed:
                        raise
                    self.close()  # the others were made by the same server, and are as dead
            return _use(kept, self._connect(), work, timeout_s)
        except psycopg.Error as exc:
            raise translate(exc) from exc
        finally:
            kept.free.release()

    def close(self) -> None:
        """End the connections that nobody uses; the next work makes new ones."""
        kept = self._kept_here()
        while connection := kept.take():
            connection.close()

    def _kept_here(self) -> _Kept:
        """Return the connections of this process; those of the one that it was forked from are left to that one."""
        if self._kept.pid != os.getpid():
            self._kept = _Kept(self._size)
        return self._kept

    def _connect(self) -> Connection:
        try:
            address = make_conninfo(self._url, **_missing_from(self._url))
            # autocommit: each work begins its own transaction; nothing is prepared, so that every plan is made for its
            # own values, and a table that was made anew is no surprise
            return psycopg.connect(address, autocommit=True, prepare_threshold=None)
        except (psycopg.Error, UnicodeError, ValueError) as exc:
            raise translate_refusal(exc) from exc


def _missing_from(url: str) -> dict[str, str | int]:
    given = conninfo_to_dict(url)
    return {name: value for name, value in _DEFAULTS.items() if name not in given}


def _use(kept: _Kept, connection: Connection, work: Callable[[Connection], Result], timeout_s: float) -> Result:
    try:
        with _deadline(connection, timeout_s + _GRACE_S), connection.transaction():
            connection.execute(_LOCAL_SETTINGS, [f"{timeout_s * 1000:.0f}"])
            return work(connection)
    finally:
        if not connection.closed:
            kept.idle.append(connection)


@contextmanager
def _deadline(connection: Connection, seconds: float) -> Iterator[None]:
    """Cut the connection after so long, where the server doesn't even say that it gave up.

    Raises:
        Unavailable: it was cut (`pgvector_timeout`).
    """
    lock, state = threading.Lock(), {"is_running": True, "is_cut": False}

    def cut() -> None:
        with lock:  # its number may be another file's once the work is done
            if state["is_running"]:
                state["is_cut"] = True
                # it may have just ended by itself
                with (
                    suppress(OSError, psycopg.Error),
                    socket.fromfd(connection.fileno(), socket.AF_INET, socket.SOCK_STREAM) as copy,
                ):
                    copy.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    except psycopg.Error as exc:
        if state["is_cut"]:
            raise make_error(TIMEOUT) from exc
        raise
    finally:
        timer.cancel()
        with lock:
            state["is_running"] = False
