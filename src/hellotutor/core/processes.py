"""Children that work on untrusted files: with little memory, without secrets, and ended with whoever started them.

The parent holds the only end of a pipe to the child's input. Its end, whether the parent closed it or died of whatever,
ends the child at once: this works alike on every system, and needs no signal.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping

if sys.platform != "win32":
    import resource

# What Python needs to start and to name files as the parent does; never a setting of ours.
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "LC_CTYPE", "PYTHONHOME", "PYTHONUTF8", "SYSTEMROOT")
_FIRST_FAULT_CODE = 0x8000_0000  # Windows ends a process that crashed with such a code; elsewhere it is negative


class LimitedChild:
    """A module of ours run in a process of its own; bytes go to it and come from it through pipes."""

    def __init__(self, module: str) -> None:
        """Start `python -m module`."""
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-P", "-m", module],  # -P: the folder at hand holds no modules of ours
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(os.environ),
            # A group of its own: Ctrl-C in the terminal reaches the parent alone.
            process_group=None if sys.platform == "win32" else 0,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
        assert self._process.stdin and self._process.stdout  # noqa: S101 - for the type checker
        self._input, self._output = self._process.stdin, self._process.stdout

    @property
    def pid(self) -> int:
        """Its number in the system."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether it hasn't ended."""
        return self._process.poll() is None

    def send(self, line: bytes) -> None:
        """Give it a line.

        Raises:
            OSError: it has ended.
        """
        self._input.write(line + b"\n")
        self._input.flush()

    @contextlib.contextmanager
    def killed_after(self, seconds: float) -> Iterator[threading.Event]:
        """Kill it where the block takes longer; the event is set when that happened, and what it was to send ends."""
        is_late = threading.Event()

        def kill() -> None:
            is_late.set()
            self._process.kill()

        timer = threading.Timer(seconds, kill)
        timer.daemon = True
        timer.start()
        try:
            yield is_late
        finally:
            timer.cancel()

    def read_line(self, most_bytes: int) -> bytes:
        """Return its next line; without the line's end where it ended, or where the line is longer than that."""
        return self._output.readline(most_bytes)

    def read(self, size_bytes: int) -> bytes:
        """Return so many bytes, or less where it ended."""
        return self._output.read(size_bytes)

    def end(self) -> int:
        """Kill it where it still runs; return its exit code, which says how it ended where it did so itself."""
        self._process.kill()
        code = self._process.wait()
        with contextlib.suppress(OSError):  # what it didn't take any more
            self._input.close()
        self._output.close()
        return code

    def wait(self, timeout_s: float) -> int | None:
        """Return the exit code, after its output has ended; None where it doesn't end."""
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None


def has_crashed(code: int) -> bool:
    """Say whether a process with this exit code was ended by the system: a crash, or no memory left."""
    return (code < 0 and code != -signal.SIGTERM) or code >= _FIRST_FAULT_CODE  # SIGTERM is somebody's wish


def limit_process(*, memory_bytes: int) -> None:
    """Limit the process at hand, which is a child: its memory, no core dump, and only its parent ends it.

    Args:
        memory_bytes: address space; not limited where the system can't.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a service that is stopped signals all of its processes
    if sys.platform != "win32":
        _limit(resource.RLIMIT_AS, memory_bytes)
        _limit(resource.RLIMIT_CORE, 0)


def listen() -> Iterator[bytes]:
    """Yield the lines that the parent sends; end the process, whatever it is at, when there is no parent any more."""
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(lines,), name="parent", daemon=True).start()
    while True:
        yield lines.get()


def _listen(lines: queue.SimpleQueue[bytes]) -> None:
    # Not through sys.stdin: its lock would be held while the interpreter shuts down, which is fatal.
    with os.fdopen(0, "rb", closefd=False) as pipe:
        for line in pipe:
            lines.put(line)
    os._exit(0)


def _environment(whole: Mapping[str, str]) -> dict[str, str]:
    passed_on = {name: whole[name] for name in _PASSED_ON if name in whole}
    return passed_on | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


if sys.platform != "win32":

    def _limit(kind: int, most: int) -> None:
        _, hard = resource.getrlimit(kind)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        with contextlib.suppress(ValueError, OSError):  # macOS doesn't take every limit
            resource.setrlimit(kind, (most, most))
