"""The first thing that runs: so light that Ctrl-C during the imports is one sentence too."""

from __future__ import annotations

import os
import signal
import sys
import threading
from types import FrameType

_INTERRUPTED = 130
_FLUSH_TIMEOUT_S = 1.0
_SHOW_CURSOR = "\x1b[?25h"
_ending = threading.Lock()
_consequence = "Nothing is lost: the same command goes on from here."


def main() -> None:
    """Run the command line and exit."""
    signal.signal(signal.SIGINT, _end)
    if sys.platform != "win32":
        _listen()
    # The imports take part of a second, and Ctrl-C may come in the middle of them.
    from .main import run

    sys.exit(run(sys.argv[1:]))


def tell_when_interrupted(consequence: str) -> None:
    """Have Ctrl-C from now on say this in place of what holds for most commands."""
    global _consequence
    _consequence = consequence


def _listen() -> None:
    """Hear of Ctrl-C at once: the main thread runs its handler only after the step it is at, seconds within a model."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    threading.Thread(target=_wait_for_signal, args=(reading,), name="signals", daemon=True).start()


def _wait_for_signal(reading: int) -> None:
    while heard := os.read(reading, 1):
        if heard[0] == signal.SIGINT and signal.getsignal(signal.SIGINT) is _end:  # serve and worker have their own
            _end(signal.SIGINT, None)


def _end(signal_number: int, frame: FrameType | None) -> None:
    """End now: whatever is kept is written whole or not at all, so there is nothing to tidy up.

    A KeyboardInterrupt instead would be lost where Python happens to run a finalizer. What monitoring has captured gets
    a moment to leave, from a thread of its own: the main one may hold any lock.
    """
    if not _ending.acquire(blocking=False):  # the other thread is at it, or this one, interrupted again
        return
    try:
        _tell()
    finally:
        os._exit(_INTERRUPTED)


def _tell() -> None:
    flush = getattr(sys.modules.get("hellotutor.monitoring"), "flush", None)  # absent while it is being imported
    if flush:
        leaving = threading.Thread(target=flush, args=(_FLUSH_TIMEOUT_S,), daemon=True)
        leaving.start()
        leaving.join(_FLUSH_TIMEOUT_S)
    cursor = _SHOW_CURSOR if os.isatty(2) else ""
    told = f"{cursor}\n\u25a0 Interrupted. {_consequence}\n"
    os.write(2, told.encode())
