"""Locks between processes of one machine, freed by the system when their holder dies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from .errors import Unavailable

_POLL_S = 0.2


@contextmanager
def hold(
    path: Path, *, is_stopped: Callable[[], bool] = lambda: False, on_wait: Callable[[], None] = lambda: None
) -> Iterator[bool]:
    """Hold the lock at `path`, waiting for whoever has it.

    Args:
        path: the lock's file; its folder is made.
        is_stopped: asked while waiting; True gives the wait up.
        on_wait: called once when somebody else has the lock.

    Yields:
        Whether the lock is held; False only when the wait was given up.

    Raises:
        Unavailable: the file can't be made (`lock_unusable`).
    """
    lock = _make(path)
    is_waiting = False
    while not is_stopped():
        if not _take(lock, path, timeout_s=_POLL_S):
            if not is_waiting:
                on_wait()
            is_waiting = True
            continue
        try:
            yield True
        finally:
            lock.release()
        return
    yield False


def try_hold(path: Path) -> FileLock | None:
    """Return the lock at `path`, held until the process ends or it is released; None when somebody else has it.

    Raises:
        Unavailable: the file can't be made (`lock_unusable`).
    """
    lock = _make(path)
    return lock if _take(lock, path, timeout_s=0) else None


def _make(path: Path) -> FileLock:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unusable() from error
    return FileLock(path)


def _take(lock: FileLock, path: Path, *, timeout_s: float) -> bool:
    try:
        lock.acquire(timeout=timeout_s)
    except Timeout:
        return False
    except OSError as error:
        raise _unusable() from error
    return True


def _unusable() -> Unavailable:
    message = "A lock in the data folder can't be made: check the folder that DATA_DIR names."
    return Unavailable("lock_unusable", message, retryable=False)
