"""Processes that end with the one that started them.

The parent holds one end of a pipe and never writes to it. The end of the pipe tells the child to stop, whether the
parent closed it or died of whatever: this works alike on every system, and needs no signal.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping

SUPERVISED = "--supervised"
_LONGEST_STOP_S = 8.0


class Child:
    """One run of a command of ours in a process of its own."""

    def __init__(self, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
        """Start it; its environment is ours unless another is given."""
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "hellotutor", *arguments, SUPERVISED],
            stdin=subprocess.PIPE,
            env=environment,
            # A group of its own: Ctrl-C in the terminal reaches the parent alone, which stops its children in order.
            process_group=None if sys.platform == "win32" else 0,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
        self.started_at = time.monotonic()

    @property
    def code(self) -> int | None:
        """The exit code; None while it runs."""
        return self._process.poll()

    def ask_to_stop(self) -> None:
        """Let it end what it is at, and stop."""
        if self._process.stdin:
            self._process.stdin.close()

    def kill(self) -> None:
        """End it now."""
        self._process.kill()

    def wait(self, timeout_s: float) -> bool:
        """Wait until it has ended; return whether it has."""
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return False
        return True


def watch_parent(stop: Callable[[], None]) -> None:
    """Call `stop`, from a thread, when the parent wants it or has died; end the process when that takes too long."""
    threading.Thread(target=_wait_for_end_of_input, args=(stop,), name="parent", daemon=True).start()


def _wait_for_end_of_input(stop: Callable[[], None]) -> None:
    # Not through sys.stdin: its lock would be held while the interpreter shuts down, which is fatal.
    while os.read(0, 1):
        pass
    stop()
    time.sleep(_LONGEST_STOP_S)
    os._exit(1)
